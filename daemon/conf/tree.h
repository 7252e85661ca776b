/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file as a tree whose every node knows its line and column. Limits: 1 MiB, 16 levels, one
 * document. Anchors, aliases and tags are refused: a technician's file must say what it means where
 * it is read. The tree belongs to the caller (tree_destroy).
 */
#ifndef TOCSIN_CONF_TREE_H
#define TOCSIN_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum node_type {
    NODE_TEXT,
    NODE_LIST,
    NODE_MAP,
};

struct node;

struct node_pair {
    struct node *key; /* always NODE_TEXT */
    struct node *value;
};

struct node {
    enum node_type type;
    int line; /* from 1; columns count characters, from 1 */
    int column;
    char *text;  /* NODE_TEXT */
    bool quoted; /* NODE_TEXT: so that "yes" in quotes stays a string */
    size_t count;
    struct node **items;     /* NODE_LIST */
    struct node_pair *pairs; /* NODE_MAP */
};

/* On a mistake: -EINVAL, its place in *ret_line and *ret_column, and what is wrong in `e`. */
int tree_parse(const char *text, size_t length, struct node **ret_root, int *ret_line,
               int *ret_column, struct err *e);

void tree_destroy(struct node *node);

#endif
