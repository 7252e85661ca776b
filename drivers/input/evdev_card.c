/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of cards that types the card's number and Enter like a keyboard; grabbed, so that a
 * number reaches no console. Numbers are not logged: a card is a key.
 */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>

#include "base/log.h"
#include "drivers/input/card_digits.h"
#include "drivers/input/evdev_watch.h"
#include "drivers/input/inputs.h"

struct evdev_card_options {
    char *device;
};

struct input {
    struct evdev_watch watch;
    struct input_host host;
    const char *device;
    struct card_digits digits;
    bool complained; /* since the last good card */
};

static const unsigned enter_keys[] = {KEY_ENTER, KEY_KPENTER};

static const struct option option_table[] = {
    EVDEV_OPTION_DEVICE(struct evdev_card_options, device, "Reader"),
    OPTION_TABLE_END,
};

static void on_taken(void *arg, int64_t at_ns)
{
    struct input *input = arg;
    (void)at_ns;
    card_digits_reset(&input->digits);
}

static void complain(struct input *input)
{
    if (!input->complained)
        log_warning("input",
                    "reader %s: what it typed is no card: up to %d digits and Enter are one; "
                    "not said again before a good card",
                    input->device, INPUT_CARD_DIGITS_MAX);
    input->complained = true;
}

static void on_key(void *arg, unsigned code, bool down, int64_t at_ns)
{
    struct input *input = arg;
    if (!down)
        return;
    switch (card_digits_key(&input->digits, code, at_ns)) {
    case CARD_DIGITS_NOTHING:
        break;
    case CARD_DIGITS_CARD:
        input->complained = false;
        input->host.on_card(input->host.arg, input->digits.text, at_ns);
        break;
    case CARD_DIGITS_DROPPED:
        complain(input);
        break;
    }
}

static void on_state(void *arg, int64_t at_ns)
{
    (void)arg;
    (void)at_ns;
}

static void on_overflow(void *arg, int64_t at_ns)
{
    struct input *input = arg;
    card_digits_spoil(&input->digits, at_ns);
}

static void on_fault(void *arg, const char *reason)
{
    struct input *input = arg;
    input->host.on_fault(input->host.arg, reason);
}

static void check(const void *options, struct driver_mistakes *ret_mistakes)
{
    const struct evdev_card_options *o = options;
    struct err e;
    if (o->device && evdev_check_device(o->device, &e) != 0)
        *driver_mistake(ret_mistakes, "device", 0, NULL) = e;
}

static int open_reader(const void *options, enum input_contact contact,
                       const struct input_host *host, uv_loop_t *loop, struct input **ret_input,
                       struct err *e)
{
    const struct evdev_card_options *o = options;
    struct input *input = calloc(1, sizeof *input);
    (void)contact;
    if (!input)
        return err_set(e, ENOMEM, "evdev-card: out of memory");
    input->host = *host;
    input->device = o->device;
    const struct evdev_wish wish = {.device = o->device,
                                    .keys = enter_keys,
                                    .key_count = sizeof enter_keys / sizeof *enter_keys};
    const struct evdev_events events = {.on_taken = on_taken,
                                        .on_key = on_key,
                                        .on_state = on_state,
                                        .on_overflow = on_overflow,
                                        .on_fault = on_fault,
                                        .arg = input};
    evdev_watch_start(&input->watch, &wish, &events, loop);
    *ret_input = input;
    return 0;
}

static void close_reader(struct input *input)
{
    if (input)
        evdev_watch_finish(&input->watch, free);
}

const struct input_driver input_evdev_card = {
    .type = {.name = "evdev-card",
             .help = "a reader of cards that types their numbers",
             .options = option_table,
             .options_size = sizeof(struct evdev_card_options),
             .reads_cards = true,
             .check = check},
    .open = open_reader,
    .close = close_reader,
};
