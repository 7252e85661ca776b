/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": a word that is not legal, and the legal word that is nearest to it. Pure. */
#ifndef TOCSIN_CONF_NEAREST_H
#define TOCSIN_CONF_NEAREST_H

#include <stddef.h>

/* How many letters must change to make one word of the other; words over 40 bytes are far. */
unsigned nearest_distance(const char *a, const char *b);

/* The word of `legal` (NULL-terminated) nearest to `word`; NULL when none is like it. */
const char *nearest_find(const char *word, const char *const *legal);

/* "a, b, c" as far as `size` allows, cut between words with " …". */
void nearest_join(const char *const *words, char *ret_text, size_t size);

#endif
