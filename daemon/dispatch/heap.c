/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch/heap.h"

static unsigned rank(const struct heap_node *node)
{
    return node ? node->rank : 0;
}

/* The shorter way down is always the right one; true if this changed the node's rank. */
static int lean_left(struct heap_node *node)
{
    if (rank(node->left) < rank(node->right)) {
        struct heap_node *left = node->left;
        node->left = node->right;
        node->right = left;
    }
    unsigned before = node->rank;
    node->rank = rank(node->right) + 1;
    return node->rank != before;
}

/* Goes down the right side of both, which is short: no deeper than the logarithm. */
static struct heap_node *merge(struct heap *heap, struct heap_node *a, struct heap_node *b)
{
    if (!a || !b)
        return a ? a : b;
    heap->steps++;
    if (b->key < a->key) {
        struct heap_node *lower = b;
        b = a;
        a = lower;
    }
    a->right = merge(heap, a->right, b);
    a->right->parent = a;
    lean_left(a);
    return a;
}

void heap_add(struct heap *heap, struct heap_node *node, int64_t key)
{
    *node = (struct heap_node){.rank = 1, .key = key};
    heap->first = merge(heap, heap->first, node);
    heap->first->parent = NULL;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    struct heap_node *above = node->parent, *rest = merge(heap, node->left, node->right);
    if (rest)
        rest->parent = above;
    if (!above)
        heap->first = rest;
    else if (above->left == node)
        above->left = rest;
    else
        above->right = rest;
    while (above && lean_left(above)) {
        heap->steps++;
        above = above->parent;
    }
}
