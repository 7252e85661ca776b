/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page's cards as text, as each was made last: a look at the page makes those anew that have
 * changed since, however many are open. Who changes an incident says so (kept_changes, under the
 * store's lock), and the next look drops that card (kept_cards, under the view's).
 */
#ifndef RECEIVER_KEPT_CARDS_H
#define RECEIVER_KEPT_CARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#define KEPT_KEY_SIZE    140 /* a gateway's source and an incident's id */
#define KEPT_CHANGES_MAX 256 /* beyond, while nobody looks, all have changed */

struct kept_changes {
    size_t count;
    char keys[KEPT_CHANGES_MAX][KEPT_KEY_SIZE];
};

#define KEPT_ROWS 512

struct kept_card;

struct kept_cards {
    LIST_HEAD(kept_row, kept_card) rows[KEPT_ROWS];
};

void kept_key(const char *source, const char *alarm, char ret_key[KEPT_KEY_SIZE]);

/* That incident's card is not what it was. */
void kept_note(struct kept_changes *changes, const char *source, const char *alarm);

/* Drops those that have changed, and empties the list of changes. */
void kept_take_changes(struct kept_cards *kept, struct kept_changes *changes);

/* The text of that card; NULL if it is to be made. Borrowed until something is dropped. */
const char *kept_find(struct kept_cards *kept, const char *key);

/* Takes `text`, which malloc gave, and returns it; it is not there yet. Aborts without memory. */
const char *kept_put(struct kept_cards *kept, const char *key, char *text);

/* Drops all that was neither found nor put since the last time: it is not shown any more. */
void kept_sweep(struct kept_cards *kept);

/* Drops all. */
void kept_finish(struct kept_cards *kept);

#endif
