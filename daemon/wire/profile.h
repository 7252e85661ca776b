/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request of the profile tocsin-v1: what is signed, and the headers that carry it.
 *
 *   "@method": POST
 *   "@target-uri": https://police.example:8443/v1/events
 *   "content-digest": sha-256=:<base64>:
 *   "@signature-params": ("@method" "@target-uri" "content-digest");created=…;expires=…;nonce="…";
 *                        keyid="…";alg="…";tag="tocsin-v1"
 *
 * No clock, no random numbers: the caller hands both in. Loop thread (the signer's rule).
 */
#ifndef TOCSIN_WIRE_PROFILE_H
#define TOCSIN_WIRE_PROFILE_H

#include <stdint.h>

#include "base/err.h"
#include "iface/limits.h"
#include "iface/signer.h"
#include "wire/digest.h"
#include "wire/keys.h"
#include "wire/signature.h"

#define PROFILE_NONCE_BYTES    16
#define PROFILE_TARGET_URI_MAX LIMIT_URL_BYTES

struct profile_request {
    const char *method;
    const char *target_uri;
    unsigned char digest[DIGEST_BYTES]; /* of the body */
    int64_t created_s;
    int64_t expires_s;
    unsigned char nonce[PROFILE_NONCE_BYTES];
};

/* Header values, without their names. */
struct profile_headers {
    char content_digest[DIGEST_HEADER_SIZE];
    char signature_input[SIGNATURE_INPUT_MAX];
    char signature[SIGNATURE_HEADER_MAX];
};

int profile_sign(struct signer *signer, const struct profile_request *request,
                 struct profile_headers *ret_headers, struct err *e);

/*
 * Checks a request's headers against the body's digest and a ring of gateway keys; the message says
 * what is wrong. Times and nonces are the caller's to judge (ret_params).
 */
int profile_verify(const char *method, const char *target_uri,
                   const unsigned char body_digest[DIGEST_BYTES],
                   const struct profile_headers *headers, const struct key_ring *ring,
                   struct signature_params *ret_params, struct err *e);

#endif
