/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature headers and receipt bodies, as a hostile receiver would write them. Bodies are truly
 * signed with a key of the gateway's list, or the parser behind the signature would see nothing.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "wire/receipt.h"

#define EVENT  "01890a5d-ac96-774b-bcce-b302099a8057"
#define DIGEST "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct key_ring *the_ring(void)
{
    static const unsigned char seed[32] = "a key that is no secret at all";
    static struct key key = {.algorithm = "ed25519"};
    static struct key_ring ring = {1, &key};
    if (!key.pkey) {
        key.pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, sizeof seed);
        if (!key.pkey || keys_keyid(key.pkey, key.keyid) != 0)
            abort();
    }
    return &ring;
}

static void read_headers(const char *text)
{
    struct signature_params params;
    unsigned char signature[KEYS_SIGNATURE_BYTES];
    struct err e;
    signature_parse_input(text, "(\"@status\" \"content-digest\" \"content-digest\";req)", 0,
                          "tocsin-v1-receipt", &params, &e);
    signature_parse_input(text, "(\"@method\" \"@target-uri\" \"content-digest\")", 1, "tocsin-v1",
                          &params, &e);
    signature_parse(text, signature, &e);
}

static void read_unsigned(const char *text, size_t size)
{
    static struct receipt receipt;
    struct key_ring none = {0};
    struct err e;
    struct receipt_input input = {.status = 200,
                                  .content_digest = text,
                                  .signature_input = text,
                                  .signature = text,
                                  .body = text,
                                  .body_length = size,
                                  .request_digest = DIGEST,
                                  .event = EVENT,
                                  .subject_digest = DIGEST};
    if (receipt_verify(&input, &none, &receipt, &e) == 0)
        abort();
}

static void read_signed(const char *body, size_t size)
{
    static struct receipt receipt;
    const struct key_ring *ring = the_ring();
    unsigned char hash[DIGEST_BYTES], raw[KEYS_SIGNATURE_BYTES];
    char digest[DIGEST_HEADER_SIZE], params[300], text[800], encoded[ENCODE_BASE64_SIZE(64)];
    char signature[SIGNATURE_HEADER_MAX];
    size_t length = sizeof raw;
    struct err e;
    digest_sha256(body, size, hash);
    digest_header(hash, digest);
    snprintf(params, sizeof params,
             "sig1=(\"@status\" \"content-digest\" \"content-digest\";req);created=1;keyid=\"%s\";"
             "alg=\"ed25519\";tag=\"tocsin-v1-receipt\"",
             ring->keys[0].keyid);
    int base = snprintf(text, sizeof text,
                        "\"@status\": 200\n\"content-digest\": %s\n\"content-digest\";req: %s\n"
                        "\"@signature-params\": %s",
                        digest, DIGEST, params + strlen("sig1="));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (EVP_DigestSignInit(context, NULL, NULL, NULL, ring->keys[0].pkey) != 1 ||
        EVP_DigestSign(context, raw, &length, (unsigned char *)text, (size_t)base) != 1)
        abort();
    EVP_MD_CTX_free(context);
    encode_base64(raw, length, encoded);
    snprintf(signature, sizeof signature, "sig1=:%s:", encoded);
    struct receipt_input input = {.status = 200,
                                  .content_digest = digest,
                                  .signature_input = params,
                                  .signature = signature,
                                  .body = body,
                                  .body_length = size,
                                  .request_digest = DIGEST,
                                  .event = EVENT,
                                  .subject_digest = DIGEST};
    if (receipt_verify(&input, ring, &receipt, &e) != 0) {
        if (strncmp(e.text, "receipt's signature", 19) == 0)
            abort();
        return;
    }
    for (size_t i = 0; i < receipt.answer_count; i++) {
        const struct uplink_answer *a = &receipt.answers[i];
        if (a->answer_seq < 1 || !uuid_is_valid(a->alarm) || !memchr(a->by, 0, sizeof a->by) ||
            !memchr(a->at, 0, sizeof a->at) || !memchr(a->note, 0, sizeof a->note))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    read_headers(text);
    read_unsigned(text, size);
    free(text);
    read_signed((const char *)data, size);
    return 0;
}
