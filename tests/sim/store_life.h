/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store's life as its thread leads it (outbox/worker.c), drawn by lot: batches of events, rows,
 * answers and records, quiet moments, pruning, receivers that take less, batches that are refused,
 * stops. Beside it a model of what was committed, and of what would be if the transaction under way
 * were. All on a cut_disk.
 */
#ifndef TOCSIN_TESTS_STORE_LIFE_H
#define TOCSIN_TESTS_STORE_LIFE_H

#include "outbox/store.h"
#include "store_image.h"

/* What the next thing to do follows from. */
struct store_life_lot {
    uint64_t seed;
    uint64_t made; /* events, for no two to be alike */
    uint64_t used; /* the number that was given last */
    int64_t wall_ms;
};

struct store_life {
    struct store store;
    struct store_life_lot lot;
    struct image kept;    /* told as stored */
    struct image next;    /* if what is under way is committed, too */
    struct image refused; /* if what the disk refused last is there all the same */
    uint64_t given;       /* the highest number that any event ever had, stored or not */
    char doing[40];
    bool is_wrong;
    struct err wrong;
    unsigned long long commits;
};

void store_life_begin(struct store_life *l, uint64_t seed);

/* One thing that the store's thread does, again if the disk fails; ends early when it is off. */
void store_life_go_on(struct store_life *l);

/* Opens it as a start does, and looks whether it is what was kept, or what was under way, all of
 * it; from then on that is kept. Ends early when the disk is off: it has then to be opened again.
 */
void store_life_open(struct store_life *l);
void store_life_close(struct store_life *l);

#endif
