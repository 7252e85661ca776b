/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the store's thread meets the database: reads what is in it, so that whoever starts goes on
 * from there, and writes how far numbers may be given from now on. A start waits for that a moment
 * and not longer: what comes later, or again and again cannot be read, is met when it can be, and
 * the loop told then (on_found). Until then nothing is written: it may hold what nobody knows here.
 *
 *   not met ──read──▶ met, read only ──opened to be written──▶ met
 *      ▲ │               (a mount that is read-only, a file of another owner)
 *      └─┘ cannot be read: again half a second later
 *
 * Whoever makes events without knowing what the database holds (the loop has gone on without it;
 * or another process had, and the journal has what that made) is *apart*: its rows of state do not
 * follow from those that are there. So none of them is ever written over these: while the loop is
 * apart, the thread writes nothing for it; and what it has made until it is one with what was read
 * is written with that in one transaction. A row in the database follows from all rows before it.
 *
 *                   database        journal       loop         writes
 *   started late    rows of before  apart         apart        wait
 *   killed          rows of before  apart, made   -            -
 *   found again     rows of before  apart, made   apart        wait; `earlier`: the database's rows
 *   joined          rows of before  apart, made   one          wait for the disk
 *   committed       joined          apart, had    one          go
 *   told            joined          not apart     one          go
 *
 * A kill at any of these leaves one of the rows of that table: rows of before and an apart journal,
 * of which the next start makes *found again*; or joined rows, and a journal whose events it has,
 * or which says more than they do.
 */
#ifndef TOCSIN_OUTBOX_MEET_H
#define TOCSIN_OUTBOX_MEET_H

#include <sys/types.h>

#include "outbox/hold.h"
#include "outbox/journal.h"
#include "outbox/owed.h"
#include "outbox/restore.h"
#include "outbox/words.h"

struct outbox;

struct meeting {
    /* The loop's, until the thread is there; the thread's from then on. */
    struct hold hold;
    struct restore_twin *twins; /* events of the journal */
    size_t twin_count;
    struct journal_head journal; /* the newest that it knows */
    bool journal_is_newest;      /* and no later number was given */
    bool journal_is_bad;         /* what is wrong with it is told */
    bool journal_was_apart;      /* when it was read */
    int64_t reserve_events;      /* room that a new database takes at once */
    bool makes_folder;           /* where there is none, once */
    bool is_met;                 /* what it holds was read */
    bool has_ceiling;            /* numbers_begin */
    uint64_t used_seq;           /* no number above it was given */
    dev_t refused_dev; /* the database that was refused, since its numbers were given to others: */
    ino_t refused_ino; /* only a restart can take it over; 0: none */
    int64_t salvaged_ns; /* when a damaged one could not be put aside; 0: none */
    char *unsalvaged;    /* what to tell of that when it can be read; NULL: nothing */
    struct words words;  /* of the fault that was told */
    bool was_mended;     /* a damaged database was put aside, or was to be, while it runs: */
    int64_t mended_ns;   /* when that was tried last */
    int64_t moved_ns, move_again_ns; /* likewise, of what lay in the place of the open one; and how
                                        long none is after that (0: it never was) */
    struct owed owed;
    bool was_tried_last; /* likewise, at the stop */
    struct err damage;   /* what is wrong with it; of a damaged one (outbox.damaged) */
    struct err refusal;  /* why it could not be mended, as it stands in the log; "" */
    bool ended_clean;    /* the store says that nothing is missing in it; after the thread */
    bool ended_damaged;  /* the stop found damage that was not mended; likewise */
    /* The loop's. */
    bool is_apart;
    bool is_unread;  /* what the store holds was not told yet */
    bool is_nobodys; /* the start has failed: nobody is told anything */
    /* Under the outbox's lock. */
    bool leaves;                      /* a stop has begun (outbox_when_kept) */
    size_t unwritten;                 /* events that were given up at a stop */
    struct outbox_found found;        /* what was read, until the loop takes it */
    struct outbox_head head;          /* of it */
    uint64_t stored_seq;              /* the newest event of it that is in the database */
    int64_t numbers_by_ns;            /* whoever asks for numbers waits no longer for it */
    bool is_read;                     /* it is there */
    bool is_over;                     /* the first try is */
    bool is_late;                     /* the loop has gone on without it */
    bool is_ready;                    /* numbers above used_seq may be given */
    bool is_taken;                    /* it is another process's */
    bool is_new;                      /* no database was there, so none holds anything */
    char why[400];                    /* it cannot be read */
    uint64_t first_given, last_given; /* numbers of this process's own events; 0: none */
};

/* Loop thread: waits for the first try. What was read, or why it was not, is in `ret_found`, which
 * is empty before; and the newest event that the database itself has. Whether it was read. */
bool meet_await(struct outbox *ob, int64_t wait_ms, struct outbox_found *ret_found,
                uint64_t *ret_stored_seq);

/* Loop thread, after that: -EADDRINUSE if another process has the store. */
int meet_find_taken(struct outbox *ob, struct err *e);

/* Loop thread: an event of that number was made. */
void meet_note_given(struct outbox *ob, uint64_t seq);

/*
 * Store thread: the database was met, and is open, if only to be read; or also to be changed,
 * though it need not be in its place any more (mend.h); or it is, and rows of state may be written.
 * 0 or a negative errno with the reason.
 */
int meet_to_read(struct outbox *ob, struct err *e);
int meet_to_change(struct outbox *ob, struct err *e);
int meet_to_write(struct outbox *ob, struct err *e);

/* The first try is over, good or not. */
void meet_note_try(struct outbox *ob, int result, const struct err *e);

void meet_init(struct meeting *m);
void meet_free(struct meeting *m);

#endif
