/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the journal has of the events that were accepted: made part of what a start finds, as
 * if the database had it, and handed over once more to be stored.
 */
#ifndef TOCSIN_OUTBOX_RESTORE_H
#define TOCSIN_OUTBOX_RESTORE_H

#include "outbox/journal.h"
#include "outbox/store.h"

/* What the database has, or had, under the number of an event of the journal. */
enum restore_state {
    RESTORE_ABSENT, /* nothing, or it cannot be read, or rotted: it is stored once more */
    RESTORE_HAD,    /* this event; or none, and it lies within what was pruned (prune.h) */
    RESTORE_OTHER,  /* another event */
};

struct restore_twin {
    uint64_t seq;
    unsigned char digest[EVENT_DIGEST_BYTES];
    int64_t wall_ms;
    enum restore_state stored;
};

/* Loop thread: reads the journal (NULL: there is none) into `ret_found`, which is empty: events by
 * their numbers, the newest number and its digest; what contradicts itself is logged, and told as
 * damage. Whether no later number was given. */
bool restore_read(struct journal *j, struct outbox_found *ret_found);

/* A twin of each of them, in their order; the caller frees. How many. */
size_t restore_list(const struct outbox_found *of_journal, struct restore_twin **ret_twins);

/* Store thread, with the database open, of which `found` is what was read. What contradicts itself
 * is logged, and told as damage by its number; and if there is damage, what of it the journal has.
 * Whether something contradicts itself. */
bool restore_compare(struct store *s, struct restore_twin *twins, size_t count, bool is_apart,
                     struct outbox_found *found);

/*
 * Loop thread: those that the database has not, with their rows, deliveries and clips, are part of
 * `found` then, which holds what is in the database (nothing, and no twins, if that is not known);
 * `of_journal` is left with no events. `is_apart`: whoever made them did not know the database, of
 * which the rows go behind `earlier`; else a row of the database is newer than that of an event
 * below `stored_seq`, its newest. Of `s` only the names of receivers are looked at.
 */
void restore_merge(const struct store *s, struct outbox_found *of_journal,
                   const struct restore_twin *twins, bool is_apart, uint64_t stored_seq,
                   struct outbox_found *found);

#endif
