/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was accepted and is not committed yet, in a file that survives the process: two files in the
 * run folder (a tmpfs: a write never waits for a disk), one write without sync for an event, before
 * anything of it is told or sent. They are for a kill; a power cut takes them.
 *
 *   journal.0   head │ record │ record │ …       written until it is long, while the other waits
 *   journal.1   head │ record │ …                to have all of its events committed, and is cut
 * then
 *
 * So they do not grow for ever under events that never cease, while the disk works. The head holds
 * the newest number that was given and its digest, also of events that are committed or did not
 * fit, and the boot in which that was so. Together they are bounded: presses may use all of it, the
 * rest three quarters, so that no flood of other events takes a press's place.
 *
 * Every failure leaves a journal that takes nothing and says why, and tries again; nobody has to
 * look. Loop thread only. Whoever calls gives NULL where there is no journal: nothing happens.
 */
#ifndef TOCSIN_OUTBOX_JOURNAL_H
#define TOCSIN_OUTBOX_JOURNAL_H

#include "outbox/record.h"

struct journal;

/* The newest event that was made. */
struct journal_head {
    uint64_t seq;
    unsigned char digest[EVENT_DIGEST_BYTES];
    int64_t wall_ms;
};

struct journal_found {
    struct journal_head head; /* the newest that is known; seq 0: none */
    bool head_is_newest;      /* of this boot, and no later number was given */
    bool is_covered;          /* of that one, as journal_cover was told */
    bool is_apart;            /* as journal_stand_apart was */
    unsigned damaged;         /* places that could not be believed; kept as journal.N.damaged */
    bool is_not_kept;         /* not all of that */
    unsigned emptied;         /* files of this boot without even a head: cut, or gone */
    size_t torn_bytes;        /* at the ends: of an event that a kill cut short */
    bool put_aside;           /* there was something that is no file of ours: journal.N.unread */
};

/*
 * Opens both files in `dir`, creating them, and holds their locks: two programs never write one
 * journal, and events that are for another `store` (its path) are left alone. NULL without memory
 * alone.
 */
struct journal *journal_create(const char *dir, const char *store, size_t limit_bytes);

/* Called for each record that was found, in no order; takes the event's reference. A file that
 * cannot be read is cut by nobody: the journal takes nothing then, and journal_tick begins anew
 * beside what it puts aside. */
typedef void (*journal_handler)(void *arg, const struct record *record);
void journal_read(struct journal *j, journal_handler handler, void *arg,
                  struct journal_found *ret_found);

/* After journal_read: what is torn is cut off, and this is the newest event from now on. */
void journal_begin(struct journal *j, const struct journal_head *head);

/*
 * Whether no later start, of which this journal knows nothing, can give the numbers that are given
 * now: the store says that numbers are given up to some way above them, or they lie far above
 * whatever it says. Kept with the head; until it is told, as it was found.
 */
void journal_cover(struct journal *j, bool is_covered);
bool journal_is_covered(const struct journal *j);

/* Whether whoever makes the events does not know what the store holds, so that their rows of state
 * do not follow from those that are there. Kept likewise. */
void journal_stand_apart(struct journal *j, bool is_apart);
bool journal_is_apart(const struct journal *j);

/* Writes one event. If it does not fit or cannot be written, the head alone, and false: it may be
 * put once more, later. */
bool journal_put(struct journal *j, const struct record *record);

/* This event and all before it are on the disk. */
void journal_note_committed(struct journal *j, uint64_t seq);

/* Once a second: files that have gone, or never were there, are made anew. True if they just were:
 * what is not committed is to be put once more. */
bool journal_tick(struct journal *j);

/* Once for each time: what nobody has read was put aside while it runs (journal.N.unread). */
bool journal_told_aside(struct journal *j);

/* Why it does not take events, as a sentence; "" while it does. */
const char *journal_reason(const struct journal *j);

/* What it holds stays. */
void journal_destroy(struct journal *j);

#endif
