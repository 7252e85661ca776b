/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/load.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keyed_hash.h"
#include "base/log.h"
#include "conf/homes.h"
#include "conf/nearest.h"
#include "conf/refer.h"
#include "conf/secret.h"

struct loader {
    struct fill *fill;
    const struct node *root;
    const struct conf_request *request;
    struct conf *conf;
};

/* Beside the keys of what a driver serves. Its text is needed here alone. */
static const struct option driver_options[] = {
    {.key = "driver",
     .type = OPTION_STRING,
     .offset = 0,
     .help = "Which driver serves it; the driver's own keys stand beside this one."},
    OPTION_TABLE_END,
};

static void *make_zeroed(size_t count, size_t size)
{
    void *made = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (!made)
        abort();
    return made;
}

/* Their names, with NULL at the end. Caller frees the array. */
static const char **driver_names(const struct driver_type *const *types)
{
    size_t count = 0;
    while (types && types[count])
        count++;
    const char **names = make_zeroed(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = types[i]->name;
    return names;
}

/* The type that `driver:` names; NULL when it names none that is known, which is told. */
static const struct driver_type *find_driver(struct loader *l, const struct node *map,
                                             const char *path, const struct config_place *place,
                                             const struct driver_type *const *types)
{
    const struct node *at = fill_find(map, "driver");
    const struct driver_type *type = NULL;
    char inner[FILL_PATH_SIZE], list[200] = "";
    const char **legal = driver_names(types);
    if (at && at->type == NODE_TEXT)
        type = driver_find(types, at->text);
    nearest_join(legal, list, sizeof list);
    snprintf(inner, sizeof inner, "%s.driver", path);
    if (!at && (fill_is_nothing(map) || map->type == NODE_MAP))
        problems_add(l->fill->problems, place->line, place->column, inner,
                     "is missing: which driver serves it%s%s%s", types ? " (legal: " : "", list,
                     types ? ")" : "");
    else if (types && !type && at && at->type == NODE_TEXT && at->text[0])
        fill_unknown(l->fill, at, inner, "driver", legal);
    free(legal);
    return type;
}

/* Whether what the driver says may be told: not what follows from a mistake that is told already
 * (a file that is missing is no file that was not named). */
static bool is_news(const struct loader *l, size_t from, size_t to, const char *path,
                    const struct driver_mistake *m)
{
    char about[FILL_PATH_SIZE], needed[FILL_PATH_SIZE];
    snprintf(about, sizeof about, "%s.%s", path, m->key);
    snprintf(needed, sizeof needed, "%s.%s", path, m->needs ? m->needs : m->key);
    return !problems_are_of(l->fill->problems, from, to, about) &&
           !problems_are_of(l->fill->problems, from, to, needed);
}

/* An entry whose driver has looked at it. */
struct looked_at {
    const struct node *map;
    const char *path;
    const struct fill_target *targets;
    size_t target_count;
    size_t before, others; /* the mistakes that were found in it before are these */
};

static void tell_mistake(struct loader *l, const struct looked_at *entry,
                         const struct driver_mistake *m)
{
    char inner[FILL_PATH_SIZE];
    const struct node *map = entry->map, *at = fill_find(map, m->key);
    if (!at && !l->fill->unknown_is_noted &&
        fill_is_misspelt(map, m->key, entry->targets, entry->target_count))
        return;
    if (!is_news(l, entry->before, entry->others, entry->path, m))
        return;
    snprintf(inner, sizeof inner, "%s.%s", entry->path, m->key);
    if (at && m->item > 0 && at->type == NODE_LIST && m->item <= at->count) {
        at = at->items[m->item - 1];
        snprintf(inner, sizeof inner, "%s.%s[%zu]", entry->path, m->key, m->item);
    }
    problems_add(l->fill->problems, at ? at->line : map->line, at ? at->column : map->column, inner,
                 "%s", m->what.text);
}

/* And finishes them. */
static void tell_mistakes(struct loader *l, const struct looked_at *entry,
                          struct driver_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        tell_mistake(l, entry, &mistakes->items[i]);
    driver_mistakes_finish(mistakes);
}

/* All that the driver finds wrong, beside what was found before. */
static void check_driver(struct loader *l, const struct config_driver *driver,
                         struct looked_at *entry)
{
    const struct driver_type *type = driver->type;
    struct driver_mistakes mistakes = {.count = 0};
    if (!entry->map || entry->map->type != NODE_MAP)
        return;
    entry->others = l->fill->problems->mistakes.count;
    if (type->check)
        type->check(driver->options, &mistakes);
    tell_mistakes(l, entry, &mistakes);
    entry->others = l->fill->problems->mistakes.count;
    if (type->check_files && l->request->try_files)
        type->check_files(driver->options, &mistakes);
    tell_mistakes(l, entry, &mistakes);
}

/* A text behind what was hashed before, with where it ends. By this process's key: a password may
 * be among the keys of a driver that only another program knows. */
static uint64_t hash_text(uint64_t before, const char *text)
{
    const unsigned char *key = keyed_hash_process_key();
    const uint64_t both[2] = {before, keyed_hash(key, text ? text : "", text ? strlen(text) : 0)};
    return keyed_hash(key, both, sizeof both);
}

static uint64_t hash_pairs(const struct node *map, const struct option *but);

/* Of a tree as it was written, without its order of keys. */
static uint64_t hash_node(uint64_t hash, const struct node *node)
{
    hash = hash_text(hash ^ (uint64_t)node->type, node->text);
    for (size_t i = 0; node->items && i < node->count; i++)
        hash = hash_node(hash, node->items[i]);
    return node->pairs ? hash + hash_pairs(node, NULL) : hash;
}

/* But of those keys. */
static uint64_t hash_pairs(const struct node *map, const struct option *but)
{
    uint64_t sum = 0;
    for (size_t i = 0; map->pairs && i < map->count; i++) {
        const char *key = map->pairs[i].key->text;
        const struct option *o = but;
        while (o && o->key && strcmp(o->key, key) != 0)
            o++;
        if (!o || !o->key)
            sum += hash_node(hash_text(0, key), map->pairs[i].value);
    }
    return sum;
}

/* Fills the driver's own struct from the same map as the section's keys in `item`. */
static void load_served(struct loader *l, const struct filled *f, size_t index,
                        const struct node *map, const char *path, const struct config_place *place)
{
    char *name = NULL;
    struct fill_target targets[FILL_TABLES_MAX] = {{f->section->options, filled_item(f, index)},
                                                   {driver_options, &name}};
    size_t target_count = 2, mistakes = l->fill->problems->mistakes.count;
    struct config_driver *driver = filled_driver(f, index);
    const struct driver_type *type = find_driver(l, map, path, place, f->drivers);
    if (type) {
        driver->type = type;
        driver->options = make_zeroed(1, type->options_size);
        targets[target_count++] = (struct fill_target){type->options, driver->options};
    }
    l->fill->late = l->request->secrets_may_wait ? driver : NULL;
    fill_map(l->fill, map, &(struct fill_place){path, *place}, targets, target_count, !type);
    l->fill->late = NULL;
    if (!type && map)
        driver->unknown = hash_pairs(map, f->section->options);
    if (type)
        check_driver(l, driver,
                     &(struct looked_at){.map = map,
                                         .path = path,
                                         .targets = targets,
                                         .target_count = target_count,
                                         .before = mistakes});
    assert(type || !f->drivers || l->fill->problems->mistakes.count > 0);
    free(name);
}

/* One map into one struct. */
static void load_entry(struct loader *l, const struct filled *f, size_t index)
{
    const struct section *section = f->section;
    const struct node *map = filled_node(f, l->root, index);
    const struct config_place place = map ? (struct config_place){map->line, map->column}
                                          : (struct config_place){l->root->line, l->root->column};
    char path[FILL_PATH_SIZE];
    filled_path(f, l->root, index, path);
    if (map && section->has_place)
        memcpy((char *)filled_item(f, index) + section->place_offset, &place, sizeof place);
    if (section->has_driver) {
        load_served(l, f, index, map, path, &place);
    } else {
        struct fill_target one = {section->options, filled_item(f, index)};
        fill_map(l->fill, map, &(struct fill_place){path, place}, &one, 1, false);
    }
}

static bool is_misspelt(struct loader *l, const char *section)
{
    const char *const legal[] = {section, NULL};
    for (size_t i = 0; i < l->root->count && !l->request->unknown_is_noted; i++) {
        if (nearest_find(l->root->pairs[i].key->text, legal) &&
            strcmp(l->root->pairs[i].key->text, section) != 0)
            return true;
    }
    return false;
}

/* The list of a section; NULL when it is empty or cannot be read, which is told. */
static const struct node *open_list(struct loader *l, const struct section *section)
{
    const struct node *list = fill_find(l->root, section->name);
    bool is_empty = fill_is_nothing(list) || (list->type == NODE_LIST && list->count == 0);
    if (is_empty && section->needed && (list || !is_misspelt(l, section->name)))
        problems_add(l->fill->problems, list ? list->line : l->root->line,
                     list ? list->column : l->root->column, section->name,
                     "at least one entry is needed, %s", section->needed);
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

static void load_section(struct loader *l, struct filled *f)
{
    const struct node *list = f->section->most > 0 ? open_list(l, f->section) : NULL;
    f->count = f->section->most == 0 ? 1 : list ? list->count : 0;
    f->items = make_zeroed(f->count, f->section->size);
    for (size_t i = 0; i < f->count; i++) {
        size_t before = l->fill->problems->mistakes.count;
        load_entry(l, f, i);
        if (list && f->drivers && l->request->entries_may_fail && filled_good_id(f, l->root, i))
            excuse(l, before, filled_driver(f, i));
    }
    if (list)
        check_repeats(l, list, f->section->name);
}

static void check_section_names(struct loader *l)
{
    const char **legal = make_zeroed(l->conf->count + 1, sizeof *legal);
    for (size_t i = 0; i < l->conf->count; i++)
        legal[i] = l->conf->sections[i].section->name;
    for (size_t i = 0; i < l->root->count; i++) {
        const struct node *key = l->root->pairs[i].key;
        if (filled_find(l->conf, key->text))
            continue;
        if (l->request->unknown_is_noted)
            fill_note_unknown(l->fill, key, "", "section");
        else
            fill_unknown(l->fill, key, "", "section", legal);
    }
    free(legal);
}

/* A simulated part in a school would be a lie that nobody sees. */
static void note_simulated(struct loader *l, const struct filled *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct config_driver *driver = filled_driver(f, i);
        const struct node *at = filled_node(f, l->root, i);
        char path[FILL_PATH_SIZE];
        filled_path(f, l->root, i, path);
        if (driver && driver->type && driver->type->simulated)
            problems_note(l->fill->problems, at->line, at->column, path,
                          "is simulated (driver: %s): nothing real is behind it",
                          driver->type->name);
    }
}

static void note_drivers(const struct section_view *view)
{
    for (size_t i = 0; i < view->own->count; i++) {
        const struct config_driver *driver = filled_driver(view->own, i);
        const char *key = NULL, *note = NULL;
        if (driver && driver->type && driver->type->note && !driver->trouble)
            note = driver->type->note(driver->options, &key);
        if (note)
            section_note(view, i, key, "%s", note);
    }
}

static void note_all(struct loader *l)
{
    for (size_t i = 0; i < l->conf->count; i++) {
        const struct filled *f = &l->conf->sections[i];
        const struct section_view view = {l->fill, l->root, l->conf, f};
        if (f->section->note)
            f->section->note(&view);
        note_simulated(l, f);
        note_drivers(&view);
    }
}

void load_sections(struct fill *fill, const struct node *root, const struct conf_request *request,
                   struct conf *conf)
{
    struct loader loader = {.fill = fill, .root = root, .request = request, .conf = conf};
    struct homes *homes = homes_create(conf);
    fill->homes = homes_list(homes);
    check_section_names(&loader);
    for (size_t i = 0; i < conf->count; i++)
        load_section(&loader, &conf->sections[i]);
    fill->homes = NULL;
    homes_destroy(homes);
    refer_check(fill, root, conf);
    for (size_t i = 0; i < conf->count; i++) {
        const struct section_view view = {fill, root, conf, &conf->sections[i]};
        if (conf->sections[i].section->check)
            conf->sections[i].section->check(&view);
    }
    if (fill->problems->mistakes.count == 0)
        note_all(&loader);
}
