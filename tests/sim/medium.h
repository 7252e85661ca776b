/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file on a disk whose power may go: what its reader sees (`seen`), what is on the medium for
 * certain (`durable`), and the writes in between, of which a cut keeps what it likes.
 */
#ifndef TOCSIN_TESTS_MEDIUM_H
#define TOCSIN_TESTS_MEDIUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEDIUM_SECTOR_BYTES 512 /* is written whole or not at all */

struct medium_bytes {
    unsigned char *at;
    size_t length, room;
};

/* A write, or, without bytes, the length that the file was cut to. */
struct medium_change {
    unsigned char *bytes;
    size_t at, length;
};

struct medium {
    struct medium_bytes seen, durable;
    struct medium_change *changes; /* since it was synced, in their order */
    size_t count, room;
};

void medium_finish(struct medium *m);

void medium_write(struct medium *m, size_t at, const void *bytes, size_t length);
void medium_cut_to(struct medium *m, size_t length);

/* All of it is on the medium. */
void medium_sync(struct medium *m);

/*
 * The power goes: of the changes any may have reached the medium, whole or in sectors, whatever
 * came before or after them; its length is the old one, the new one, or one in between; and where
 * it has grown and nothing was written there are zeros or whatever lay there. That is what is seen
 * from then on.
 */
void medium_lose(struct medium *m, uint64_t *seed);

/*
 * A sync that failed, as Linux does it: of the changes any has reached the medium, and the rest
 * will not, whatever is synced later; with `forgets`, it is not seen any more either.
 */
void medium_fail_sync(struct medium *m, bool forgets, uint64_t *seed);

#endif
