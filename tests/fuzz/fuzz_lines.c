/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The splitter of lines against the plain way: whatever the stream and wherever it is cut, the
 * lines joined again are what came in. The first byte says how large the pieces are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"

#define MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

/* Where the stream is ended by a line that does not fit; `size` if it is not. */
static size_t end_of_stream(const uint8_t *data, size_t size)
{
    size_t start = 0;
    for (size_t i = 0; i < size; i++) {
        if (i - start == MAX)
            return i;
        if (data[i] == '\n')
            start = i + 1;
    }
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t piece = data[0] % 80 + 1u, at = 0, room, length;
    const uint8_t *stream = ++data;
    const char *line;
    struct lines l;
    lines_init(&l, MAX);
    for (size--; size > 0;) {
        char *into = lines_room(&l, &room);
        if (!into)
            break;
        size_t more = piece < room ? piece : room;
        more = more < size ? more : size;
        memcpy(into, data, more);
        lines_fill(&l, more);
        data += more;
        size -= more;
        while ((line = lines_next(&l, &length))) {
            must(memcmp(stream + at, line, length) == 0 && stream[at + length] == '\n');
            must(line[length] == '\0' && !memchr(line, '\n', length));
            at += length + 1;
        }
    }
    /* All was taken, or it ended where a line is too long; nothing whole is left behind. */
    size_t taken = (size_t)(data - stream);
    must(size == 0 || end_of_stream(stream, taken + size) == taken);
    must(!memchr(stream + at, '\n', taken - at));
    lines_finish(&l);
    return 0;
}
