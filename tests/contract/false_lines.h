/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A false chip behind drivers/gpio/gpio_line.h: this file stands in for libgpiod1.c or libgpiod2.c
 * when a program is linked, so that the drivers of lamps and relays are tried without a kernel's
 * line. It keeps real levels and turns them by `active`, as the kernel does.
 *
 * What it cannot show: that libgpiod is asked for what the wish says (active-low, first value, the
 * name of the holder), which errors a real chip gives and when, and that a level reaches a wire.
 * The emulated machine shows that on lines of gpio-sim (tests/vm).
 */
#ifndef TOCSIN_TESTS_FALSE_LINES_H
#define TOCSIN_TESTS_FALSE_LINES_H

#include <stdbool.h>

#define FALSE_LINES_SETS_MAX 4096

struct false_line {
    bool high;        /* the level of the wire; a test may change it */
    bool held;        /* by a stranger: cannot be had */
    bool set_fails;   /* the next writes fail, though the chip is there */
    unsigned opens;   /* by how many it is held now, of ours */
    unsigned refused; /* how often it could not be had */
    unsigned reads;
    unsigned sets;                     /* how often it was driven */
    char driven[FALSE_LINES_SETS_MAX]; /* '0' and '1': to which level, one after the other */
};

/* The lines of the chip are empty, low and unheld. */
void false_lines_make(const char *chip);
/* Made when it is first asked for. */
struct false_line *false_line(const char *name);
/* The chip goes away, and comes back with its lines low. */
void false_lines_unplug(void);
void false_lines_plug(void);
/* How many lines are held by us; each exactly once. */
unsigned false_lines_open(void);

#endif
