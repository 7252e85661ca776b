/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the kernel's input devices a configuration means. Event numbers move at every plug, so a
 * device is named by what it is (vendor:product), by where it is plugged in (the kernel's physical
 * path), or by a link of udev's. Loop thread only, but for the checks, which are pure.
 */
#ifndef TOCSIN_DRIVERS_EVDEV_FIND_H
#define TOCSIN_DRIVERS_EVDEV_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "iface/option.h"

#define EVDEV_NODE_SIZE 256 /* of a path below /dev */

struct evdev_wish {
    const char *device;   /* "1d50:6089", "usb-0000:00:14.0-2/input0" or "/dev/input/by-id/…" */
    const unsigned *keys; /* the device has at least one of these */
    size_t key_count;
};

/* The option `device`, of what is called `what_`. */
#define EVDEV_OPTION_DEVICE(type_, member_, what_)                                                 \
    {                                                                                              \
        .key = "device", .type = OPTION_STRING, .offset = offsetof(type_, member_), .required = 1, \
        .help = what_ " by vendor:product as lsusb prints it, by physical path (Phys= in "         \
                      "/proc/bus/input/devices), or by path below /dev/input/by-id."               \
    }

/* Whether `device` has one of the three forms; -EINVAL with a message if it has not. */
int evdev_check_device(const char *device, struct err *e);

/* The code of a key by its name, KEY_F13; -EINVAL with a message that says where names stand. */
int evdev_check_key(const char *name, unsigned *ret_code, struct err *e);

/*
 * The node of the one device that is meant. Of several that match, the one that has the key.
 * -ENOENT: none is there; -EACCES: none may be opened; -ENOTUNIQ: more than one has the key. The
 * message names them and the remedy.
 */
int evdev_find(const struct evdev_wish *wish, char ret_node[EVDEV_NODE_SIZE], struct err *e);

/* The sentence for a node that could not be opened: `code` is the errno. Returns -code. */
int evdev_explain_open(const char *node, int code, struct err *e);

#endif
