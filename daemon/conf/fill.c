/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/fill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/nearest.h"
#include "conf/scalar.h"
#include "conf/source.h"

#define KEYS_MAX 96

const struct node *fill_find(const struct node *map, const char *key)
{
    for (size_t i = 0; map && map->type == NODE_MAP && i < map->count; i++) {
        if (strcmp(map->pairs[i].key->text, key) == 0)
            return map->pairs[i].value;
    }
    return NULL;
}

static const char *type_name(enum node_type type)
{
    switch (type) {
    case NODE_TEXT:
        return "a single value";
    case NODE_LIST:
        return "a list";
    case NODE_MAP:
        return "a map";
    case NODE_REFUSED:
        return "nothing that can be read";
    }
    return "";
}

void fill_wrong_type(struct fill *fill, const struct node *node, const char *path,
                     const char *must_be)
{
    int line;
    const char *slip = node->type == NODE_TEXT && !node->quoted
                           ? source_find_slip(node->text, strlen(node->text), 1, &line)
                           : NULL;
    if (node->type != NODE_REFUSED)
        problems_add(fill->problems, node->line, node->column, path, "is %s, but must be %s%s%s",
                     type_name(node->type), must_be, slip ? "; " : "", slip ? slip : "");
}

void fill_unknown(struct fill *fill, const struct node *at, const char *path, const char *what,
                  const char *const *legal)
{
    char quoted[80], list[600];
    const char *nearest = nearest_find(at->text, legal);
    nearest_join(legal, list, sizeof list);
    problems_add(fill->problems, at->line, at->column, path,
                 "%s is no %s that is known here (%s%s%slegal: %s)",
                 log_quote(quoted, sizeof quoted, at->text), what, nearest ? "nearest: \"" : "",
                 nearest ? nearest : "", nearest ? "\"; " : "", list[0] ? list : "none");
}

void fill_note_unknown(struct fill *fill, const struct node *at, const char *path, const char *what)
{
    char quoted[80];
    problems_note(fill->problems, at->line, at->column, path,
                  "%s is no %s that is known here: left out",
                  log_quote(quoted, sizeof quoted, at->text), what);
}

bool fill_is_nothing(const struct node *node)
{
    return !node || (node->type == NODE_TEXT && !node->quoted &&
                     (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
                      strcmp(node->text, "null") == 0));
}

static bool is_repeated(const struct node *list, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (list->items[i]->type == NODE_TEXT &&
            strcmp(list->items[i]->text, list->items[index]->text) == 0)
            return true;
    }
    return false;
}

static void fill_item(struct fill *fill, const struct option *o, const struct node *list,
                      size_t index, const char *path, struct option_list *ret_list)
{
    const struct node *item = list->items[index];
    char inner[FILL_PATH_SIZE], quoted[80];
    snprintf(inner, sizeof inner, "%s[%zu]", path, index + 1);
    if (item->type != NODE_TEXT) {
        fill_wrong_type(fill, item, inner, "a single value");
    } else if (is_repeated(list, index)) {
        problems_add(fill->problems, item->line, item->column, inner,
                     "%s stands here a second time: take one out",
                     log_quote(quoted, sizeof quoted, item->text));
    } else {
        char *text = scalar_copy(fill, o, item, inner);
        if (text)
            ret_list->items[ret_list->count++] = text;
    }
}

static void fill_list(struct fill *fill, const struct option *o, const struct node *node,
                      const char *path, struct option_list *ret_list)
{
    char example[100], quoted[80];
    if (node->type != NODE_LIST) {
        log_quote(quoted, sizeof quoted, node->type == NODE_TEXT ? node->text : "…");
        snprintf(example, sizeof example, "a list: [%s]", quoted);
        fill_wrong_type(fill, node, path, example);
        return;
    }
    if ((int64_t)node->count < o->min || (int64_t)node->count > o->max) {
        problems_add(fill->problems, node->line, node->column, path,
                     "holds %zu %s (%" PRId64 " to %" PRId64 " are legal)", node->count,
                     node->count == 1 ? "entry" : "entries", o->min, o->max);
        return;
    }
    ret_list->items = calloc(node->count + 1, sizeof *ret_list->items);
    if (!ret_list->items)
        abort();
    for (size_t i = 0; i < node->count; i++)
        fill_item(fill, o, node, i, path, ret_list);
}

