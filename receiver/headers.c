/* SPDX-License-Identifier: Apache-2.0 */
#include "headers.h"

#include <openssl/evp.h>
#include <string.h>

#define DIGITS_MAX  18
#define ENCODED_MAX 256 /* base64 of one metadata value */

/* The number that the text begins with, or -1. */
static int64_t digits(const char **at)
{
    int64_t value = 0;
    size_t count = strspn(*at, "0123456789");
    if (count == 0 || count > DIGITS_MAX)
        return -1;
    for (; count > 0; count--)
        value = value * 10 + (*(*at)++ - '0');
    return value;
}

int64_t headers_number(const char *text)
{
    if (!text)
        return -1;
    int64_t value = digits(&text);
    return *text ? -1 : value;
}

static bool decode(const char *encoded, size_t length, char *ret_text, size_t size)
{
    unsigned char decoded[ENCODED_MAX];
    if (length == 0 || length % 4 || length > ENCODED_MAX)
        return false;
    int got = EVP_DecodeBlock(decoded, (const unsigned char *)encoded, (int)length);
    for (size_t i = length; i > 0 && encoded[i - 1] == '='; i--)
        got--;
    if (got < 0 || (size_t)got >= size)
        return false;
    memcpy(ret_text, decoded, (size_t)got);
    ret_text[got] = '\0';
    return true;
}

bool headers_metadata(const char *header, const char *name, char *ret_text, size_t size)
{
    size_t length = strlen(name);
    while (header && *header) {
        header += strspn(header, " ");
        size_t item = strcspn(header, ",");
        if (item > length && strncmp(header, name, length) == 0 && header[length] == ' ')
            return decode(header + length + 1, item - length - 1, ret_text, size);
        header += item;
        header += *header == ',';
    }
    return false;
}

enum headers_range headers_range(const char *header, int64_t size, int64_t *ret_first,
                                 int64_t *ret_last)
{
    if (!header || strncmp(header, "bytes=", 6) != 0)
        return HEADERS_RANGE_WHOLE;
    const char *at = header + 6;
    int64_t first = *at == '-' ? -1 : digits(&at), last = size - 1;
    bool suffix = header[6] == '-';
    if ((first < 0 && !suffix) || *at++ != '-')
        return HEADERS_RANGE_WHOLE;
    if (*at && (last = digits(&at)) < 0)
        return HEADERS_RANGE_WHOLE;
    if (*at || (suffix && header[7] == '\0') || (!suffix && last < first && first < size))
        return HEADERS_RANGE_WHOLE;
    if (suffix) {
        first = last < size ? size - last : 0;
        last = size - 1;
    }
    if (first >= size)
        return HEADERS_RANGE_NONE;
    *ret_first = first;
    *ret_last = last < size ? last : size - 1;
    return HEADERS_RANGE_PART;
}
