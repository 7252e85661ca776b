/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"

struct digest_stream {
    EVP_MD_CTX *context;
};

void digest_sha256(const void *data, size_t length, unsigned char ret_digest[DIGEST_BYTES])
{
    if (EVP_Digest(data, length, ret_digest, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* only without memory, or with a broken libcrypto: nothing true could be said */
}

void digest_header(const unsigned char digest[DIGEST_BYTES], char ret_text[DIGEST_HEADER_SIZE])
{
    char text[ENCODE_BASE64_SIZE(DIGEST_BYTES)];
    encode_base64(digest, DIGEST_BYTES, text);
    snprintf(ret_text, DIGEST_HEADER_SIZE, "sha-256=:%s:", text);
}

struct digest_stream *digest_stream_create(void)
{
    struct digest_stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->context = EVP_MD_CTX_new();
    if (!s->context || EVP_DigestInit_ex(s->context, EVP_sha256(), NULL) != 1) {
        digest_stream_destroy(s);
        return NULL;
    }
    return s;
}

void digest_stream_add(struct digest_stream *s, const void *data, size_t length)
{
    if (EVP_DigestUpdate(s->context, data, length) != 1)
        abort();
}

void digest_stream_take(struct digest_stream *s, unsigned char ret_digest[DIGEST_BYTES])
{
    if (EVP_DigestFinal_ex(s->context, ret_digest, NULL) != 1 ||
        EVP_DigestInit_ex(s->context, EVP_sha256(), NULL) != 1)
        abort();
}

void digest_stream_destroy(struct digest_stream *s)
{
    if (s)
        EVP_MD_CTX_free(s->context);
    free(s);
}
