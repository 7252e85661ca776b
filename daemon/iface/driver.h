/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every driver says of itself, whatever its kind: its name in the configuration, one line of
 * help, and the options it takes beside those of its kind.
 */
#ifndef TOCSIN_IFACE_DRIVER_H
#define TOCSIN_IFACE_DRIVER_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "iface/option.h"

struct driver_mistake {
    const char *key;   /* of the table: what it is about */
    size_t item;       /* of a list, from 1; 0: the whole */
    const char *needs; /* another key of the table without which it would be none; NULL: none */
    struct err what;
};

/* What is wrong with a driver's options: as many as its tables' lists allow. */
struct driver_mistakes {
    size_t count;
    struct driver_mistake *items; /* owned: driver_mistakes_finish */
};

/* One more; its `what` is to be written by the caller, before the next. Aborts without memory. */
static inline struct err *driver_mistake(struct driver_mistakes *mistakes, const char *key,
                                         size_t item, const char *needs)
{
    struct driver_mistake *made = reallocarray(mistakes->items, mistakes->count + 1, sizeof *made);
    if (!made)
        abort();
    mistakes->items = made;
    made += mistakes->count++;
    *made = (struct driver_mistake){.key = key, .item = item, .needs = needs};
    return &made->what;
}

static inline void driver_mistakes_finish(struct driver_mistakes *mistakes)
{
    free(mistakes->items);
    *mistakes = (struct driver_mistakes){.count = 0};
}

/* The first of them as one that stops whatever needs the options: 0, or -EINVAL with the key before
 * its sentence. They are finished. */
static inline int driver_first_mistake(struct driver_mistakes *mistakes, struct err *e)
{
    int result = mistakes->count == 0 ? 0
                                      : err_set(e, EINVAL, "%s: %s", mistakes->items[0].key,
                                                mistakes->items[0].what.text);
    driver_mistakes_finish(mistakes);
    return result;
}

struct driver_type {
    const char *name;
    const char *help;
    const struct option *options; /* ends with OPTION_TABLE_END */
    size_t options_size;          /* of the struct that the table fills */
    bool reads_cards;             /* an input: a reader of cards, not a contact */
    bool simulated;               /* nothing real is behind it: a gateway that uses it is told so */

    /*
     * What no table can say: the form of an address, keys that need each other. All mistakes at
     * once, added to `ret_mistakes`. Pure; opens nothing. It runs over whatever could be read, so a
     * text may be NULL, a list empty and a number 0; what it says of a key that could not be read
     * is not told. NULL: there is nothing more to say.
     */
    void (*check)(const void *options, struct driver_mistakes *ret_mistakes);

    /*
     * What it would find in the files that its options name, if it were opened now: likewise, but
     * it waits for the disk. NULL: nothing but that they are there.
     */
    void (*check_files)(const void *options, struct driver_mistakes *ret_mistakes);

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
