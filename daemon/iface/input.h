/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input contract: a contact that is closed (active) or open, or a reader of cards.
 *
 * A driver reports edges with the kernel's own stamp and, beside them, the level it read: at open,
 * after an overflow, and on a timer. It neither debounces nor interprets; bounce, latching, which
 * of closed and open is "pressed", and what a press means are the core's. A line that cannot be
 * read is a fault, never "not pressed". After a fault the driver tries again by itself for as long
 * as it is open. Loop thread only.
 */
#ifndef TOCSIN_IFACE_INPUT_H
#define TOCSIN_IFACE_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "iface/driver.h"
#include "iface/limits.h"

struct input; /* one open contact or reader; the driver's own */

/* Which contact of a button: a supervised button has a normally open and a normally closed one. */
enum input_contact {
    INPUT_CONTACT_FIRST,
    INPUT_CONTACT_SECOND,
};

#define INPUT_CARD_DIGITS_MAX LIMIT_CARD_DIGITS

enum input_cause {
    INPUT_CAUSE_EDGE,  /* the kernel saw the level change at `at_ns` */
    INPUT_CAUSE_READ,  /* the level was read at `at_ns`; when it changed is not known */
    INPUT_CAUSE_START, /* the first reading after open */
};

struct input_host {
    /* The contact is or was closed at `at_ns` (CLOCK_MONOTONIC). Repeats of a level are allowed.
     * The levels of a contact come in order, and when the loop has served a line all that was
     * queued of it before has been told: what time alone brings is judged after that. */
    void (*on_level)(void *arg, bool active, int64_t at_ns, enum input_cause cause);
    /* A card was read: 1 to INPUT_CARD_DIGITS_MAX decimal digits. From drivers that read cards. */
    void (*on_card)(void *arg, const char *digits, int64_t at_ns);
    /* `reason` says what is wrong and what to do; NULL when the line works, also for the first
     * time. */
    void (*on_fault)(void *arg, const char *reason);
    void *arg;
};

struct input_driver {
    struct driver_type type;

    /* Whether these options name a second contact of the same button. NULL: they never do. */
    bool (*has_second)(const void *options);

    /*
     * Begins to watch one contact (a reader has only the first). Borrows `options` and copies
     * `host`. Callbacks may come before open returns (the first level does, if the line could be
     * read). A line that cannot be had now is not an error of open but an on_fault; open fails only
     * for options that can never work.
     */
    int (*open)(const void *options, enum input_contact contact, const struct input_host *host,
                uv_loop_t *loop, struct input **ret_input, struct err *e);

    /* Stops; no callback after it returns. Handles close with the loop. NULL is accepted. */
    void (*close)(struct input *input);

    /*
     * Closes or opens a simulated contact as if the edge came now, and shows a card to a simulated
     * reader. NULL in a driver of real lines: nobody presses those from a keyboard.
     */
    void (*simulate)(struct input *input, bool active);
    void (*simulate_card)(struct input *input, const char *digits);
};

DRIVER_OF(input)

#endif
