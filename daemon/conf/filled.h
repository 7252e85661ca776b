/* SPDX-License-Identifier: Apache-2.0 */
/* What a file was read into, shared by the files of this folder alone. */
#ifndef TOCSIN_CONF_FILLED_H
#define TOCSIN_CONF_FILLED_H

#include <stdint.h>

#include "conf/conf.h"
#include "conf/fill.h"

struct filled {
    const struct section *section;
    const struct driver_type *const *drivers;
    size_t count; /* 1 for a map */
    char *items;  /* section->size each */
};

struct conf {
    char *path;
    size_t count;
    struct filled *sections;
    struct option_list notes;
};

/* A section while its file is still there. */
struct section_view {
    struct fill *fill;
    const struct node *root;
    const struct conf *conf;
    const struct filled *own;
};

static inline void *filled_item(const struct filled *f, size_t index)
{
    return f->items + index * f->section->size;
}

/* An item's id (NULL until it was read); NULL for a map. */
const char *filled_id(const struct filled *f, size_t index);

/* Its driver; NULL where the section has none. */
struct config_driver *filled_driver(const struct filled *f, size_t index);

/* Where the file has the section, or an entry of it; NULL if nowhere. */
const struct node *filled_node(const struct filled *f, const struct node *root, size_t index);

/* The id as the file has it if it is a good one; else NULL. */
const char *filled_good_id(const struct filled *f, const struct node *root, size_t index);

/* "inputs.gate", "inputs[1]" while it has no legal id, "site" for a map and for SECTION_WHOLE. */
void filled_path(const struct filled *f, const struct node *root, size_t index,
                 char ret_path[FILL_PATH_SIZE]);

/* The section of that name; NULL if this program does not know it. */
const struct filled *filled_find(const struct conf *conf, const char *name);

#endif
