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

/* How many seconds `now_s` lies outside the time in which the signature may be used, with five
 * minutes granted to either side's clock, and no life longer than an hour: 0 within it, above 0
 * when it is too old, below when it comes from the future. */
int64_t signature_off_s(const struct signature *signature, int64_t now_s);

/* Until when the nonce of a signature that was taken at `now_s` must be remembered: to the end of
 * that time; a day if it was outside it. */
int64_t signature_nonce_until_s(const struct signature *signature, int64_t now_s);

void signature_digest_text(const unsigned char digest[DIGEST_BYTES],
                           char ret_text[DIGEST_TEXT_SIZE]);

#endif
