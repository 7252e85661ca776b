/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/refer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/value.h"

/* Calls `visit` for every option of every entry that refers to another section. */
struct walk {
    void (*visit)(struct walk *w, const struct filled *f, size_t index, const struct option *o,
                  const void *target);
    const struct node *root;
    struct fill *fill;
    const struct conf *conf;
    const char *name, *id;
    bool found;
};

static void walk_table(struct walk *w, const struct filled *f, size_t index,
                       const struct option *table, const void *target)
{
    for (const struct option *o = table; o && o->key; o++) {
        if (o->refers)
            w->visit(w, f, index, o, target);
    }
}

static void walk_all(struct walk *w)
{
    for (size_t i = 0; i < w->conf->count; i++) {
        const struct filled *f = &w->conf->sections[i];
        for (size_t k = 0; k < f->count; k++) {
            const struct config_driver *driver = filled_driver(f, k);
            walk_table(w, f, k, f->section->options, filled_item(f, k));
            if (driver && driver->type)
                walk_table(w, f, k, driver->type->options, driver->options);
        }
    }
}

/* Whether every entry has an id that could be read: else what names them is not judged. */
static bool ids_are_known(const struct filled *f, const struct node *root)
{
    const struct node *list = filled_node(f, root, SECTION_WHOLE);
    if (fill_is_nothing(list) || list->type != NODE_LIST)
        return fill_is_nothing(list);
    for (size_t i = 0; i < list->count; i++) {
        const struct node *id = fill_find(list->items[i], "id");
        if (!id || id->type != NODE_TEXT)
            return false;
    }
    return true;
}

static bool is_among(const char *id, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(ids[i], id) == 0)
            return true;
    }
    return false;
}

/* The ids that may be named, each once, with NULL at the end. Caller frees the array. */
static const char **gather_offered(const struct filled *f)
{
    const char **ids = calloc(f->count + 1, sizeof *ids);
    size_t count = 0;
    if (!ids)
        abort();
    for (size_t i = 0; i < f->count; i++) {
        const char *id = filled_id(f, i);
        if (id && value_is_id(id) && !is_among(id, ids, count) &&
            (!f->section->offers || f->section->offers(filled_item(f, i))))
            ids[count++] = id;
    }
    return ids;
}

static void check_name(struct fill *fill, const struct node *name, const char *path,
                       const char *entry, const char *const *offered)
{
    if (!name || name->type != NODE_TEXT || name->text[0] == '\0')
        return;
    size_t count = 0;
    while (offered[count])
        count++;
    if (!is_among(name->text, offered, count))
        fill_unknown(fill, name, path, entry, offered);
}

static void check_option(struct walk *w, const struct filled *f, size_t index,
                         const struct option *o, const void *target)
{
    char entry[FILL_PATH_SIZE], path[FILL_PATH_SIZE];
    const struct filled *other = filled_find(w->conf, o->refers);
    const struct node *value = fill_find(filled_node(f, w->root, index), o->key);
    (void)target;
    if (!other || !value || !ids_are_known(other, w->root))
        return;
    const char **offered = gather_offered(other);
    filled_path(f, w->root, index, entry);
    if (value->type != NODE_LIST) {
        snprintf(path, sizeof path, "%s.%s", entry, o->key);
        check_name(w->fill, value, path, other->section->entry, offered);
    }
    for (size_t i = 0; value->type == NODE_LIST && i < value->count; i++) {
        snprintf(path, sizeof path, "%s.%s[%zu]", entry, o->key, i + 1);
        check_name(w->fill, value->items[i], path, other->section->entry, offered);
    }
    free(offered);
}

void refer_check(struct fill *fill, const struct node *root, const struct conf *conf)
{
    struct walk w = {.visit = check_option, .root = root, .fill = fill, .conf = conf};
    walk_all(&w);
}

static void look_for(struct walk *w, const struct filled *f, size_t index, const struct option *o,
                     const void *target)
{
    const void *member = (const char *)target + o->offset;
    (void)f;
    (void)index;
    if (strcmp(o->refers, w->name) != 0)
        return;
    if (o->type == OPTION_LIST) {
        const struct option_list *names = member;
        w->found = w->found || option_list_find(names, w->id) < names->count;
    } else {
        const char *name;
        memcpy(&name, member, sizeof name);
        w->found = w->found || (name && strcmp(name, w->id) == 0);
    }
}

bool refer_is_named(const struct conf *conf, const char *name, const char *id)
{
    struct walk w = {.visit = look_for, .conf = conf, .name = name, .id = id};
    walk_all(&w);
    return w.found;
}
