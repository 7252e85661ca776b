/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic_file.h"
#include "conf/fill.h"
#include "conf/sections.h"

#define FILE_BYTES_MAX (1 << 20)
#define INPUTS_MAX     64
#define CAMERAS_MAX    64
#define RECEIVERS_MAX  16
#define LAMPS_MAX      16

struct loader {
    struct fill fill;
    const struct node *root;
    const struct config_drivers *drivers;
};

static void check_id(struct loader *l, const struct node *map, const char *path, const char *id)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_.";
    const struct node *at = fill_find(map, "id");
    if (id && at && (strspn(id, legal) != strlen(id) || strlen(id) > 64))
        problems_add(l->fill.problems, at->line, at->column, path,
                     "id may hold letters, digits, '-', '_' and '.', 64 at the most");
}

/* Fills the driver's own struct from the same map as the common keys in `common`. */
static void load_entry(struct loader *l, const struct node *map, const char *path, int line,
                       int column, const struct option *table, void *common,
                       const struct driver_type *const *types, struct config_driver *ret_driver)
{
    static const struct option driver_key[] = {
        {.key = "driver",
         .type = OPTION_STRING,
         .offset = 0,
         .required = 1,
         .help = "which driver serves it."},
        OPTION_TABLE_END,
    };
    char *name = NULL;
    const struct node *at = map && map->type == NODE_MAP ? fill_find(map, "driver") : NULL;
    const struct driver_type *type = NULL;
    const char *legal[32];
    size_t count = 0;
    for (; types && types[count] && count < 31; count++) {
        legal[count] = types[count]->name;
        if (at && at->type == NODE_TEXT && strcmp(at->text, types[count]->name) == 0)
            type = types[count];
    }
    legal[count] = NULL;
    struct fill_target targets[FILL_TABLES_MAX] = {{table, common}, {driver_key, &name}};
    size_t target_count = 2;
    if (type) {
        ret_driver->type = type;
        ret_driver->options = calloc(1, type->options_size > 0 ? type->options_size : 1);
        if (!ret_driver->options)
            abort();
        targets[target_count++] = (struct fill_target){type->options, ret_driver->options};
    }
    fill_map(&l->fill, map, path, line, column, targets, target_count, !type);
    if (types && at && at->type == NODE_TEXT && !type)
        fill_unknown(&l->fill, at, path, "driver", legal);
    free(name);
}

static const struct node *load_section(struct loader *l, const char *name,
                                       const struct option *table, void *target)
{
    const struct node *map = fill_find(l->root, name);
    struct fill_target one = {table, target};
    fill_map(&l->fill, map, name, map ? map->line : l->root->line,
             map ? map->column : l->root->column, &one, 1, false);
    return map;
}

/* A list section: allocates `*ret_items` of `size` bytes each and returns their number. */
static size_t open_list(struct loader *l, const char *name, size_t most, bool required, size_t size,
                        const struct node **ret_list, void **ret_items)
{
    const struct node *list = fill_find(l->root, name);
    if (list && list->type != NODE_LIST) {
        problems_add(l->fill.problems, list->line, list->column, name,
                     "must be a list: begin each entry with \"- id: …\"");
        return 0;
    }
    size_t count = list ? list->count : 0;
    if (required && count == 0)
        problems_add(l->fill.problems, list ? list->line : l->root->line,
                     list ? list->column : l->root->column, name,
                     "at least one entry is needed, or no alarm can come or go");
    if (count > most) {
        problems_add(l->fill.problems, list->items[most]->line, list->items[most]->column, name,
                     "holds %zu entries; %zu are the most", count, most);
        return 0;
    }
    *ret_list = list;
    *ret_items = calloc(count + 1, size);
    if (!*ret_items)
        abort();
    return count;
}

/* Ids are the first member of every list entry's struct. */
static void check_repeats(struct loader *l, const struct node *list, const char *name,
                          const void *items, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        const char *id = *(char *const *)((const char *)items + i * size);
        for (size_t j = 0; id && j < i; j++) {
            const char *earlier = *(char *const *)((const char *)items + j * size);
            const struct node *at = fill_find(list->items[i], "id");
            if (earlier && at && strcmp(id, earlier) == 0)
                problems_add(l->fill.problems, at->line, at->column, name,
                             "id \"%s\" stands here a second time (first in line %d)", id,
                             list->items[j]->line);
        }
    }
}

