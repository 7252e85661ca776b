/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event in the journal (journal.h), as bytes: everything that a commit would have written of
 * it. Length, checksum (SipHash-2-4 of a key that everybody knows: it finds what is torn or
 * flipped, and is no signature) and the event's own digest. Numbers are this machine's: a journal
 * is read on the machine and, as its file's head says, by the layout that has written it.
 *
 * What is read may have been written by anybody who is the gateway's user: sizes are looked at
 * before anything is, and nothing is believed that does not hold together. Pure.
 */
#ifndef TOCSIN_OUTBOX_RECORD_H
#define TOCSIN_OUTBOX_RECORD_H

#include "outbox/outbox.h"

/* Names of receivers, each with a space behind it. */
#define RECORD_NAMES_SIZE ((size_t)LIMIT_RECEIVERS * (LIMIT_ID_BYTES + 1) + 1)

/* Borrowed; read from a record, the texts point into its bytes. */
struct record {
    struct event *event;
    struct outbox_row row; /* name NULL: none */
    const char *receivers; /* that are owed the event */
    const struct outbox_upload
        *upload;                  /* NULL: none; its seq, manifest and receiver do not count */
    const char *upload_receivers; /* that are owed the clip; "" without */
};

/* Bytes that it takes; a multiple of eight. */
size_t record_size(const struct record *record);

/* `at` has room for record_size bytes and stands as malloc's memory does. */
void record_write(const struct record *record, unsigned char *at);

enum record_state {
    RECORD_GOOD,
    RECORD_DAMAGED, /* it cannot be believed */
    RECORD_TORN,    /* the beginning of one, whose rest would be behind the end */
};

/*
 * The record at `bytes`, of which there are `length`; it stands as malloc's memory does. If GOOD,
 * `ret_record` is filled, its event a reference of the caller's and its upload in `ret_upload`. How
 * long it is, is told for GOOD alone. DAMAGED, too, when there is no memory for the event.
 */
enum record_state record_read(const unsigned char *bytes, size_t length, struct record *ret_record,
                              struct outbox_upload *ret_upload, size_t *ret_size);

/* Whether a record begins here whose length and checksum are right. */
bool record_is_whole(const unsigned char *bytes, size_t length);

/* A checksum of anything else in the journal's files. */
uint64_t record_checksum(const void *data, size_t length);

#endif
