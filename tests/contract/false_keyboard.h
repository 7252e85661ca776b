/* SPDX-License-Identifier: Apache-2.0 */
/* A USB keyboard that is none: a device of the kernel's uinput. */
#ifndef TOCSIN_TESTS_FALSE_KEYBOARD_H
#define TOCSIN_TESTS_FALSE_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

struct false_keyboard {
    int fd; /* -1: not plugged in */
};

struct false_keyboard_type {
    uint16_t vendor, product;
    const char *phys;
    const unsigned *keys; /* ends with 0 */
    bool repeats;         /* the kernel repeats a key that is held */
};

void false_keyboard_plug(struct false_keyboard *k, const struct false_keyboard_type *type);

/* Without effect if it is not plugged in. */
void false_keyboard_unplug(struct false_keyboard *k);

void false_keyboard_set(const struct false_keyboard *k, unsigned key, bool down);

/* The node of the device, /dev/input/event7. */
void false_keyboard_node(const struct false_keyboard *k, char *ret_path, unsigned size);

#endif
