/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/load.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/cross.h"
#include "conf/nearest.h"
#include "conf/secret.h"
#include "conf/sections.h"
#include "iface/limits.h"

#define HOMES_MAX 64

/* A list of the file: its name, its tables, and how big its array may become. */
struct list_section {
    const char *name;
    const struct option *table;
    const struct driver_type *const *types;
    bool required;
    size_t most;
    size_t item_size, driver_offset, place_offset; /* an item's first member is its id */
};

struct loader {
    struct fill *fill;
    const struct node *root;
    const struct config_drivers *drivers;
    struct fill_home homes[HOMES_MAX + 1];
    char home_names[HOMES_MAX][60];
    size_t home_count;
};

static bool is_legal_id(const char *id)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_.";
    size_t length = strlen(id);
    return length > 0 && length <= LIMIT_ID_BYTES && strspn(id, legal) == length &&
           !strchr("-_.", id[0]);
}

/* Ids are names of files, lines of a protocol and arguments in a shell. */
static void check_id(struct loader *l, const struct node *map, const char *path)
{
    const struct node *id = fill_find(map, "id");
    char inner[FILL_PATH_SIZE], quoted[100];
    snprintf(inner, sizeof inner, "%s.id", path);
    if (id && id->type == NODE_TEXT && id->text[0] && !is_legal_id(id->text))
        problems_add(l->fill->problems, id->line, id->column, inner,
                     "%s is no id: it begins with a letter or digit and holds letters (a-z, A-Z), "
                     "digits, '-', '_' and '.', %d at the most; names in Chinese go with name:",
                     log_quote(quoted, sizeof quoted, id->text), LIMIT_ID_BYTES);
}

/* The type that `driver:` names; NULL when it names none that is known, which is told. */
static const struct driver_type *find_driver(struct loader *l, const struct node *map,
                                             const char *path, const struct config_place *place,
                                             const struct driver_type *const *types)
{
    const struct node *at = fill_find(map, "driver");
    const char *legal[HOMES_MAX + 1];
    char inner[FILL_PATH_SIZE], list[200];
    size_t count = 0;
    for (; types && types[count] && count < HOMES_MAX; count++) {
        legal[count] = types[count]->name;
        if (at && at->type == NODE_TEXT && strcmp(at->text, types[count]->name) == 0)
            return types[count];
    }
    legal[count] = NULL;
    nearest_join(legal, list, sizeof list);
    snprintf(inner, sizeof inner, "%s.driver", path);
    if (!at && (fill_is_nothing(map) || map->type == NODE_MAP))
        problems_add(l->fill->problems, place->line, place->column, inner,
                     "is missing: which driver serves it%s%s%s", types ? " (legal: " : "",
                     types ? list : "", types ? ")" : "");
    else if (types && at && at->type == NODE_TEXT && at->text[0])
        fill_unknown(l->fill, at, inner, "driver", legal);
    return NULL;
}

static void check_driver(struct loader *l, const struct node *map, const char *path,
                         const struct config_driver *driver)
{
    const char *key = NULL;
    char inner[FILL_PATH_SIZE];
    struct err e;
    if (!driver->type->check || driver->type->check(driver->options, &key, &e) == 0)
        return;
    const struct node *at = fill_find(map, key);
    snprintf(inner, sizeof inner, "%s.%s", path, key);
    problems_add(l->fill->problems, at ? at->line : map->line, at ? at->column : map->column, inner,
                 "%s", e.text);
}

/* Fills the driver's own struct from the same map as the common keys in `common`. */
static void load_entry(struct loader *l, const struct node *map, const char *path,
                       const struct config_place *place, const struct option *table, void *common,
                       const struct driver_type *const *types, struct config_driver *ret_driver)
{
    char *name = NULL;
    struct fill_target targets[FILL_TABLES_MAX] = {{table, common}, {driver_options, &name}};
    size_t target_count = 2, mistakes = l->fill->problems->mistakes.count;
    const struct driver_type *type = find_driver(l, map, path, place, types);
    if (type) {
        ret_driver->type = type;
        ret_driver->options = calloc(1, type->options_size > 0 ? type->options_size : 1);
        if (!ret_driver->options)
            abort();
        targets[target_count++] = (struct fill_target){type->options, ret_driver->options};
    }
    l->fill->late = l->drivers->secrets_may_wait ? ret_driver : NULL;
    fill_map(l->fill, map, path, place->line, place->column, targets, target_count, !type);
    if (type && l->fill->problems->mistakes.count == mistakes)
        check_driver(l, map, path, ret_driver);
    l->fill->late = NULL;
    assert(type || !types || l->fill->problems->mistakes.count > 0);
    free(name);
}

