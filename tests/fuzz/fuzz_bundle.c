/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle as somebody who wants tocsin verify to fall, or to nod, would write it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_problem(void *arg, size_t line, const char *event, const char *text)
{
    unsigned *told = arg;
    if (line > 0 && strlen(event) < UUID_TEXT_SIZE && strlen(text) > 0)
        (*told)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned told = 0;
    struct bundle b = {.on_problem = on_problem, .arg = &told, .clips = "/nonexistent"};
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t length = end ? (size_t)(end - data) - at + 1 : size - at;
        bundle_take(&b, (const char *)data + at, length);
        at += length;
    }
    bundle_end(&b);
    /* No key was given: nothing can have been proven, and every problem must have been told. */
    if (told != b.problems || b.signed_events || b.chained_events || b.receipts ||
        (b.events > 0 && told == 0))
        abort();
    return 0;
}