static void load_list(struct loader *l, const char *name, const struct option *table,
                      const struct driver_type *const *types, bool required, size_t most,
                      size_t size, size_t driver_offset, size_t place_offset, size_t *ret_count,
                      void **ret_items)
{
    const struct node *list = NULL;
    size_t count = open_list(l, name, most, required, size, &list, ret_items);
    for (size_t i = 0; i < count; i++) {
        char path[64];
        char *item = (char *)*ret_items + i * size;
        const struct node *map = list->items[i];
        const struct node *id = map->type == NODE_MAP ? fill_find(map, "id") : NULL;
        if (id && id->type == NODE_TEXT && strlen(id->text) < 40)
            snprintf(path, sizeof path, "%s.%s", name, id->text);
        else
            snprintf(path, sizeof path, "%s[%zu]", name, i + 1);
        load_entry(l, map, path, map->line, map->column, table, item, types,
                   (struct config_driver *)(item + driver_offset));
        *(struct config_place *)(item + place_offset) =
            (struct config_place){map->line, map->column};
        if (map->type == NODE_MAP)
            check_id(l, map, path, *(char **)item);
    }
    *ret_count = count;
    if (count > 0)
        check_repeats(l, list, name, *ret_items, count, size);
}

static void check_cameras_of_inputs(struct loader *l, const struct config *config)
{
    const struct node *list = fill_find(l->root, "inputs");
    const char *legal[CAMERAS_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; i < config->camera_count; i++) {
        if (config->cameras[i].id)
            legal[count++] = config->cameras[i].id;
    }
    legal[count] = NULL;
    for (size_t i = 0; i < config->input_count; i++) {
        const struct node *names =
            list->items[i]->type == NODE_MAP ? fill_find(list->items[i], "cameras") : NULL;
        for (size_t j = 0; names && names->type == NODE_LIST && j < names->count; j++) {
            const struct node *name = names->items[j];
            bool known = name->type != NODE_TEXT;
            for (size_t k = 0; k < count && !known; k++)
                known = strcmp(legal[k], name->text) == 0;
            if (!known)
                fill_unknown(&l->fill, name, "inputs", "camera", legal);
        }
    }
}

static void check_responders(struct loader *l, const struct config *config)
{
    for (size_t i = 0; i < config->receiver_count; i++) {
        if (config->receivers[i].responder)
            return;
    }
    const struct node *list = fill_find(l->root, "receivers");
    if (config->receiver_count > 0)
        problems_add(l->fill.problems, list->line, list->column, "receivers",
                     "none is a responder: the lamp could never say that help was reached "
                     "(responder: true on the police)");
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
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = strcmp(legal[k], key->text) == 0;
        if (!known)
            fill_unknown(&l->fill, key, "", "section", legal);
    }
}

static void load_all(struct loader *l, struct config *c)
{
    const struct config_drivers *d = l->drivers;
    check_section_names(l);
    const struct node *site = load_section(l, "site", site_options, &c->site);
    if (site && site->type == NODE_MAP)
        check_id(l, site, "site", c->site.id);
    load_section(l, "storage", storage_options, &c->storage);
    load_section(l, "video", video_options, &c->video);
    load_section(l, "control", control_options, &c->control);
    const struct node *signing = fill_find(l->root, "signing");
    load_entry(l, signing, "signing", signing ? signing->line : l->root->line,
               signing ? signing->column : l->root->column, signing_options, &c->signing,
               d->signers, &c->signing.driver);
    load_list(l, "inputs", input_options, d->inputs, true, INPUTS_MAX, sizeof(struct config_input),
              offsetof(struct config_input, driver), offsetof(struct config_input, at),
              &c->input_count, (void **)&c->inputs);
    load_list(l, "cameras", camera_options, d->cameras, false, CAMERAS_MAX,
              sizeof(struct config_camera), offsetof(struct config_camera, driver),
              offsetof(struct config_camera, at), &c->camera_count, (void **)&c->cameras);
    load_list(l, "receivers", receiver_options, d->uplinks, true, RECEIVERS_MAX,
              sizeof(struct config_receiver), offsetof(struct config_receiver, driver),
              offsetof(struct config_receiver, at), &c->receiver_count, (void **)&c->receivers);
    load_list(l, "lamps", lamp_options, d->indicators, false, LAMPS_MAX,
              sizeof(struct config_indicator), offsetof(struct config_indicator, driver),
              offsetof(struct config_indicator, at), &c->indicator_count, (void **)&c->indicators);
    check_cameras_of_inputs(l, c);
    check_responders(l, c);
}

