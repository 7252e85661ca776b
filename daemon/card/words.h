/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guard's card says, in Chinese and English. It says no more than is proven, and what to
 * do. The card hangs where an onlooker reads it: nothing here may give away what a lamp keeps to
 * itself.
 */
#ifndef TOCSIN_CARD_WORDS_H
#define TOCSIN_CARD_WORDS_H

#include <stdbool.h>

#include "drivers/indicator/lights.h"

struct card_words {
    const char *name_zh;             /* the pattern in a word; the English one is its own name */
    const char *means_zh, *means_en; /* what is proven */
    const char *do_zh, *do_en;
    bool telephone; /* 110, whatever else is done */
};

extern const struct card_words card_words[INDICATOR_PATTERN_COUNT];

/* How the patterns stand on the card: an alarm from its press on, then the lamp at rest. */
extern const enum indicator_pattern card_order[INDICATOR_PATTERN_COUNT];
#define CARD_ALARM_COUNT 5 /* how many of them are an alarm's */

/* A sentence of the card that is not a pattern's. */
struct card_sentence {
    const char *zh, *en;
};

enum card_place {
    CARD_PLACE_PRESS,  /* what to do at all */
    CARD_PLACE_NO_RED, /* what to do when the lamp says nothing */
    CARD_PLACE_ALARM,  /* heading of an alarm's patterns */
    CARD_PLACE_REST,   /* heading of the others */
    CARD_PLACE_AMBER,
    CARD_PLACE_DRILL,
    CARD_PLACE_SCHOOL, /* from here on to be filled in by hand */
    CARD_PLACE_DUTY,
    CARD_PLACE_POLICE,
    CARD_PLACE_TECHNICIAN,
};
#define CARD_PLACE_COUNT (CARD_PLACE_TECHNICIAN + 1)

extern const struct card_sentence card_sentences[CARD_PLACE_COUNT];

/* How a light shines; what is off has no word. */
extern const struct card_sentence card_shine[LIGHT_FAST + 1];

#endif
