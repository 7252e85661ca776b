/* SPDX-License-Identifier: Apache-2.0 */
/* A journal on a real file system, that is read by another one as after a kill, and what to put in
 * it. */
#ifndef TOCSIN_TESTS_JOURNAL_WORLD_H
#define TOCSIN_TESTS_JOURNAL_WORLD_H

#include "outbox/journal.h"

#define LIMIT      ((size_t)64 * 1024)
#define HEAD_BYTES 112 /* of a file */

struct fixture {
    char folder[40];
    struct journal *journal;
    /* what was read */
    struct journal_found found;
    uint64_t seqs[200];
    size_t count;
    struct record last;
    struct outbox_upload upload;
    char text[5][200]; /* of the last: row's name and text, receivers, those of the clip, bytes */
};

struct event *make_event(uint64_t seq, enum event_class class, size_t length);
void put_sized(struct fixture *f, uint64_t seq, enum event_class class, size_t length);
void put(struct fixture *f, uint64_t seq);
void journal_on_record(void *arg, const struct record *record);
void reopen(struct fixture *f);
struct fixture *begin(void);
void end(struct fixture *f);
const char *path_of(const struct fixture *f, int which);
long size_of(const struct fixture *f, int which);
long size_of_both(const struct fixture *f);
void flip(const struct fixture *f, int which, long at);
void put_with_files_up_to(struct fixture *f, uint64_t seq, long bytes);
const char *seqs(const struct fixture *f);

#endif
