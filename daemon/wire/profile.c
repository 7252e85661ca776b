/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"

static const char covered[] = "(\"@method\" \"@target-uri\" \"content-digest\")";

#define BASE_MAX (PROFILE_TARGET_URI_MAX + SIGNATURE_INPUT_MAX + 256)

static int build_base(const char *method, const char *target_uri, const char *content_digest,
                      const char *params, char ret_base[BASE_MAX], struct err *e)
{
    int length = snprintf(ret_base, BASE_MAX,
                          "\"@method\": %s\n\"@target-uri\": %s\n\"content-digest\": %s\n"
                          "\"@signature-params\": %s",
                          method, target_uri, content_digest, params);
    if (length < 0 || length >= BASE_MAX)
        return err_set(e, ENAMETOOLONG, "url longer than %d bytes", PROFILE_TARGET_URI_MAX);
    return length;
}

int profile_sign(struct signer *signer, const struct profile_request *request,
                 struct profile_headers *ret_headers, struct err *e)
{
    struct profile_headers h;
    char nonce[ENCODE_BASE64URL_SIZE(PROFILE_NONCE_BYTES)];
    encode_base64url(request->nonce, PROFILE_NONCE_BYTES, nonce);
    digest_header(request->digest, h.content_digest);
    snprintf(h.signature_input, sizeof h.signature_input,
             "sig1=%s;created=%lld;expires=%lld;nonce=\"%s\";keyid=\"%s\";alg=\"%s\";"
             "tag=\"tocsin-v1\"",
             covered, (long long)request->created_s, (long long)request->expires_s, nonce,
             signer->keyid, signer->algorithm);
    char base[BASE_MAX];
    int length = build_base(request->method, request->target_uri, h.content_digest,
                            h.signature_input + strlen("sig1="), base, e);
    if (length < 0)
        return length;
    unsigned char signature[SIGNER_SIGNATURE_MAX];
    size_t signature_length;
    int result =
        signer->driver->sign(signer, base, (size_t)length, signature, &signature_length, e);
    if (result != 0)
        return result;
    if (signature_length != KEYS_SIGNATURE_BYTES)
        return err_set(e, EPROTO, "signer made %zu bytes instead of 64", signature_length);
    char text[ENCODE_BASE64_SIZE(KEYS_SIGNATURE_BYTES)];
    encode_base64(signature, KEYS_SIGNATURE_BYTES, text);
    snprintf(h.signature, sizeof h.signature, "sig1=:%s:", text);
    *ret_headers = h;
    return 0;
}

int profile_verify(const char *method, const char *target_uri,
                   const unsigned char body_digest[DIGEST_BYTES],
                   const struct profile_headers *headers, const struct key_ring *ring,
                   struct signature_params *ret_params, struct err *e)
{
    char expected[DIGEST_HEADER_SIZE];
    digest_header(body_digest, expected);
    if (strcmp(expected, headers->content_digest) != 0)
        return err_set(e, EBADMSG, "Content-Digest is not the digest of the body");
    struct signature_params params;
    int result =
        signature_parse_input(headers->signature_input, covered, 1, "tocsin-v1", &params, e);
    if (result != 0)
        return result;
    unsigned char signature[KEYS_SIGNATURE_BYTES];
    result = signature_parse(headers->signature, signature, e);
    if (result != 0)
        return result;
    const struct key *key = keys_find(ring, params.keyid);
    if (!key)
        return err_set(e, ENOKEY, "signed by key %s, which is not among those given", params.keyid);
    if (strcmp(key->algorithm, params.algorithm) != 0)
        return err_set(e, EBADMSG, "alg is %s, but key %s is %s", params.algorithm, params.keyid,
                       key->algorithm);
    char base[BASE_MAX];
    int length = build_base(method, target_uri, expected, params.text, base, e);
    if (length < 0)
        return length;
    if (!keys_verify(key, base, (size_t)length, signature))
        return err_set(e, EBADMSG, "signature by key %s does not verify", params.keyid);
    *ret_params = params;
    return 0;
}
