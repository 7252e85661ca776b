/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every driver says of itself, whatever its kind: its name in the configuration, one line of
 * help, and the options it takes beside those of its kind.
 */
#ifndef TOCSIN_IFACE_DRIVER_H
#define TOCSIN_IFACE_DRIVER_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "iface/option.h"

struct driver_type {
    const char *name;
    const char *help;
    const struct option *options; /* ends with OPTION_TABLE_END */
    size_t options_size;          /* of the struct that the table fills */
    bool reads_cards;             /* an input: a reader of cards, not a contact */
    bool simulated;               /* nothing real is behind it: a gateway that uses it is told so */

    /*
     * What no table can say: the form of an address, keys that need each other. Pure; opens
     * nothing. Returns 0, or -EINVAL with a message and the key that it is about in *ret_key (one
     * of the table's). NULL: there is nothing more to say.
     */
    int (*check)(const void *options, const char **ret_key, struct err *e);

    /*
     * What follows from options that are legal and that whoever wrote them should know: a sentence,
     * and the key that it is about. NULL: nothing. Pure. May be NULL.
     */
    const char *(*note)(const void *options, const char **ret_key);
};

/* The driver of that name in a NULL-terminated list of one kind; NULL if there is none, or no list.
 */
static inline const struct driver_type *driver_find(const struct driver_type *const *types,
                                                    const char *name)
{
    while (types && *types && strcmp((*types)->name, name) != 0)
        types++;
    return types ? *types : NULL;
}

/*
 * Defines KIND_driver_of(type): the driver whose description `type` is. The configuration holds the
 * descriptions of one kind's list (input_types, …), so the kind is known where one is taken; the
 * description is the driver's first member, which the assertion holds.
 */
#define DRIVER_OF(kind)                                                                            \
    static inline const struct kind##_driver *kind##_driver_of(const struct driver_type *type)     \
    {                                                                                              \
        static_assert(offsetof(struct kind##_driver, type) == 0, "a driver begins with its type"); \
        return (const struct kind##_driver *)type;                                                 \
    }

#endif
