/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map of the file into the structs that its option tables describe. What the file does not say
 * gets the table's default; every mistake is gathered.
 */
#ifndef TOCSIN_CONF_FILL_H
#define TOCSIN_CONF_FILL_H

#include "conf/problems.h"
#include "conf/tree.h"
#include "iface/option.h"

#define FILL_TABLES_MAX 3

struct fill_target {
    const struct option *table;
    void *target; /* zeroed */
};

struct fill {
    struct problems *problems;
    const char *folder;      /* of the file: relative paths begin there */
    bool readable_by_others; /* the file: no secret may stand in it */
};

/*
 * Reads `map` (NULL: nothing is there, defaults only) at `path`. A key that no table has is a
 * mistake, unless `lenient` (keys of a driver that this program does not know are then allowed).
 * `line`, `column` say where the map would be, for what is missing.
 */
void fill_map(struct fill *fill, const struct node *map, const char *path, int line, int column,
              const struct fill_target *targets, size_t target_count, bool lenient);

/* Frees what fill_map put into a target. */
void fill_free(const struct option *table, void *target);

/* The value of a key, or NULL. */
const struct node *fill_find(const struct node *map, const char *key);

/* Says that `word` is not one of `legal` (NULL-terminated), with the nearest. */
void fill_unknown(struct fill *fill, const struct node *at, const char *path, const char *what,
                  const char *const *legal);

#endif
