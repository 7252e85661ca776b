/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/log.h"
#include "conf/source.h"
#include "iface/limits.h"

#define DEPTH_MAX LIMIT_FILE_LEVELS
#define KEYS_MAX  LIMIT_FILE_KEYS

struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    const char *text;
    size_t length;
    struct problems *problems;
    char path[200]; /* of the node that is read */
};

static void add(struct reader *r, yaml_mark_t mark, const char *what)
{
    problems_add(r->problems, (int)mark.line + 1, (int)mark.column + 1, r->path, "%s", what);
}

/* libyaml's own problem, in a technician's words and with what was probably mistyped. */
static void add_syntax(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "not YAML";
    bool from_start;
    int slip_line;
    const char *sentence = source_explain(problem, p->context, &from_start);
    yaml_mark_t mark = from_start ? p->context_mark : p->problem_mark;
    const char *slip =
        source_find_slip(r->text, r->length, (int)p->problem_mark.line + 1, &slip_line);
    char hint[160] = "";
    int odd = source_find_odd_quotes(r->text, r->length, (int)p->problem_mark.line + 1);
    if (slip)
        snprintf(hint, sizeof hint, "; in line %d %s", slip_line, slip);
    else if (odd > 0 && odd != (int)mark.line + 1) /* what it opens ends at the next one */
        snprintf(hint, sizeof hint, "; in line %d the quotation marks (\") do not pair up", odd);
    problems_add(r->problems, (int)mark.line + 1, (int)mark.column + 1, "",
                 "%s%s (libyaml: %s%s%s)", sentence ? sentence : "this is not YAML", hint,
                 p->context ? p->context : "", p->context ? ", " : "", problem);
}

static bool next(struct reader *r)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return true;
    add_syntax(r);
    return false;
}

static struct node *create_node(const struct reader *r, enum node_type type)
{
    struct node *node = calloc(1, sizeof *node);
    if (!node)
        abort();
    node->type = type;
    node->line = (int)r->event.start_mark.line + 1;
    node->column = (int)r->event.start_mark.column + 1;
    return node;
}

/* The value is read as if they were not there: what else is wrong with it is told in one run. */
static void refuse_decoration(struct reader *r, const void *anchor, const void *tag)
{
    if (anchor)
        add(r, r->event.start_mark,
            "anchors (&name) are not used here: write the value out where it is needed");
    if (tag)
        add(r, r->event.start_mark, "tags (!type) are not used here: write the plain value");
}

static struct node *parse_node(struct reader *r, int depth);

static struct node *parse_text(struct reader *r)
{
    const yaml_event_t *event = &r->event;
    refuse_decoration(r, event->data.scalar.anchor, event->data.scalar.tag);
    struct node *node = create_node(r, NODE_TEXT);
    if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length) {
        add(r, event->start_mark, "a text with a NUL character (\\0): take it out");
        node->type = NODE_REFUSED;
        return node;
    }
    node->text = strdup((const char *)event->data.scalar.value);
    if (!node->text)
        abort();
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node;
}

static bool parse_items(struct reader *r, int depth, struct node *list)
{
    size_t path_length = strlen(r->path);
    for (;;) {
        if (!next(r))
            return false;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return true;
        struct node **grown = reallocarray(list->items, list->count + 1, sizeof *grown);
        if (!grown)
            abort();
        list->items = grown;
        snprintf(r->path + path_length, sizeof r->path - path_length, "[%zu]", list->count + 1);
        struct node *item = parse_node(r, depth + 1);
        r->path[path_length] = '\0';
        if (!item)
            return false;
        list->items[list->count++] = item;
    }
}

/* Whether the pair of this key is to be kept. */
static bool check_key(struct reader *r, const struct node *map, const struct node *key)
{
    struct problems *p = r->problems;
    char quoted[100];
    if (key->type == NODE_REFUSED)
        return false;
    if (key->type != NODE_TEXT) {
        problems_add(p, key->line, key->column, r->path, "a key must be a word, not a %s",
                     key->type == NODE_MAP ? "map" : "list");
        return false;
    }
    if (strcmp(key->text, "<<") == 0 && !key->quoted) {
        problems_add(p, key->line, key->column, r->path,
                     "merge keys (<<) are not used here: write the keys out");
        return false;
    }
    if (map->count == KEYS_MAX) {
        problems_add(p, key->line, key->column, r->path, "holds more than %d keys", KEYS_MAX);
        return false;
    }
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->pairs[i].key->text, key->text) != 0)
            continue;
        problems_add(p, key->line, key->column, r->path,
                     "%s stands here a second time (first in line %d): take one out",
                     log_quote(quoted, sizeof quoted, key->text), map->pairs[i].key->line);
        return false;
    }
    return true;
}

