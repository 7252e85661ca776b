/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a receiver, or whoever stands in its place, may answer: header lines until an empty one,
 * then the body, as libcurl hands them over; at last what the Location means.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/https/https.h"

#define ORIGIN "https://receiver.test:8443"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_location(const struct https_answer *a)
{
    char url[256];
    if (answer_location(ORIGIN "/v1/clips", a->location, url, sizeof url) &&
        strncasecmp(url, ORIGIN "/", sizeof ORIGIN) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct https_answer *a = malloc(sizeof *a);
    char *text = malloc(size + 1);
    if (!a || !text)
        abort();
    memcpy(text, data, size);
    answer_clear(a);
    char *at = text, *end = text + size;
    while (at < end) {
        char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t length = line_end ? (size_t)(line_end + 1 - at) : (size_t)(end - at);
        /* Exactly its own bytes, so that the sanitizer sees the first one beyond. */
        char *line = malloc(length);
        if (!line)
            abort();
        memcpy(line, at, length);
        size_t taken = answer_on_header(line, 1, length, a);
        free(line);
        at += length;
        if (taken != length || length == 1)
            break;
    }
    if (at < end)
        answer_on_body(at, 1, (size_t)(end - at), a);
    if (a->length > HTTPS_ANSWER_MAX || a->upload_offset < -1 || a->retry_after_s < -1)
        abort();
    check_location(a);
    free(text);
    free(a);
    return 0;
}
