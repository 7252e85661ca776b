/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world is what stands behind an input driver while the contract is tried: it makes the thing
 * that the driver opens, presses it, pulls it out and plugs it in again. Each test begins and ends
 * its own; none is left behind, also where the last one was cut off.
 */
#ifndef TOCSIN_TESTS_INPUT_WORLD_H
#define TOCSIN_TESTS_INPUT_WORLD_H

#include "iface/input.h"

#define INPUT_WORLD_OPTIONS_MAX 6

struct input_setting {
    const char *key;
    const char *value;
};

/* Options as a configuration has them; what is not set has its default. */
struct input_settings {
    struct input_setting of[INPUT_WORLD_OPTIONS_MAX];
};

/* What cannot be had now: a fault that names the remedy. */
struct input_refusal {
    const char *what;
    struct input_settings settings;
    const char *remedy;    /* words of the reason */
    void (*prepare)(void); /* NULL: nothing */
    void (*restore)(void);
};

/* What can never be: the driver's check names the key and the remedy. */
struct input_mistake {
    struct input_settings settings;
    const char *key;
    const char *remedy;
};

struct input_world {
    const char *name; /* the driver's */
    struct input_settings settings;
    const struct input_settings *pressed; /* that find it pressed; NULL: press does that */
    const struct input_refusal *refusals; /* end with one without `what` */
    const struct input_mistake *mistakes; /* end with one without `key` */

    void (*begin)(void); /* there, at rest */
    void (*end)(void);
    void (*press)(struct input *input, enum input_contact contact, bool active);
    /*
     * A reader: types the characters (what is no digit as some other key) and Enter. `loop` gets
     * its turn at every key; NULL: the gateway is late, and the kernel keeps what it can.
     */
    void (*show)(struct input *input, const char *characters, uv_loop_t *loop);
    void (*unplug)(void); /* NULL: it is always there */
    void (*plug)(void);   /* again, at rest */
};

extern const struct input_world world_sim;
extern const struct input_world world_sim_card;
extern const struct input_world world_gpiod;
extern const struct input_world world_evdev;
extern const struct input_world world_evdev_card;

#endif
