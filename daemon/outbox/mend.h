/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that is damaged, or no longer where it was, mended while it runs: what can be read goes
 * on in a fresh one. Of a file that was taken away everything can: the open one still has it, and
 * is kept open until that is written anew, however long its folder is gone.
 *
 * Of worker.c, store thread only.
 */
#ifndef TOCSIN_OUTBOX_MEND_H
#define TOCSIN_OUTBOX_MEND_H

#include "outbox/job.h"

/* A database that can be written is open, or what keeps it from being so: -EBADMSG if it is not the
 * one that was there before. */
int mend_reopen(struct outbox *ob, struct err *e);

/* Likewise to read: what is no longer where it was will do. */
int mend_reopen_to_read(struct outbox *ob, struct err *e);

/* Before the database is opened: its folder is this process's (hold.h), and whether it forgets is
 * told. */
int mend_hold(struct outbox *ob, struct err *e);

/* After a failure: closed, to be opened anew; not if nothing else has what it holds. */
void mend_close(struct outbox *ob);

/* After a commit: 0, or what place_check says; then it did not count. */
int mend_check_place(struct outbox *ob, struct err *e);

/* For a result of the above, or of SQL: -EBADMSG or -ESTALE, else nothing is done. Sets
 * `damaged` if that is what it is, and until it is mended, or is none any more. */
void mend(struct outbox *ob, int result, const char *why);

/* A piece of the scrub; that was the last, and everything is whole: what was not mended is over. */
void mend_note_looked(struct outbox *ob, bool is_whole);

/* Once a minute at rest: a commit, read back by name, and the witness (witness.h) brought up to it.
 * 0, or as above. */
int mend_prove(struct outbox *ob, struct err *e);

/* At the end of a stop, before it is closed: says what could not be mended. */
void mend_end(struct outbox *ob, bool is_damaged);

/* When an event is stored: the witness, if it has never said anything; its news have a minute. */
void mend_begin_witness(struct outbox *ob);

#endif