static void load_section(struct loader *l, const char *name, const struct option *table,
                         void *target)
{
    const struct node *map = fill_find(l->root, name);
    struct fill_target one = {table, target};
    fill_map(l->fill, map, name, map ? map->line : l->root->line,
             map ? map->column : l->root->column, &one, 1, false);
}

static void load_signing(struct loader *l, struct config_signing *signing)
{
    const struct node *map = fill_find(l->root, "signing");
    if (map)
        signing->at = (struct config_place){map->line, map->column};
    const struct config_place top = {l->root->line, l->root->column};
    load_entry(l, map, "signing", map ? &signing->at : &top, signing_options, signing,
               l->drivers->signers, &signing->driver);
}

static bool is_misspelt(struct loader *l, const char *section)
{
    const char *const legal[] = {section, NULL};
    for (size_t i = 0; i < l->root->count; i++) {
        if (nearest_find(l->root->pairs[i].key->text, legal) &&
            strcmp(l->root->pairs[i].key->text, section) != 0)
            return true;
    }
    return false;
}

/* The list of a section; NULL when it is empty or cannot be read, which is told. */
static const struct node *open_list(struct loader *l, const struct list_section *section)
{
    const struct node *list = fill_find(l->root, section->name);
    bool is_empty = fill_is_nothing(list) || (list->type == NODE_LIST && list->count == 0);
    if (is_empty && section->required && (list || !is_misspelt(l, section->name)))
        problems_add(l->fill->problems, list ? list->line : l->root->line,
                     list ? list->column : l->root->column, section->name,
                     "at least one entry is needed, or no alarm can come or go");
    if (is_empty)
        return NULL;
    if (list->type != NODE_LIST) {
        fill_wrong_type(l->fill, list, section->name, "a list: begin each entry with \"- id: …\"");
        return NULL;
    }
    if (list->count <= section->most)
        return list;
    problems_add(l->fill->problems, list->items[section->most]->line,
                 list->items[section->most]->column, section->name,
                 "holds %zu entries; %zu are the most", list->count, section->most);
    return NULL;
}

static void check_repeats(struct loader *l, const struct node *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct node *id = fill_find(list->items[i], "id");
        for (size_t j = 0; id && id->type == NODE_TEXT && j < i; j++) {
            const struct node *earlier = fill_find(list->items[j], "id");
            if (!earlier || earlier->type != NODE_TEXT || strcmp(id->text, earlier->text) != 0)
                continue;
            char path[FILL_PATH_SIZE], quoted[100];
            snprintf(path, sizeof path, "%s[%zu].id", name, i + 1);
            problems_add(l->fill->problems, id->line, id->column, path,
                         "%s stands here a second time (first in line %d)",
                         log_quote(quoted, sizeof quoted, id->text), earlier->line);
            break;
        }
    }
}

/* What was found since `before` is the trouble of this entry and no mistake of the file. */
static void excuse(struct loader *l, size_t before, struct config_driver *driver)
{
    char *first = problems_take(l->fill->problems, before);
    if (!first)
        return;
    secret_forget(driver);
    driver->trouble = first;
}

static void load_list(struct loader *l, const struct list_section *section, size_t *ret_count,
                      void *ret_items)
{
    const struct node *list = open_list(l, section);
    size_t count = list ? list->count : 0;
    char *items = calloc(count + 1, section->item_size);
    if (!items)
        abort();
    for (size_t i = 0; i < count; i++) {
        char path[FILL_PATH_SIZE];
        char *item = items + i * section->item_size;
        const struct node *map = list->items[i];
        const struct node *id = fill_find(map, "id");
        bool has_good_id = id && id->type == NODE_TEXT && is_legal_id(id->text);
        if (has_good_id)
            snprintf(path, sizeof path, "%s.%s", section->name, id->text);
        else
            snprintf(path, sizeof path, "%s[%zu]", section->name, i + 1);
        struct config_place *place = (struct config_place *)(item + section->place_offset);
        *place = (struct config_place){map->line, map->column};
        struct config_driver *driver = (struct config_driver *)(item + section->driver_offset);
        size_t before = l->fill->problems->mistakes.count;
        load_entry(l, map, path, place, section->table, item, section->types, driver);
        if (l->drivers->entries_may_fail && section->types && has_good_id)
            excuse(l, before, driver);
        check_id(l, map, path);
    }
    if (list)
        check_repeats(l, list, section->name);
    *ret_count = count;
    memcpy(ret_items, &items, sizeof items);
}

