/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Signature-Input and Signature headers in the one shape that tocsin-v1 allows (a frozen
 * subset of RFC 9421): label sig1, fixed covered parts, fixed order of parameters. Pure.
 */
#ifndef TOCSIN_WIRE_SIGNATURE_H
#define TOCSIN_WIRE_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/limits.h"
#include "wire/keys.h"

#define SIGNATURE_INPUT_MAX  LIMIT_SIGNATURE_INPUT_BYTES
#define SIGNATURE_HEADER_MAX 128
#define SIGNATURE_NONCE_SIZE 33

struct signature_params {
    int64_t created_s;
    int64_t expires_s; /* 0 where the shape has none */
    char nonce[SIGNATURE_NONCE_SIZE];
    char keyid[KEYS_KEYID_SIZE];
    char algorithm[24];
    const char *text; /* what stands behind "sig1=": the last line of the signature base */
};

/*
 * Reads `input`: "sig1=" `covered` then ;created= [;expires= ;nonce= if `with_nonce`] ;keyid= ;alg=
 * ;tag="`tag`" and nothing else. ret->text borrows from `input`.
 */
int signature_parse_input(const char *input, const char *covered, int with_nonce, const char *tag,
                          struct signature_params *ret_params, struct err *e);

/* Reads "sig1=:<base64 of 64 bytes>:". */
int signature_parse(const char *header, unsigned char ret_signature[KEYS_SIGNATURE_BYTES],
                    struct err *e);

#endif