static void fill_choices(struct fill *fill, const struct option *o, const struct node *node,
                         const char *path, uint32_t *ret_bits)
{
    char inner[FILL_PATH_SIZE];
    if (node->type != NODE_LIST || node->count == 0) {
        fill_wrong_type(fill, node, path, "a list of one or more of the legal words: [word, word]");
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct node *item = node->items[i];
        size_t k = 0;
        snprintf(inner, sizeof inner, "%s[%zu]", path, i + 1);
        if (item->type != NODE_TEXT) {
            fill_wrong_type(fill, item, inner, "a single value");
            continue;
        }
        while (o->choices[k] && strcmp(o->choices[k], item->text) != 0)
            k++;
        if (o->choices[k])
            *ret_bits |= 1u << k;
        else
            fill_unknown(fill, item, inner, "word", o->choices);
    }
}

static void fill_option(struct fill *fill, const struct option *o, const struct node *node,
                        const char *path, enum scalar_source source, void *target)
{
    void *member = (char *)target + o->offset;
    if (node->type == NODE_REFUSED)
        return;
    if (fill_is_nothing(node))
        problems_add(fill->problems, node->line, node->column, path,
                     "has no value (take the line out, or give one)");
    else if (o->type == OPTION_LIST || o->type == OPTION_PATHS)
        fill_list(fill, o, node, path, member);
    else if (o->type == OPTION_CHOICES)
        fill_choices(fill, o, node, path, member);
    else if (node->type != NODE_TEXT)
        fill_wrong_type(fill, node, path, "a single value");
    else if (source == SCALAR_SOURCE_TEXT)
        scalar_fill(fill, o, node, path, member);
    else
        scalar_fill_secret(fill, o, node, path, source, member);
}

/* Writes the spelling of `o` for a source; false when it has none. */
static bool spell(const struct option *o, enum scalar_source source, char *ret_key, size_t size)
{
    snprintf(ret_key, size, "%s%s", o->key, scalar_suffixes[source]);
    return source == SCALAR_SOURCE_TEXT || o->type == OPTION_SECRET;
}

/* Which option of which table `key` means, and how it is given. */
static const struct option *match(const struct fill_target *targets, size_t count, const char *key,
                                  void **ret_target, enum scalar_source *ret_source)
{
    char spelt[80];
    for (size_t t = 0; t < count; t++) {
        for (const struct option *o = targets[t].table; o && o->key; o++) {
            for (int s = 0; s < SCALAR_SOURCE_COUNT; s++) {
                if (!spell(o, (enum scalar_source)s, spelt, sizeof spelt) ||
                    strcmp(spelt, key) != 0)
                    continue;
                *ret_target = targets[t].target;
                *ret_source = (enum scalar_source)s;
                return o;
            }
        }
    }
    return NULL;
}

static bool has_key(const struct option *table, const char *key)
{
    for (const struct option *o = table; o && o->key; o++) {
        if (strcmp(o->key, key) == 0)
            return true;
    }
    return false;
}

/* A key that stands in the wrong place is named with the right one. */
static bool tell_home(struct fill *fill, const struct node *key, const char *path)
{
    const char *homes[KEYS_MAX + 1];
    char list[200];
    size_t count = 0;
    for (const struct fill_home *home = fill->homes; home && home->where; home++) {
        if (has_key(home->table, key->text) && count < KEYS_MAX)
            homes[count++] = home->where;
    }
    homes[count] = NULL;
    nearest_join(homes, list, sizeof list);
    if (count > 0)
        problems_add(fill->problems, key->line, key->column, path,
                     "\"%s\" is no key that is known here: it belongs to %s", key->text, list);
    return count > 0;
}

/* Every legal spelling, for "did you mean". */
struct spellings {
    size_t count;
    char texts[KEYS_MAX][80];
    const char *list[KEYS_MAX + 1]; /* ends with NULL */
};

static void gather_spellings(const struct fill_target *targets, size_t target_count,
                             struct spellings *ret_spellings)
{
    struct spellings *legal = ret_spellings;
    legal->count = 0;
    for (size_t t = 0; t < target_count; t++) {
        for (const struct option *o = targets[t].table; o && o->key; o++) {
            for (int s = 0; s < SCALAR_SOURCE_COUNT && legal->count < KEYS_MAX; s++) {
                char *text = legal->texts[legal->count];
                if (spell(o, (enum scalar_source)s, text, sizeof legal->texts[0]))
                    legal->list[legal->count++] = text;
            }
        }
    }
    legal->list[legal->count] = NULL;
}

