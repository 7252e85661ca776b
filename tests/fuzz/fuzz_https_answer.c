/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a receiver, or whoever stands in its place, may answer, as libcurl hands it over: the first
 * line is a Location, the rest comes as the body, in pieces. (Headers are libcurl's to parse.)
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/https/answer.h"

#define ORIGIN "https://receiver.test:8443"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_location(const char *location)
{
    char url[256];
    if (answer_location(ORIGIN "/v1/clips", location, url, sizeof url) &&
        strncasecmp(url, ORIGIN "/", sizeof ORIGIN) != 0)
        abort();
}

/* Exactly its own bytes, so that the sanitizer sees the first one beyond. */
static char *copy(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct https_answer *a = malloc(sizeof *a);
    const uint8_t *end = memchr(data, '\n', size);
    size_t line = end ? (size_t)(end - data) : size;
    char *location = copy(data, line), *body = copy(data + line, size - line);
    if (!a)
        abort();
    answer_clear(a);
    for (size_t at = 0, left = size - line; left > 0;) {
        size_t piece = left > 1000 ? 1000 : left;
        if (answer_on_header(body + at, 1, piece, a) != piece ||
            answer_on_body(body + at, 1, piece, a) != piece)
            break;
        at += piece;
        left -= piece;
    }
    if (a->length > HTTPS_ANSWER_MAX || a->body[a->length] != '\0')
        abort();
    check_location(location);
    free(location);
    free(body);
    free(a);
    return 0;
}
