/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 16

struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    int line, column; /* of the mistake */
    struct err *e;
};

static int mistake_at(struct reader *r, yaml_mark_t mark, const char *what)
{
    r->line = (int)mark.line + 1;
    r->column = (int)mark.column + 1;
    return err_set(r->e, EINVAL, "%s", what);
}

static int next(struct reader *r)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return 0;
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "not YAML";
    if (p->error == YAML_READER_ERROR)
        return mistake_at(r, p->mark, "text that is not UTF-8");
    mistake_at(r, p->problem_mark, problem);
    if (strstr(problem, "cannot start any token"))
        return err_set(r->e, EINVAL,
                       "a character that cannot begin a value (a tab? indent with spaces; quote "
                       "text that begins with a sign)");
    if (p->context)
        return err_set(r->e, EINVAL, "%s %s", p->context, problem);
    return -EINVAL;
}

static struct node *create_node(const struct reader *r, enum node_type type)
{
    struct node *node = calloc(1, sizeof *node);
    if (!node)
        return NULL;
    node->type = type;
    node->line = (int)r->event.start_mark.line + 1;
    node->column = (int)r->event.start_mark.column + 1;
    return node;
}

static int parse_node(struct reader *r, int depth, struct node **ret_node);

static int refuse_decoration(struct reader *r, const void *anchor, const void *tag)
{
    if (anchor)
        return mistake_at(r, r->event.start_mark, "anchors are not used here: write it out");
    if (tag)
        return mistake_at(r, r->event.start_mark, "tags are not used here: write the plain value");
    return 0;
}

static int parse_list(struct reader *r, int depth, struct node *list)
{
    for (;;) {
        int result = next(r);
        if (result != 0 || r->event.type == YAML_SEQUENCE_END_EVENT)
            return result;
        struct node **grown = reallocarray(list->items, list->count + 1, sizeof *grown);
        if (!grown)
            return err_set(r->e, ENOMEM, "out of memory");
        list->items = grown;
        result = parse_node(r, depth + 1, &list->items[list->count]);
        if (result != 0)
            return result;
        list->count++;
    }
}

static int check_key(struct reader *r, const struct node *map, const struct node *key)
{
    r->line = key->line;
    r->column = key->column;
    if (key->type != NODE_TEXT)
        return err_set(r->e, EINVAL, "a key must be a word");
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->pairs[i].key->text, key->text) == 0)
            return err_set(r->e, EINVAL, "%.60s: stands here a second time (first in line %d)",
                           key->text, map->pairs[i].key->line);
    }
    return 0;
}

static int parse_map(struct reader *r, int depth, struct node *map)
{
    for (;;) {
        int result = next(r);
        if (result != 0 || r->event.type == YAML_MAPPING_END_EVENT)
            return result;
        struct node_pair *grown = reallocarray(map->pairs, map->count + 1, sizeof *grown);
        if (!grown)
            return err_set(r->e, ENOMEM, "out of memory");
        map->pairs = grown;
        struct node_pair pair = {0};
        result = parse_node(r, depth + 1, &pair.key);
        if (result == 0)
            result = check_key(r, map, pair.key);
        if (result == 0)
            result = next(r);
        if (result == 0)
            result = parse_node(r, depth + 1, &pair.value);
        if (result != 0) {
            tree_destroy(pair.key);
            return result;
        }
        map->pairs[map->count++] = pair;
    }
}

static int parse_node(struct reader *r, int depth, struct node **ret_node)
{
    struct node *node = NULL;
    int result = 0;
    const yaml_event_t *event = &r->event;
    if (depth > DEPTH_MAX)
        return mistake_at(r, event->start_mark, "nested too deeply");
    if (event->type == YAML_ALIAS_EVENT)
        return mistake_at(r, event->start_mark, "aliases are not used here: write it out");
    if (event->type == YAML_SCALAR_EVENT) {
        result = refuse_decoration(r, event->data.scalar.anchor, event->data.scalar.tag);
        if (result == 0 && strlen((char *)event->data.scalar.value) != event->data.scalar.length)
            result = mistake_at(r, event->start_mark, "a text with a NUL character");
        node = result == 0 ? create_node(r, NODE_TEXT) : NULL;
        if (node) {
            node->text = strdup((const char *)event->data.scalar.value);
            node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        }
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        result =
            refuse_decoration(r, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        node = result == 0 ? create_node(r, NODE_LIST) : NULL;
        if (node)
            result = parse_list(r, depth, node);
    } else {
        result =
            refuse_decoration(r, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        node = result == 0 ? create_node(r, NODE_MAP) : NULL;
        if (node)
            result = parse_map(r, depth, node);
    }
    if (result == 0 && (!node || (node->type == NODE_TEXT && !node->text)))
        result = err_set(r->e, ENOMEM, "out of memory");
    if (result != 0) {
        tree_destroy(node);
        return result;
    }
    *ret_node = node;
    return 0;
}

static int parse_document(struct reader *r, struct node **ret_root)
{
    struct node *root = NULL;
    int result = next(r); /* stream start */
    if (result == 0)
        result = next(r);
    if (result == 0 && r->event.type == YAML_STREAM_END_EVENT)
        return mistake_at(r, r->event.start_mark, "the file is empty");
    if (result == 0)
        result = next(r);
    if (result == 0)
        result = parse_node(r, 0, &root);
    if (result == 0)
        result = next(r); /* document end */
    if (result == 0)
        result = next(r);
    if (result == 0 && r->event.type != YAML_STREAM_END_EVENT)
        result = mistake_at(r, r->event.start_mark, "a second document begins: one is read");
    if (result != 0) {
        tree_destroy(root);
        return result;
    }
    *ret_root = root;
    return 0;
}

int tree_parse(const char *text, size_t length, struct node **ret_root, int *ret_line,
               int *ret_column, struct err *e)
{
    struct reader r = {.line = 1, .column = 1, .e = e};
    if (!yaml_parser_initialize(&r.parser))
        return err_set(e, ENOMEM, "out of memory");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, length);
    int result = parse_document(&r, ret_root);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    *ret_line = r.line;
    *ret_column = r.column;
    return result;
}

void tree_destroy(struct node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->count; i++) {
        if (node->type == NODE_LIST) {
            tree_destroy(node->items[i]);
        } else {
            tree_destroy(node->pairs[i].key);
            tree_destroy(node->pairs[i].value);
        }
    }
    free(node->items);
    free(node->pairs);
    free(node->text);
    free(node);
}
