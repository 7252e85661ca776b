/* SPDX-License-Identifier: Apache-2.0 */
#include "signature.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define INPUT_MAX  512
#define SKEW_S     300
#define LIFE_MAX_S 3600
#define DAY_S      86400

/* A place in a text that moves over what it expects; once something did not fit it stays bad. */
struct cursor {
    const char *at;
    bool good;
};

static void expect(struct cursor *c, const char *text)
{
    size_t length = strlen(text);
    if (c->good && strncmp(c->at, text, length) == 0)
        c->at += length;
    else
        c->good = false;
}

static int64_t number(struct cursor *c)
{
    int64_t value = 0;
    int digits = 0;
    for (; c->good && *c->at >= '0' && *c->at <= '9' && digits < 16; digits++)
        value = value * 10 + (*c->at++ - '0');
    if (digits == 0 || digits > 15)
        c->good = false;
    return value;
}

static void word(struct cursor *c, char *ret_text, size_t size)
{
    size_t length = strspn(c->at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_");
    if (!c->good || length == 0 || length >= size) {
        c->good = false;
        return;
    }
    memcpy(ret_text, c->at, length);
    ret_text[length] = '\0';
    c->at += length;
}

static bool read_bytes(const char *header, unsigned char ret_bytes[SIGNATURE_BYTES])
{
    unsigned char decoded[SIGNATURE_BYTES + 8];
    size_t length = strlen(header);
    /* 64 bytes are 88 characters of base64, two of them padding. */
    if (length != 6 + 88 + 1 || strncmp(header, "sig1=:", 6) != 0 || header[length - 1] != ':' ||
        strcmp(header + 6 + 86, "==:") != 0 || memchr(header + 6, '=', 86))
        return false;
    if (EVP_DecodeBlock(decoded, (const unsigned char *)header + 6, 88) != 66)
        return false;
    memcpy(ret_bytes, decoded, SIGNATURE_BYTES);
    return true;
}

bool signature_read(const char *input_header, const char *signature_header,
                    struct signature *ret_signature, const char **ret_reason)
{
    struct signature s = {0};
    struct cursor c = {input_header, true};
    *ret_reason = "Signature-Input is not of the shape of tocsin-v1";
    if (strlen(input_header) > INPUT_MAX)
        return false;
    expect(&c, "sig1=");
    s.params = c.at;
    expect(&c, "(\"@method\" \"@target-uri\" \"content-digest\");created=");
    s.created_s = number(&c);
    expect(&c, ";expires=");
    s.expires_s = number(&c);
    expect(&c, ";nonce=\"");
    word(&c, s.nonce, sizeof s.nonce);
    expect(&c, "\";keyid=\"");
    word(&c, s.keyid, sizeof s.keyid);
    expect(&c, "\";alg=\"");
    word(&c, s.algorithm, sizeof s.algorithm);
    expect(&c, "\";tag=\"tocsin-v1\"");
    if (!c.good || *c.at != '\0')
        return false;
    *ret_reason = "nonce has fewer than 16 bytes, or keyid is not 16 hex digits";
    if (strlen(s.nonce) < 22 || strlen(s.keyid) != 16)
        return false;
    *ret_reason = "Signature is not sig1=:<base64 of 64 bytes>:";
    if (!read_bytes(signature_header, s.bytes))
        return false;
    *ret_signature = s;
    return true;
}

static int64_t ends_s(const struct signature *s)
{
    int64_t longest = s->created_s + LIFE_MAX_S;
    return s->expires_s < longest ? s->expires_s : longest;
}

int64_t signature_off_s(const struct signature *signature, int64_t now_s)
{
    if (now_s < signature->created_s - SKEW_S)
        return now_s - (signature->created_s - SKEW_S);
    int64_t late = now_s - (ends_s(signature) + SKEW_S);
    return late > 0 ? late : 0;
}

int64_t signature_nonce_until_s(const struct signature *signature, int64_t now_s)
{
    return signature_off_s(signature, now_s) == 0 ? ends_s(signature) + SKEW_S : now_s + DAY_S;
}

void signature_digest_text(const unsigned char digest[DIGEST_BYTES],
                           char ret_text[DIGEST_TEXT_SIZE])
{
    char text[48];
    EVP_EncodeBlock((unsigned char *)text, digest, DIGEST_BYTES);
    snprintf(ret_text, DIGEST_TEXT_SIZE, "sha-256=:%s:", text);
}
