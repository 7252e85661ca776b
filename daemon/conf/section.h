/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A section of the configuration file, as whoever owns it describes it: constant data beside the
 * struct that it fills, in the way of a driver and its options. A program hands its list of
 * sections to conf_load; nothing here knows any of them.
 *
 * One map, or a list of maps. An entry of a list has an id (OPTION_ID), and the struct it fills
 * begins with it (`char *id`). What one option can say is in its table; what two keys, or two
 * sections, say about each other is either in the table as well (`refers`) or told by `check`.
 */
#ifndef TOCSIN_CONF_SECTION_H
#define TOCSIN_CONF_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iface/driver.h"
#include "iface/option.h"

struct config_place {
    int line; /* from 1; 0: it does not stand in the file */
    int column;
};

/* A secret that could not be read, and its file. */
struct config_unread {
    const struct option *option;
    char *file;
};

struct config_driver {
    const struct driver_type *type; /* NULL: this program was not told the section's drivers */
    void *options;                  /* the struct that type->options describes, filled */
    char *trouble; /* why it cannot be used; NULL: it can. Only as struct conf_request allows */
    size_t unread_count; /* 0 in trouble: only another configuration helps */
    struct config_unread *unread;
    /* Without a type: a hash of the text of its keys, so that a change is noticed. By this
     * process's key: there may be a password among them. */
    uint64_t unknown;
};

struct section_view;

struct section {
    const char *name;             /* the key in the file */
    const char *help;             /* one line */
    const char *program;          /* whose restart takes a change over; NULL: tocsind's */
    bool is_shared;               /* of its own keys' change, tocsind's besides */
    const struct option *options; /* ends with OPTION_TABLE_END */
    size_t size;                  /* of the struct of one entry */

    /* Of a list. */
    size_t most;        /* entries; 0: the section is one map */
    const char *needed; /* why there must be an entry: "or …"; NULL: there need be none */
    const char *entry;  /* what an entry is called where another section names it: "camera" */
    bool (*offers)(const void *item); /* whether it may be named there; NULL: every one may */

    /* Members of the struct that the loader fills beside the options; see the macros below. */
    bool has_driver, has_place;
    size_t driver_offset; /* struct config_driver: the keys of the driver stand beside the others */
    size_t place_offset;  /* struct config_place: where the entry stands */

    /*
     * What no table can say. `check` runs over whatever could be read, so an item may be half
     * filled (NULL, 0); a key is judged only if it is there. `note` runs when there is no mistake,
     * and says what is legal but perhaps not meant. Either may be NULL.
     */
    void (*check)(const struct section_view *view);
    void (*note)(const struct section_view *view);
};

#define SECTION_DRIVER(type_, member_) .has_driver = true, .driver_offset = offsetof(type_, member_)
#define SECTION_PLACE(type_, member_)  .has_place = true, .place_offset = offsetof(type_, member_)

/* The item with this id among `count` of a list section; NULL if there is none. */
const void *section_find(const struct section *section, const void *items, size_t count,
                         const char *id);

/* Whether two of its filled structs say the same: see conf_changed for what is no difference. */
bool section_items_are_same(const struct section *section, const void *a, const void *b);

/*
 * What `check` and `note` see: their own section, filled, and how it was written. `index` is an
 * entry's place in the list (0 for a map) or SECTION_WHOLE; `key` NULL means the entry itself.
 */
#define SECTION_WHOLE ((size_t)-1)

/* The filled structs, one behind the other. */
const void *section_items(const struct section_view *view, size_t *ret_count);

/* Whether the file gives the key; its text if it is a single value, else NULL. */
bool section_has(const struct section_view *view, size_t index, const char *key);
const char *section_text(const struct section_view *view, size_t index, const char *key);

/* Tells a mistake or a note, at the key if the file gives it, else at the entry. */
void section_mistake(const struct section_view *view, size_t index, const char *key,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
void section_note(const struct section_view *view, size_t index, const char *key,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether what the file names may be looked for (conf_request.check_files): whoever is to hear
 * presses does not wait for a disk. */
bool section_looks(const struct section_view *view);

/* How many entries another section has; 0 when this program does not know it. */
size_t section_count(const struct section_view *view, const char *name);

/* Whether an option of any section that refers to this one names the id. */
bool section_is_named(const struct section_view *view, const char *id);

#endif
