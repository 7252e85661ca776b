/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature headers of profile tocsin-v1, read strictly: the one frozen shape and nothing else.
 * Pure; any thread.
 */
#ifndef RECEIVER_SIGNATURE_H
#define RECEIVER_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_BYTES  64
#define DIGEST_BYTES     32
#define DIGEST_TEXT_SIZE 64 /* "sha-256=:…:" and its NUL */

struct signature {
    int64_t created_s, expires_s;
    char nonce[33];
    char keyid[17];
    char algorithm[24];
    unsigned char bytes[SIGNATURE_BYTES];
    const char *params; /* what follows "sig1=" in Signature-Input; borrowed */
};

/* False with a reason for the sender. */
bool signature_read(const char *input_header, const char *signature_header,
                    struct signature *ret_signature, const char **ret_reason);

void signature_digest_text(const unsigned char digest[DIGEST_BYTES],
                           char ret_text[DIGEST_TEXT_SIZE]);

#endif
