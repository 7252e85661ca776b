/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file as a tree whose every node knows its line and column. Limits: 16 levels, 256 keys in
 * a map, one document. Anchors, aliases, tags and merge keys are refused: a technician's file must
 * say what it means where it is read. The tree belongs to the caller (tree_destroy).
 */
#ifndef TOCSIN_CONF_TREE_H
#define TOCSIN_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/problems.h"

enum node_type {
    NODE_TEXT,
    NODE_LIST,
    NODE_MAP,
    NODE_REFUSED, /* its mistake has been told; nobody looks at it again */
};

struct node;

struct node_pair {
    struct node *key; /* always NODE_TEXT; no two of a map are equal */
    struct node *value;
};

struct node {
    enum node_type type;
    int line; /* from 1; columns count characters, from 1 */
    int column;
    char *text;  /* NODE_TEXT: UTF-8, no NUL */
    bool quoted; /* NODE_TEXT: so that "" is a text, and nothing is no value */
    size_t count;
    struct node **items;     /* NODE_LIST */
    struct node_pair *pairs; /* NODE_MAP */
};

/*
 * Adds every mistake to `problems`. Returns the root, or NULL when the text could not be read to
 * its end; a tree that is returned may hold refused nodes.
 */
struct node *tree_parse(const char *text, size_t length, struct problems *problems);

void tree_destroy(struct node *node);

#endif
