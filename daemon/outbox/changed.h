/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events in the store that are not what was committed: each is told once as it is, and by its
 * number. What was told stands in a row of the store's own, with the digest of what lies there now;
 * a person who has seen it (`tocsin store accept`) hears of it again only if it changes once more.
 * Store thread only.
 */
#ifndef TOCSIN_OUTBOX_CHANGED_H
#define TOCSIN_OUTBOX_CHANGED_H

#include "outbox/scrub.h"

/* Whether nobody was told yet of what the look has found: then what to tell. */
bool changed_is_news(struct store *s, const struct scrub *found, char ret_sentence[200]);

/* That it is told, and, until that is noted, what (unreported.h): in a transaction of its own,
 * before. An error: it is told again. */
int changed_note(struct store *s, const struct scrub *found, const char *sentence, struct err *e);

#endif