/* A key that may stand in a path as it is. */
static bool is_word(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
           strlen(text);
}

static struct node *parse_value(struct reader *r, int depth, const struct node *key)
{
    size_t path_length = strlen(r->path);
    if (key->type == NODE_TEXT && is_word(key->text))
        snprintf(r->path + path_length, sizeof r->path - path_length, "%s%.40s",
                 path_length > 0 ? "." : "", key->text);
    struct node *value = next(r) ? parse_node(r, depth + 1) : NULL;
    r->path[path_length] = '\0';
    return value;
}

static bool parse_pairs(struct reader *r, int depth, struct node *map)
{
    for (;;) {
        if (!next(r))
            return false;
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return true;
        struct node_pair pair = {0};
        pair.key = parse_node(r, depth + 1);
        if (!pair.key)
            return false;
        bool keep = check_key(r, map, pair.key);
        pair.value = parse_value(r, depth, pair.key);
        if (!pair.value || !keep) {
            tree_destroy(pair.key);
            tree_destroy(pair.value);
            if (!pair.value)
                return false;
            continue;
        }
        struct node_pair *grown = reallocarray(map->pairs, map->count + 1, sizeof *grown);
        if (!grown)
            abort();
        map->pairs = grown;
        map->pairs[map->count++] = pair;
    }
}

/* The node whose first event has come; NULL when the rest of the file cannot be read. */
static struct node *parse_node(struct reader *r, int depth)
{
    const yaml_event_t *event = &r->event;
    if (depth > DEPTH_MAX) {
        add(r, event->start_mark, "nested too deeply");
        return NULL;
    }
    if (event->type == YAML_ALIAS_EVENT) {
        add(r, event->start_mark, "aliases (*name) are not used here: write the value out");
        return create_node(r, NODE_REFUSED);
    }
    if (event->type == YAML_SCALAR_EVENT)
        return parse_text(r);
    bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
    if (is_list)
        refuse_decoration(r, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    else
        refuse_decoration(r, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    struct node *node = create_node(r, is_list ? NODE_LIST : NODE_MAP);
    if (is_list ? parse_items(r, depth, node) : parse_pairs(r, depth, node))
        return node;
    tree_destroy(node);
    return NULL;
}

static struct node *parse_document(struct reader *r)
{
    if (!next(r) || !next(r)) /* the stream's start, the document's */
        return NULL;
    if (r->event.type == YAML_STREAM_END_EVENT) {
        add(r, (yaml_mark_t){0}, "the file holds nothing");
        return NULL;
    }
    struct node *root = next(r) ? parse_node(r, 0) : NULL;
    if (!root || !next(r) || !next(r)) { /* the document's end, the stream's */
        tree_destroy(root);
        return NULL;
    }
    if (r->event.type != YAML_STREAM_END_EVENT)
        add(r, r->event.start_mark, "a second document begins (---): a configuration is one");
    return root;
}

struct node *tree_parse(const char *text, size_t length, struct problems *problems)
{
    struct reader r = {.problems = problems};
    int line, column;
    const char *wrong = source_check(text, length, &line, &column);
    if (wrong) {
        problems_add(problems, line, column, "", "%s", wrong);
        return NULL;
    }
    r.text = text + source_mark_bytes(text, length);
    r.length = length - source_mark_bytes(text, length);
    if (!yaml_parser_initialize(&r.parser))
        abort();
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.text, r.length);
    struct node *root = parse_document(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    return root;
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
    if (node->text)
        explicit_bzero(node->text, strlen(node->text)); /* it may be a secret */
    free(node->items);
    free(node->pairs);
    free(node->text);
    free(node);
}
