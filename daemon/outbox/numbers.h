/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No number is given twice, whatever the end: a row of state says how far numbers may have been
 * given. After a clean stop it is the newest event's, or what the start before it has left out.
 * While the gateway runs it is a ceiling ahead of that, raised behind presses and committed long
 * before it is reached, so that after a power cut the next event lies above it though events were
 * sent from memory that nobody here knows of any more. The receivers then see a gap, which is the
 * truth: events may be missing.
 *
 * NUMBERS_STEP at least can be given while the disk takes nothing, more than a gateway makes in a
 * week, and twice that is the largest gap of one power cut; the first number after it is 1 above a
 * round number, which a person who reads the chain sees at once. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_NUMBERS_H
#define TOCSIN_OUTBOX_NUMBERS_H

#include "outbox/store.h"

#define NUMBERS_ROW  "numbers"
#define NUMBERS_STEP 1000

/* What the row says; when the store is opened. */
int numbers_read(struct store *s, struct err *e);

/* Whether the last stop was clean: `stored_seq`, the newest event in the database, was that then.
 */
bool numbers_end_clean(const struct store *s, uint64_t stored_seq);

/*
 * The newest number that may have been given: `last_seq` is the newest event that is known.
 * `is_newest`: somebody else knows that it is. `is_clean`: nothing came after the last stop, which
 * was (numbers_end_clean, and nothing speaks against it).
 */
uint64_t numbers_used(const struct store *s, uint64_t last_seq, bool is_newest, bool is_clean,
                      bool is_damaged);

/* Likewise where what the store says of it is not to be believed: by a ceiling of elsewhere. */
uint64_t numbers_used_at_most(uint64_t last_seq, uint64_t ceiling);

/*
 * Where no store says how far numbers were given, or none takes a ceiling for those to come: a
 * number above `known` and above any that this gateway may have given, here or in a store that
 * cannot be read now. Minutes since 2020 and 27 random bits, and then the next round number, so
 * that whoever sees a later one knows which were given before it: later starts lie above earlier
 * ones, and where the clock begins anew at each start two are the same once in a hundred thousand.
 */
uint64_t numbers_far(uint64_t known, int64_t wall_ms);
/* The highest that a gateway can have given by now, its clock having been ahead by a year: what
 * lies above that nobody has of it. */
uint64_t numbers_highest(int64_t wall_ms);
/* Whether it may have been given so; of a difference, whether such a leap lies between. */
bool numbers_are_far(uint64_t seq);

/* From now on numbers above this one are given, by this gateway: in a transaction of its own. */
int numbers_begin(struct store *s, uint64_t used, struct err *e);

/* Raises the ceiling if it is near; in the caller's transaction, as fresh.h says. */
int numbers_keep_ahead(struct store *s, uint64_t seq, struct err *e);

/* A clean stop: what is fresh is settled and the newest number kept, in one transaction. */
int numbers_end(struct store *s, struct err *e);

#endif
