/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number of a card from the keys that a reader types: digits of either block of the keyboard,
 * then Enter. Pure: no I/O and no clock but the stamps of the keys.
 */
#ifndef TOCSIN_DRIVERS_CARD_DIGITS_H
#define TOCSIN_DRIVERS_CARD_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

#include "iface/input.h"

#define CARD_DIGITS_SILENCE_NS 1000000000 /* a reader types a number without a pause */

enum card_digits_result {
    CARD_DIGITS_NOTHING, /* nothing yet, or an Enter by itself */
    CARD_DIGITS_CARD,    /* `text` is a card's number */
    CARD_DIGITS_DROPPED, /* Enter behind what cannot be a card's number */
};

struct card_digits {
    char text[INPUT_CARD_DIGITS_MAX + 1];
    unsigned length;
    bool bad; /* another key, too many digits, or keys were lost */
    int64_t last_ns;
};

void card_digits_reset(struct card_digits *c);

/* A key (KEY_1, …) went down. What was half read when the keys fell silent is forgotten. */
enum card_digits_result card_digits_key(struct card_digits *c, unsigned code, int64_t at_ns);

/* Keys were lost before `at_ns`: the number that is under way is not to be trusted. */
void card_digits_spoil(struct card_digits *c, int64_t at_ns);

#endif
