/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host of one open input: writes down what the driver tells, in order, and waits for it. Every
 * wait is for a thing told, and fails after WATCHER_PATIENCE_MS with what was told till then.
 */
#ifndef TOCSIN_TESTS_INPUT_WATCHER_H
#define TOCSIN_TESTS_INPUT_WATCHER_H

#include "iface/input.h"
#include "input_world.h"

#define WATCHER_TOLD_MAX    8192
#define WATCHER_PATIENCE_MS 30000 /* an emulated machine is slow */

enum told_what {
    TOLD_ACTIVE,
    TOLD_REST,
    TOLD_CARD,
    TOLD_FAULT,
    TOLD_NO_FAULT,
};

struct told {
    enum told_what what;
    enum input_cause cause; /* of ACTIVE and REST */
    int64_t at_ns;          /* as told */
    int64_t told_ns;        /* when */
    char text[512];         /* the card, the reason */
};

struct watcher {
    const struct input_driver *driver;
    _Alignas(max_align_t) char options[512];
    uv_loop_t *loop;
    struct input *input;
    bool closed;
    size_t mark; /* "since" begins here */
    size_t count;
    struct told told[WATCHER_TOLD_MAX];
};

/* The driver of the name; fails the test if there is none. */
const struct input_driver *watcher_driver(const char *name);

/* The settings over the defaults of the driver's table; `ret_options` is zeroed first. */
void watcher_fill(const struct input_driver *driver, const struct input_settings *settings,
                  void *ret_options, size_t size);

/* Opens; it must not fail. */
void watcher_open(struct watcher *w, const char *driver, const struct input_settings *settings,
                  enum input_contact contact, uv_loop_t *loop);
void watcher_close(struct watcher *w);

/* From now on, "since the mark" is what is told behind this. */
void watcher_mark(struct watcher *w);

/* The first of `what` since the mark; NULL if there is none. */
const struct told *watcher_find(const struct watcher *w, enum told_what what);
size_t watcher_count(const struct watcher *w, enum told_what what);

/* Runs the loop until it was told since the mark, and returns it. */
const struct told *watcher_await(struct watcher *w, enum told_what what);

/* Runs the loop until the last level that was told is this one. */
void watcher_await_level(struct watcher *w, bool active);

/* Runs the loop for this long, whatever is told. */
void watcher_idle(uv_loop_t *loop, unsigned ms);

#endif
