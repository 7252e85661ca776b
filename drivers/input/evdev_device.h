/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One input device of the kernel, opened and grabbed: what it types reaches nobody else.
 *
 * A grab belongs to one open file, so inputs on different keys of one device share it: the first
 * that takes a device opens it, the last that releases it closes it. The devices that are open are
 * the driver's one table for the process. Loop thread only.
 */
#ifndef TOCSIN_DRIVERS_EVDEV_DEVICE_H
#define TOCSIN_DRIVERS_EVDEV_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/err.h"

struct evdev_device;

/*
 * Who uses a device; embedded by its owner, who fills the functions. They are called from the loop,
 * never from within take, and must not release a device, nor take one.
 */
struct evdev_user {
    /* The kernel saw the key go down or up at `at_ns` (CLOCK_MONOTONIC). Repeats are left out. */
    void (*on_key)(struct evdev_user *user, unsigned code, bool down, int64_t at_ns);
    /* All that was queued has been told; evdev_device_is_down says how the keys stood at `at_ns`.*/
    void (*on_state)(struct evdev_user *user, int64_t at_ns);
    /* The kernel's queue overflowed: keys are missing before `at_ns`. */
    void (*on_overflow)(struct evdev_user *user, int64_t at_ns);
    /* The device is gone and is no longer taken; nothing follows. */
    void (*on_lost)(struct evdev_user *user, const char *reason);
    LIST_ENTRY(evdev_user) next; /* the device's own */
};

/* Opens and grabs the device at `node`, or joins those who did. Errors name the remedy. */
int evdev_device_take(const char *node, uv_loop_t *loop, struct evdev_user *user,
                      struct evdev_device **ret_device, struct err *e);

/* Whether the key was down when the kernel was last asked: at take, and before on_state. */
bool evdev_device_is_down(const struct evdev_device *device, unsigned code);

/* No callback after it returns. NULL is accepted. */
void evdev_device_release(struct evdev_device *device, struct evdev_user *user);

#endif
