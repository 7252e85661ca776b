/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bounds that several rooms must agree on: what the loader lets through fits the arrays, masks
 * and messages behind it, because both are of the same constant. A bound that one file alone knows
 * stays in that file.
 *
 * ROW(name, value, unit, reason) makes the constant LIMIT_name; a program that prints the bounds
 * hands its own ROW to LIMITS.
 */
#ifndef TOCSIN_IFACE_LIMITS_H
#define TOCSIN_IFACE_LIMITS_H

#include <assert.h>

#define LIMITS(ROW)                                                                                \
    ROW(INPUTS, 64, "inputs", "each has one bit in the masks of exercises and outputs")            \
    ROW(RECEIVERS, 16, "receivers", "each has its lanes, and a row for every event in the store")  \
    ROW(GROUPS, 8, "groups of receivers", "each waits escalate_after for the one before it")       \
    ROW(CAMERAS, 64, "cameras", "each is a process of its own with a ring in memory")              \
    ROW(INPUT_CAMERAS, 32, "cameras of one input", "all of them are named in every alarm")         \
    ROW(LAMPS, 16, "lamps", "each is set again whenever an alarm comes further")                   \
    ROW(OUTPUTS, 16, "outputs", "each is looked at whenever an alarm comes further")               \
    ROW(CONTACTS, 16, "people of site.contacts", "all of them are named in every alarm")           \
    ROW(PRESSES, 10, "presses of one gesture", "their times are remembered for each button")       \
    ROW(ID_BYTES, 64, "bytes of an id", "ids are names of files and words of every message")       \
    ROW(NAME_BYTES, 200, "bytes of a name, place or address", "they go out with every alarm")      \
    ROW(SOCKET_BYTES, 107, "bytes of a socket's path", "the kernel's sockaddr_un takes no more")

enum limit {
#define LIMIT_CONSTANT(name, value, unit, reason) LIMIT_##name = (value),
    LIMITS(LIMIT_CONSTANT)
#undef LIMIT_CONSTANT
};

static_assert(LIMIT_INPUTS <= 64, "masks of inputs are uint64_t");
static_assert(LIMIT_RECEIVERS <= 32, "masks of receivers are uint32_t");

#endif
