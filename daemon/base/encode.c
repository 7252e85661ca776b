/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex_alphabet[] = "0123456789abcdef";

void encode_hex(const void *bytes, size_t length, char *ret_text)
{
    const unsigned char *in = bytes;
    for (size_t i = 0; i < length; i++) {
        *ret_text++ = hex_alphabet[in[i] >> 4];
        *ret_text++ = hex_alphabet[in[i] & 15];
    }
    *ret_text = '\0';
}

static void encode_64(const unsigned char *in, size_t length, const char *alphabet, bool pad,
                      char *out)
{
    for (; length > 0; in += 3) {
        size_t take = length < 3 ? length : 3;
        uint32_t group = (uint32_t)in[0] << 16;
        if (take > 1)
            group |= (uint32_t)in[1] << 8;
        if (take > 2)
            group |= in[2];
        for (size_t i = 0; i <= take; i++)
            *out++ = alphabet[(group >> (18 - 6 * i)) & 63];
        for (size_t i = take; pad && i < 3; i++)
            *out++ = '=';
        length -= take;
    }
    *out = '\0';
}

void encode_base64(const void *bytes, size_t length, char *ret_text)
{
    encode_64(bytes, length, base64_alphabet, true, ret_text);
}

void encode_base64url(const void *bytes, size_t length, char *ret_text)
{
    encode_64(bytes, length, base64url_alphabet, false, ret_text);
}

static int value_of(char c, const char *alphabet)
{
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

ssize_t decode_hex(const char *text, size_t length, void *ret_bytes, size_t size)
{
    unsigned char *out = ret_bytes;
    if (length % 2 || length / 2 > size)
        return -EINVAL;
    for (size_t i = 0; i < length; i += 2) {
        int high = value_of(text[i], hex_alphabet), low = value_of(text[i + 1], hex_alphabet);
        if (high < 0 || low < 0)
            return -EINVAL;
        out[i / 2] = (unsigned char)(high << 4 | low);
    }
    return (ssize_t)(length / 2);
}

static ssize_t decode_64(const char *text, size_t length, const char *alphabet, unsigned char *out,
                         size_t size)
{
    if (length % 4 == 1 || length / 4 * 3 + (length % 4 ? length % 4 - 1 : 0) > size)
        return -EINVAL;
    size_t used = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < length; i++) {
        int value = value_of(text[i], alphabet);
        if (value < 0)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[used++] = (unsigned char)(bits >> count);
            bits &= (1u << count) - 1;
        }
    }
    return bits == 0 ? (ssize_t)used : -EINVAL;
}

ssize_t decode_base64(const char *text, size_t length, void *ret_bytes, size_t size)
{
    if (length % 4)
        return -EINVAL;
    size_t padding = 0;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    return decode_64(text, length - padding, base64_alphabet, ret_bytes, size);
}

ssize_t decode_base64url(const char *text, size_t length, void *ret_bytes, size_t size)
{
    return decode_64(text, length, base64url_alphabet, ret_bytes, size);
}

void encode_trim_utf8(char *text)
{
    size_t length = strlen(text), tail = 0;
    while (tail < 3 && tail < length && ((unsigned char)text[length - 1 - tail] & 0xc0) == 0x80)
        tail++;
    if (tail == length)
        return;
    unsigned char first = (unsigned char)text[length - 1 - tail];
    size_t needed = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    if (tail < needed)
        text[length - 1 - tail] = '\0';
}

/* How long the character at `p` is; 0 if that is no UTF-8 (RFC 3629: nothing longer than needed, no
 * surrogate, nothing beyond U+10FFFF). */
static size_t character_bytes(const unsigned char *p)
{
    size_t length = *p < 0x80   ? 1
                    : *p < 0xc2 ? 0
                    : *p < 0xe0 ? 2
                    : *p < 0xf0 ? 3
                    : *p < 0xf5 ? 4
                                : 0;
    unsigned char low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : 0x80;
    unsigned char high = *p == 0xed ? 0x9f : *p == 0xf4 ? 0x8f : 0xbf;
    for (size_t i = 1; i < length; i++) {
        if (p[i] < low || p[i] > high)
            return 0; /* also where the text ends */
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

void encode_make_utf8(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p;) {
        size_t length = character_bytes(p);
        if (length == 0)
            *p = '?';
        p += length ? length : 1;
    }
}

void encode_copy_utf8(char *ret_text, size_t size, const char *text)
{
    if ((size_t)snprintf(ret_text, size, "%s", text ? text : "") >= size)
        encode_trim_utf8(ret_text);
    encode_make_utf8(ret_text);
}
