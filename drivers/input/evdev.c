/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A USB button: a key of an input device, which is grabbed so that it types into no console.
 *
 * State, not edges, as gpiod.c has it: every edge is passed on with the kernel's stamp, then the
 * key's state has the last word. When the kernel's queue overflowed, all but its end is lost: a
 * release of a key that was not down then tells of a press, and so does an end in which no key is
 * left at all. A press too many is better than one too few.
 */
#include <errno.h>
#include <stdlib.h>

#include "drivers/input/evdev_watch.h"
#include "drivers/input/inputs.h"

struct evdev_options {
    char *device;
    char *key;
};

struct input {
    struct evdev_watch watch;
    struct input_host host;
    unsigned code;
    bool started;    /* the first level was told */
    bool active;     /* the last level that was told */
    bool overflowed; /* since the state was last read */
    bool key_left;   /* of any key behind the overflow */
    int64_t overflow_ns;
};

static const struct option option_table[] = {
    EVDEV_OPTION_DEVICE(struct evdev_options, device, "USB device"),
    {.key = "key",
     .type = OPTION_STRING,
     .offset = offsetof(struct evdev_options, key),
     .required = 1,
     .help = "Key that the button types, by name; see evtest. Buttons on several keys of one "
             "device are several inputs."},
    OPTION_TABLE_END,
};

static void tell(struct input *input, bool active, int64_t at_ns, enum input_cause cause)
{
    input->active = active;
    input->host.on_level(input->host.arg, active, at_ns, cause);
}

static void on_taken(void *arg, int64_t at_ns)
{
    struct input *input = arg;
    bool down = evdev_watch_is_down(&input->watch, input->code);
    /* After the device came back the level is a reading; only the first ever is the start. */
    tell(input, down, at_ns, input->started ? INPUT_CAUSE_READ : INPUT_CAUSE_START);
    input->started = true;
}

static void on_key(void *arg, unsigned code, bool down, int64_t at_ns)
{
    struct input *input = arg;
    input->key_left = true;
    if (code != input->code)
        return;
    if (!down && !input->active && input->overflowed)
        tell(input, true, at_ns, INPUT_CAUSE_EDGE);
    tell(input, down, at_ns, INPUT_CAUSE_EDGE);
}

static void on_state(void *arg, int64_t at_ns)
{
    struct input *input = arg;
    bool down = evdev_watch_is_down(&input->watch, input->code);
    if (input->overflowed && !input->key_left && !input->active && !down)
        tell(input, true, input->overflow_ns, INPUT_CAUSE_READ);
    input->overflowed = false;
    tell(input, down, at_ns, INPUT_CAUSE_READ);
}

static void on_overflow(void *arg, int64_t at_ns)
{
    struct input *input = arg;
    input->overflowed = true;
    input->key_left = false;
    input->overflow_ns = at_ns;
}

static void on_fault(void *arg, const char *reason)
{
    struct input *input = arg;
    input->host.on_fault(input->host.arg, reason);
}

static void check(const void *options, struct driver_mistakes *ret_mistakes)
{
    const struct evdev_options *o = options;
    struct err e;
    unsigned code;
    if (o->device && evdev_check_device(o->device, &e) != 0)
        *driver_mistake(ret_mistakes, "device", 0, NULL) = e;
    if (o->key && evdev_check_key(o->key, &code, &e) != 0)
        *driver_mistake(ret_mistakes, "key", 0, NULL) = e;
}

static int open_evdev(const void *options, enum input_contact contact,
                      const struct input_host *host, uv_loop_t *loop, struct input **ret_input,
                      struct err *e)
{
    const struct evdev_options *o = options;
    struct input *input = calloc(1, sizeof *input);
    (void)contact;
    if (!input)
        return err_set(e, ENOMEM, "evdev: out of memory");
    int result = evdev_check_key(o->key, &input->code, e);
    if (result != 0) {
        free(input);
        return err_prefix(e, result, "key %s", o->key);
    }
    input->host = *host;
    const struct evdev_wish wish = {.device = o->device, .keys = &input->code, .key_count = 1};
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

static void close_evdev(struct input *input)
{
    if (input)
        evdev_watch_finish(&input->watch, free);
}

const struct input_driver input_evdev = {
    .type = {.name = "evdev",
             .help = "a key of a USB button",
             .options = option_table,
             .options_size = sizeof(struct evdev_options),
             .check = check},
    .open = open_evdev,
    .close = close_evdev,
};
