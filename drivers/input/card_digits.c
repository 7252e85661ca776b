/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/input/card_digits.h"

#include <linux/input-event-codes.h>

/* The digit of a key, or -1. The kernel's codes are in no order for the block at the right. */
static int digit_of(unsigned code)
{
    static const unsigned codes[][2] = {
        {KEY_0, KEY_KP0}, {KEY_1, KEY_KP1}, {KEY_2, KEY_KP2}, {KEY_3, KEY_KP3}, {KEY_4, KEY_KP4},
        {KEY_5, KEY_KP5}, {KEY_6, KEY_KP6}, {KEY_7, KEY_KP7}, {KEY_8, KEY_KP8}, {KEY_9, KEY_KP9},
    };
    for (int digit = 0; digit < 10; digit++) {
        if (codes[digit][0] == code || codes[digit][1] == code)
            return digit;
    }
    return -1;
}

void card_digits_reset(struct card_digits *c)
{
    *c = (struct card_digits){.length = 0};
}

static enum card_digits_result end_number(struct card_digits *c)
{
    bool bad = c->bad, empty = c->length == 0;
    c->text[c->length] = '\0'; /* stays readable until the next key */
    c->length = 0;
    c->bad = false;
    if (bad)
        return CARD_DIGITS_DROPPED;
    return empty ? CARD_DIGITS_NOTHING : CARD_DIGITS_CARD;
}

enum card_digits_result card_digits_key(struct card_digits *c, unsigned code, int64_t at_ns)
{
    if (at_ns - c->last_ns > CARD_DIGITS_SILENCE_NS)
        card_digits_reset(c);
    c->last_ns = at_ns;
    if (code == KEY_ENTER || code == KEY_KPENTER)
        return end_number(c);
    int digit = digit_of(code);
    if (digit < 0 || c->length == INPUT_CARD_DIGITS_MAX)
        c->bad = true;
    else
        c->text[c->length++] = (char)('0' + digit);
    return CARD_DIGITS_NOTHING;
}

void card_digits_spoil(struct card_digits *c, int64_t at_ns)
{
    c->bad = true;
    c->last_ns = at_ns;
}