/* As fill_is_misspelt. */
static bool is_misspelt(const struct node *map, const char *key, const struct spellings *legal)
{
    for (size_t i = 0; map && i < map->count; i++) {
        const char *word = map->pairs[i].key->text;
        const char *nearest = nearest_find(word, legal->list);
        if (nearest && strcmp(nearest, key) == 0 && strcmp(word, key) != 0)
            return true;
    }
    return false;
}

static void fill_pair(struct fill *fill, const struct node_pair *pair, const char *path,
                      const struct fill_target *targets, size_t target_count,
                      const struct spellings *legal, bool lenient)
{
    char inner[FILL_PATH_SIZE];
    void *target;
    enum scalar_source source;
    const struct option *o = match(targets, target_count, pair->key->text, &target, &source);
    snprintf(inner, sizeof inner, "%s.%.80s", path, pair->key->text);
    if (o)
        fill_option(fill, o, pair->value, inner, source, target);
    else if (!lenient && fill->unknown_is_noted)
        fill_note_unknown(fill, pair->key, path, "key");
    else if (!lenient && !tell_home(fill, pair->key, path))
        fill_unknown(fill, pair->key, path, "key", legal->list);
}

/* Whether the option is given; given in two ways is a mistake. */
static bool is_given(struct fill *fill, const struct node *map, const struct option *o,
                     const char *path)
{
    const struct node *first = NULL;
    char spelt[80];
    for (int s = 0; s < SCALAR_SOURCE_COUNT; s++) {
        const struct node *node =
            spell(o, (enum scalar_source)s, spelt, sizeof spelt) ? fill_find(map, spelt) : NULL;
        if (first && node)
            problems_add(fill->problems, node->line, node->column, path,
                         "%s is given in two ways (the other in line %d): take one out", o->key,
                         first->line);
        first = first ? first : node;
    }
    return first;
}

static void fill_default(struct fill *fill, const struct option *o, const struct fill_place *place,
                         void *target)
{
    char inner[FILL_PATH_SIZE];
    snprintf(inner, sizeof inner, "%s.%s", place->path, o->key);
    if (o->required) {
        problems_add(fill->problems, place->at.line, place->at.column, inner, "is missing: %s",
                     o->help);
    } else if (o->fallback) {
        struct node node = {.type = NODE_TEXT,
                            .line = place->at.line,
                            .column = place->at.column,
                            .quoted = true,
                            .text = (char *)o->fallback};
        fill_option(fill, o, &node, inner, SCALAR_SOURCE_TEXT, target);
    }
}

void fill_map(struct fill *fill, const struct node *map, const struct fill_place *place,
              const struct fill_target *targets, size_t target_count, bool lenient)
{
    const char *path = place->path;
    if (fill_is_nothing(map))
        map = NULL;
    if (map && map->type != NODE_MAP) {
        fill_wrong_type(fill, map, path, "a map of keys and values");
        return;
    }
    struct spellings legal;
    gather_spellings(targets, target_count, &legal);
    for (size_t t = 0; t < target_count; t++) {
        for (const struct option *o = targets[t].table; o && o->key; o++) {
            if (!is_given(fill, map, o, path) &&
                !(o->required && !lenient && !fill->unknown_is_noted &&
                  is_misspelt(map, o->key, &legal)))
                fill_default(fill, o, place, targets[t].target);
        }
    }
    for (size_t i = 0; map && i < map->count; i++)
        fill_pair(fill, &map->pairs[i], path, targets, target_count, &legal, lenient);
}

bool fill_is_misspelt(const struct node *map, const char *key, const struct fill_target *targets,
                      size_t target_count)
{
    struct spellings legal;
    gather_spellings(targets, target_count, &legal);
    return is_misspelt(map, key, &legal);
}

void fill_free(const struct option *table, void *target)
{
    for (const struct option *o = table; o && o->key && target; o++) {
        void *member = (char *)target + o->offset;
        switch (o->type) {
        case OPTION_SECRET:
            if (*(char **)member)
                explicit_bzero(*(char **)member, strlen(*(char **)member));
            free(*(char **)member);
            break;
        case OPTION_ID:
        case OPTION_STRING:
        case OPTION_PATH:
            free(*(char **)member);
            break;
        case OPTION_LIST:
        case OPTION_PATHS: {
            struct option_list *list = member;
            for (size_t i = 0; i < list->count; i++)
                free(list->items[i]);
            free(list->items);
            break;
        }
        case OPTION_BOOL:
        case OPTION_INT:
        case OPTION_DECIMAL:
        case OPTION_DURATION:
        case OPTION_SIZE:
        case OPTION_CHOICE:
        case OPTION_CHOICES:
            break;
        }
    }
}
