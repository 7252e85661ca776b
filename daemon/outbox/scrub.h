/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at everything in the database, a few rows at a time, and begins again a day after it has
 * come to the end: every row is read to its last byte, every event has the digest that was
 * committed, every index leads to a row and every row is in its indices. SQLite's own check wants
 * the database for as long as it takes (20 s for a year of one flapping camera), and a start that
 * waited for it was deaf. What it cannot see: a page that is both free and in use, until what lies
 * there is read. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_SCRUB_H
#define TOCSIN_OUTBOX_SCRUB_H

#include "outbox/store.h"

struct scrub {
    size_t walk; /* of those in scrub.c */
    int64_t after_seq;
    char after_text[UUID_TEXT_SIZE + LIMIT_ID_BYTES]; /* the key of the row looked at last */
    uint64_t changed; /* an event that is not what was committed, of the piece; else 0 */
    unsigned char changed_digest[EVENT_DIGEST_BYTES]; /* of what is there of it */
    bool is_over;                                     /* it was the last piece of all */
    int64_t again_in_ns;                              /* the next piece: not before so long */
};

void scrub_init(struct scrub *sc);

/* A piece of about half a millisecond. 0, or -EBADMSG if the database is damaged, or another
 * negative errno: the disk. */
int scrub_go_on(struct store *s, struct scrub *sc, struct err *e);

#endif
