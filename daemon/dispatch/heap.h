/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue by key, lowest first: a leftist heap whose nodes stand in their owners' structs, so that
 * nothing is allocated and nothing can fail. Pure; one thread. Adding, taking and removing cost at
 * most the logarithm of what is in it, each time and not only on average: a press never waits for
 * a tidying-up.
 */
#ifndef TOCSIN_DISPATCH_HEAP_H
#define TOCSIN_DISPATCH_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_node {
    struct heap_node *left, *right, *parent;
    unsigned rank; /* nodes on the way to the nearest free place below */
    int64_t key;
};

/* Zeroed: empty. */
struct heap {
    struct heap_node *first; /* NULL: empty */
    uint64_t steps;          /* taken so far: what tests hold against its promise */
};

/* The struct that `node` stands in. */
#define HEAP_OWNER(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

void heap_add(struct heap *heap, struct heap_node *node, int64_t key);
void heap_remove(struct heap *heap, struct heap_node *node); /* it must be in this one */

#endif
