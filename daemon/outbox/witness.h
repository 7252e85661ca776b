/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second witness of what the store has had, in a file of its own beside it: the newest event, its
 * digest, and how far numbers may have been given. A store that is whole by itself and has less, or
 * another event under that number, has lost what was committed: its file was removed, emptied or
 * replaced, or a flipped bit has cut its log.
 *
 * It need not be exact, but it is never ahead of what was committed; the journal (journal.h) is,
 * while the machine is up, and is asked as well. Written behind everything else, when the first
 * event is stored and then once a minute at the most, only if there is something new. Store thread
 * only (and the loop thread before that thread starts).
 */
#ifndef TOCSIN_OUTBOX_WITNESS_H
#define TOCSIN_OUTBOX_WITNESS_H

#include "outbox/restore.h"
#include "outbox/store.h"

#define WITNESS_FILE "outbox.head"

struct witness_head {
    uint64_t seq; /* 0: none */
    unsigned char digest[EVENT_DIGEST_BYTES];
    int64_t wall_ms;
};

struct witness {
    struct witness_head stored; /* the newest event that the store has had */
    struct witness_head newest; /* or that was made; above `stored` only after a loss */
    uint64_t ceiling;           /* no number above it was given */
    bool is_behind;             /* the file says less than that */
    bool is_kept;               /* it says something */
    bool is_contradicted;       /* the store has less, or something else: to be written at once */
    bool was_absent;            /* there was no store; until that is told */
    bool is_told_good;          /* nobody has heard of it since that it cannot be written */
};

/* Reads that of the store in this file. One that is not there knows nothing (0); nor does one that
 * cannot be read, or believed: a negative errno says why. */
int witness_open(struct witness *w, const char *store_path, struct err *e);

/* What a kill in a write of it has left (atomic_file.h); the folder is this process's alone. */
void witness_remove_begun(const char *store_path);

/* What the store has, as it was read: 0, or -EBADMSG if that is not what it had. */
int witness_check(struct witness *w, struct store *s, const struct outbox_found *found,
                  struct err *e);

/* What the store has from now on, salvaged or not; before the journal is read into `found`. */
void witness_take(struct witness *w, const struct outbox_found *found);

/* After that, and with what the journal has: the chain goes on from the newest event that anybody
 * knows. If some of those are not here any more, `found` says which (damage), and that state may be
 * lost. */
void witness_tell(struct witness *w, const struct restore_twin *in_journal, size_t count,
                  struct outbox_found *found);

/* Whether it has something to say for the first time. */
bool witness_is_first(const struct witness *w);

/* Was committed. */
void witness_note(struct witness *w, const struct event *event);

/* If the file says less than that, or of another ceiling than the store. */
int witness_write(struct witness *w, const struct store *s, struct err *e);

#endif
