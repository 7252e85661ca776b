/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields of tus and of HTTP ranges, read strictly. Pure; any thread. */
#ifndef RECEIVER_HEADERS_H
#define RECEIVER_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal number of at most 18 digits; -1 for anything else, and for NULL. */
int64_t headers_number(const char *text);

/* The value of `name` in Upload-Metadata ("name base64,name base64"), as text. */
bool headers_metadata(const char *header, const char *name, char *ret_text, size_t size);

enum headers_range {
    HEADERS_RANGE_WHOLE, /* no range, several, or one that is not of HTTP: the whole file */
    HEADERS_RANGE_PART,
    HEADERS_RANGE_NONE, /* nothing of the file lies in it */
};

/* "bytes=A-B", "bytes=A-" or "bytes=-N" of a file of `size` bytes. */
enum headers_range headers_range(const char *header, int64_t size, int64_t *ret_first,
                                 int64_t *ret_last);

#endif
