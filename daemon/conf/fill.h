/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map of the file into the structs that its option tables describe. What the file does not say
 * gets the table's default; every mistake is gathered.
 */
#ifndef TOCSIN_CONF_FILL_H
#define TOCSIN_CONF_FILL_H

#include "conf/problems.h"
#include "conf/tree.h"
#include "iface/limits.h"
#include "iface/option.h"

#define FILL_TABLES_MAX 3
#define FILL_PATH_SIZE  160
#define FILL_TEXT_MAX   LIMIT_TEXT_BYTES /* bytes of a text whose option names no other limit */

struct fill_target {
    const struct option *table;
    void *target; /* zeroed */
};

/* Where keys of a table belong: told when one stands in the wrong place. */
struct fill_home {
    const char *where; /* "video:", "driver: gpiod" */
    const struct option *table;
};

struct fill {
    struct problems *problems;
    const char *folder;            /* of the file: relative paths begin there */
    bool readable_by_others;       /* the file: no secret may stand in it */
    bool check_files;              /* files that are named to be read are looked for */
    bool unknown_is_noted;         /* and no mistake: see struct conf_request */
    struct config_driver *late;    /* notes the secrets that cannot be read; NULL: mistakes */
    const struct fill_home *homes; /* of all keys there are; ends with a NULL `where` */
};

/* Where a map is, or would be: for what is missing. */
struct fill_place {
    const char *path;
    struct config_place at;
};

/*
 * Reads `map` (NULL: nothing is there, defaults only). A key that no table has is a mistake, unless
 * `lenient` (keys of a driver that this program does not know are then allowed).
 */
void fill_map(struct fill *fill, const struct node *map, const struct fill_place *place,
              const struct fill_target *targets, size_t target_count, bool lenient);

/* Whether the map holds a word that no table has and that is probably this key: the word is told,
 * not what follows from the lack of the key. */
bool fill_is_misspelt(const struct node *map, const char *key, const struct fill_target *targets,
                      size_t target_count);

/* Frees what fill_map put into a target. */
void fill_free(const struct option *table, void *target);

/* The value of a key, or NULL. */
const struct node *fill_find(const struct node *map, const char *key);

/* Whether nothing is there: no node, a key with nothing behind it, or YAML's words for nothing. */
bool fill_is_nothing(const struct node *node);

/* Notes that `at` is no key or section that is known, where that is no mistake. */
void fill_note_unknown(struct fill *fill, const struct node *at, const char *path,
                       const char *what);

/* Says that the text of `at` is not one of `legal` (NULL-terminated), with the nearest. */
void fill_unknown(struct fill *fill, const struct node *at, const char *path, const char *what,
                  const char *const *legal);

/* Says that a node is not what it must be. */
void fill_wrong_type(struct fill *fill, const struct node *node, const char *path,
                     const char *must_be);

#endif