static void check_section_names(struct loader *l)
{
    const char *legal[16];
    size_t count = 0;
    for (; sections[count].name; count++)
        legal[count] = sections[count].name;
    legal[count] = NULL;
    for (size_t i = 0; i < l->root->count; i++) {
        const struct node *key = l->root->pairs[i].key;
        size_t k = 0;
        while (legal[k] && strcmp(legal[k], key->text) != 0)
            k++;
        if (!legal[k])
            fill_unknown(l->fill, key, "", "section", legal);
    }
}

static void add_home(struct loader *l, const struct option *table, const char *format,
                     const char *name)
{
    if (l->home_count == HOMES_MAX)
        return;
    char *where = l->home_names[l->home_count];
    int length = snprintf(where, sizeof l->home_names[0], "%s", format);
    snprintf(where + length, sizeof l->home_names[0] - (size_t)length, "%s", name);
    l->homes[l->home_count++] = (struct fill_home){where, table};
}

static void gather_homes(struct loader *l)
{
    const struct config_drivers *d = l->drivers;
    const struct driver_type *const *const kinds[] = {d->inputs,  d->indicators, d->outputs,
                                                      d->cameras, d->signers,    d->uplinks};
    static const char *const names[] = {"inputs with driver ",  "lamps with driver ",
                                        "outputs with driver ", "cameras with driver ",
                                        "signing with driver ", "receivers with driver "};
    for (const struct section *s = sections; s->name; s++)
        add_home(l, s->table, "", s->name);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (size_t i = 0; kinds[k] && kinds[k][i]; i++)
            add_home(l, kinds[k][i]->options, names[k], kinds[k][i]->name);
    }
    l->fill->homes = l->homes;
}

#define LIST_SECTION(name_, table_, types_, required_, most_, item_)                               \
    (&(struct list_section){.name = name_,                                                         \
                            .table = table_,                                                       \
                            .types = types_,                                                       \
                            .required = required_,                                                 \
                            .most = most_,                                                         \
                            .item_size = sizeof(struct item_),                                     \
                            .driver_offset = offsetof(struct item_, driver),                       \
                            .place_offset = offsetof(struct item_, at)})

void load_config(struct fill *fill, const struct node *root, const struct config_drivers *d,
                 struct config *c)
{
    struct loader loader = {.fill = fill, .root = root, .drivers = d};
    struct loader *l = &loader;
    gather_homes(l);
    check_section_names(l);
    load_section(l, "site", site_options, &c->site);
    check_id(l, fill_find(root, "site"), "site");
    load_section(l, "storage", storage_options, &c->storage);
    load_section(l, "video", video_options, &c->video);
    load_section(l, "control", control_options, &c->control);
    load_section(l, "alarms", alarm_options, &c->alarms);
    load_section(l, "exercises", exercise_options, &c->exercises);
    load_signing(l, &c->signing);
    load_list(l, LIST_SECTION("inputs", input_options, d->inputs, true, LIMIT_INPUTS, config_input),
              &c->input_count, &c->inputs);
    load_list(
        l, LIST_SECTION("cameras", camera_options, d->cameras, false, LIMIT_CAMERAS, config_camera),
        &c->camera_count, &c->cameras);
    load_list(l,
              LIST_SECTION("receivers", receiver_options, d->uplinks, true, LIMIT_RECEIVERS,
                           config_receiver),
              &c->receiver_count, &c->receivers);
    load_list(
        l, LIST_SECTION("lamps", lamp_options, d->indicators, false, LIMIT_LAMPS, config_indicator),
        &c->indicator_count, &c->indicators);
    load_list(
        l, LIST_SECTION("outputs", output_options, d->outputs, false, LIMIT_OUTPUTS, config_output),
        &c->output_count, &c->outputs);
    cross_check(fill, root, c);
    if (l->fill->problems->mistakes.count == 0)
        cross_note(fill, root, c);
}