static int folder_of(const char *path, char ret_folder[PATH_MAX], struct err *e)
{
    char whole[PATH_MAX];
    if (!realpath(path, whole))
        return err_system(e, errno, "%s", path);
    *strrchr(whole, '/') = '\0';
    snprintf(ret_folder, PATH_MAX, "%s", whole[0] ? whole : "/");
    return 0;
}

int config_load(const char *path, const struct config_drivers *drivers,
                config_problem_handler on_problem, void *arg, struct config **ret_config,
                struct err *e)
{
    char folder[PATH_MAX], *text;
    size_t length;
    struct stat st;
    int result = folder_of(path, folder, e);
    if (result == 0)
        result = atomic_file_read(path, FILE_BYTES_MAX, &text, &length, e);
    if (result != 0)
        return result;
    struct problems problems = {.file = path};
    struct config *config = calloc(1, sizeof *config);
    if (!config || !(config->path = strdup(path)))
        abort();
    struct node *root = NULL;
    int line, column;
    struct err mistake;
    if (tree_parse(text, length, &root, &line, &column, &mistake) != 0) {
        problems_add(&problems, line, column, "", "%s", mistake.text);
    } else if (root->type != NODE_MAP) {
        problems_add(&problems, root->line, root->column, "",
                     "the file must begin with a section, such as \"site:\"");
    } else {
        struct loader loader = {
            .fill = {.problems = &problems,
                     .folder = folder,
                     .readable_by_others = stat(path, &st) != 0 || (st.st_mode & S_IROTH)},
            .root = root,
            .drivers = drivers};
        load_all(&loader, config);
    }
    tree_destroy(root);
    explicit_bzero(text, length);
    free(text);
    bool bad = problems.count > 0;
    if (bad)
        err_set(e, EINVAL, "%s: %zu mistake%s", path, problems.count,
                problems.count == 1 ? "" : "s");
    problems_tell(&problems, on_problem, arg);
    if (bad) {
        config_destroy(config);
        return -EINVAL;
    }
    *ret_config = config;
    return 0;
}

static void free_driver(struct config_driver *driver)
{
    if (driver->type)
        fill_free(driver->type->options, driver->options);
    free(driver->options);
}

void config_destroy(struct config *config)
{
    if (!config)
        return;
    fill_free(site_options, &config->site);
    fill_free(storage_options, &config->storage);
    fill_free(video_options, &config->video);
    fill_free(control_options, &config->control);
    free_driver(&config->signing.driver);
    for (size_t i = 0; i < config->input_count; i++) {
        fill_free(input_options, &config->inputs[i]);
        free_driver(&config->inputs[i].driver);
    }
    for (size_t i = 0; i < config->camera_count; i++) {
        fill_free(camera_options, &config->cameras[i]);
        free_driver(&config->cameras[i].driver);
    }
    for (size_t i = 0; i < config->receiver_count; i++) {
        fill_free(receiver_options, &config->receivers[i]);
        free_driver(&config->receivers[i].driver);
    }
    for (size_t i = 0; i < config->indicator_count; i++) {
        fill_free(lamp_options, &config->indicators[i]);
        free_driver(&config->indicators[i].driver);
    }
    free(config->inputs);
    free(config->cameras);
    free(config->receivers);
    free(config->indicators);
    free(config->path);
    free(config);
}
