/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lines.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4096

void lines_init(struct lines *l, size_t max_bytes)
{
    *l = (struct lines){.max_bytes = max_bytes};
}

void lines_finish(struct lines *l)
{
    free(l->bytes);
    *l = (struct lines){0};
}

static void move_to_front(struct lines *l)
{
    if (l->start == 0)
        return;
    memmove(l->bytes, l->bytes + l->start, l->used - l->start);
    l->used -= l->start;
    l->scanned -= l->start;
    l->start = 0;
}

char *lines_room(struct lines *l, size_t *ret_size)
{
    move_to_front(l);
    if (l->used == l->room) {
        size_t room = l->room ? l->room * 2 : FIRST_ROOM;
        if (room > l->max_bytes)
            room = l->max_bytes;
        char *grown = room > l->room ? realloc(l->bytes, room) : NULL;
        if (!grown)
            return NULL;
        l->bytes = grown;
        l->room = room;
    }
    *ret_size = l->room - l->used;
    return l->bytes + l->used;
}

void lines_fill(struct lines *l, size_t got)
{
    assert(got <= l->room - l->used);
    l->used += got;
}

bool lines_has_next(struct lines *l)
{
    /* Long lines come in many pieces: what was looked at once is not looked at again. */
    char *end =
        l->scanned < l->used ? memchr(l->bytes + l->scanned, '\n', l->used - l->scanned) : NULL;
    l->scanned = end ? (size_t)(end - l->bytes) : l->used;
    return end;
}

char *lines_next(struct lines *l, size_t *ret_length)
{
    if (!lines_has_next(l))
        return NULL;
    char *line = l->bytes + l->start;
    l->bytes[l->scanned] = '\0';
    *ret_length = l->scanned - l->start;
    l->start = l->scanned = l->scanned + 1;
    return line;
}
