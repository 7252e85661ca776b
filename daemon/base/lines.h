/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a stream, cut into lines: what comes in pieces of any size goes out as whole lines, each
 * once, in order, however it was cut. Embedded in its owner; no thread of its own; knows nothing
 * of sockets. Grows up to `max_bytes`; a longer line is the sender's fault, and ends it all.
 *
 *   lines_init, then for ever: lines_room → read into it → lines_fill → lines_next until NULL
 */
#ifndef TOCSIN_BASE_LINES_H
#define TOCSIN_BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct lines {
    char *bytes;
    size_t start;   /* of what was not given out yet */
    size_t scanned; /* from `start` to here there is no newline */
    size_t used, room, max_bytes;
};

/* `max_bytes` counts a line with its newline. */
void lines_init(struct lines *l, size_t max_bytes);
void lines_finish(struct lines *l);

/* Where the next bytes may be written and how many; NULL if a line is too long, or out of memory.
 * Ends what lines_next has lent. */
char *lines_room(struct lines *l, size_t *ret_size);

/* So many bytes were written there. */
void lines_fill(struct lines *l, size_t got);

/* The next line, without its newline and with a NUL in its place (it may hold others); borrowed
 * until lines_room. NULL if there is no whole one. */
char *lines_next(struct lines *l, size_t *ret_length);

/* Whether lines_next has one to give. */
bool lines_has_next(struct lines *l);

#endif
