/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store holds, as whoever opens it has to find it: what is settled and what is fresh are the
 * same here. Read from a store by its own code where there is some, or kept as a model beside it.
 */
#ifndef TOCSIN_TESTS_STORE_IMAGE_H
#define TOCSIN_TESTS_STORE_IMAGE_H

#include "outbox/store.h"

#define IMAGE_EVENTS    320
#define IMAGE_RECEIVERS 3
#define IMAGE_ROWS      3

extern const char *const image_receivers[IMAGE_RECEIVERS]; /* in the order of their names */
extern const char *const image_rows[IMAGE_ROWS];

enum { IMAGE_NOT_OWED = -1 }; /* else a store_delivery_state */

struct image_event {
    uint64_t seq;
    enum event_class class;
    int64_t wall_ms;
    char id[UUID_TEXT_SIZE];
    unsigned char digest[EVENT_DIGEST_BYTES];
    int deliveries[IMAGE_RECEIVERS];
    int uploads[1 + IMAGE_RECEIVERS]; /* the first is nobody's */
};

struct image {
    size_t count;
    struct image_event events[IMAGE_EVENTS]; /* by seq */
    int64_t answers[IMAGE_RECEIVERS];        /* each from 1 without a gap up to this one */
    unsigned rows[IMAGE_ROWS];               /* the number in the row's text; 0: no row */
};

struct image_event *image_find(struct image *image, uint64_t seq);

/* Owed to nobody yet. */
void image_add(struct image *image, const struct event *event);
void image_remove(struct image *image, size_t index);

/* Texts that tell whose they are, so that what is found can be known again. */
void image_row_text(unsigned number, char ret_text[32]);
void image_receipt(uint64_t seq, size_t receiver, char ret_text[64]);

/*
 * Reads a store that was opened, and what its opening found of it. -EBADMSG with a sentence if that
 * is no store that could have been written: events without their bytes, one of two that belong
 * together, what was found is not what is there.
 */
int image_read(struct store *s, const struct outbox_found *found, struct image *ret_image,
               struct err *e);

/* Whether they are the same; else in what they differ. */
bool image_is_same(const struct image *wanted, const struct image *is, struct err *ret_difference);

#endif
