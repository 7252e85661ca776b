/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic_file.h"
#include "conf/load.h"
#include "conf/secret.h"
#include "iface/limits.h"

#define FILE_BYTES_MAX LIMIT_FILE_BYTES

static int folder_of(const char *path, char ret_folder[PATH_MAX], struct err *e)
{
    char whole[PATH_MAX];
    if (!realpath(path, whole))
        return err_system(e, errno, "%s", path);
    *strrchr(whole, '/') = '\0';
    snprintf(ret_folder, PATH_MAX, "%s", whole[0] ? whole : "/");
    return 0;
}

static struct conf *create(const char *path, const struct conf_request *request)
{
    struct conf *conf = calloc(1, sizeof *conf);
    if (!conf || !(conf->path = strdup(path)) ||
        !(conf->sections = calloc(request->row_count + 1, sizeof *conf->sections)))
        abort();
    assert(request->row_count > 0);
    for (size_t i = 0; i < request->row_count; i++) {
        const struct conf_row *row = &request->rows[i];
        assert(!filled_find(conf, row->section->name));
        assert(row->section->has_driver || !row->drivers);
        conf->sections[conf->count++] =
            (struct filled){.section = row->section, .drivers = row->drivers};
    }
    return conf;
}

int conf_read(const char *path, struct conf_text *ret_text, struct err *e)
{
    char folder[PATH_MAX];
    struct conf_text text = {.mode = S_IROTH};
    struct stat st;
    int result = folder_of(path, folder, e);
    if (result == 0)
        result = atomic_file_read(path, FILE_BYTES_MAX, &text.bytes, &text.length, e);
    if (result != 0)
        return result;
    if (stat(path, &st) == 0)
        text.mode = st.st_mode;
    if (!(text.path = strdup(path)) || !(text.folder = strdup(folder)))
        abort();
    *ret_text = text;
    return 0;
}

void conf_text_finish(struct conf_text *text)
{
    if (text->bytes)
        explicit_bzero(text->bytes, text->length);
    free(text->bytes);
    free(text->path);
    free(text->folder);
    *text = (struct conf_text){0};
}

static void fill_sections(struct conf *conf, const struct conf_text *text,
                          const struct conf_request *request, struct problems *problems)
{
    struct node *root = tree_parse(text->bytes, text->length, problems);
    if (text->mode & S_IWOTH)
        problems_add(problems, 1, 1, "", "others may write this file: chmod 0640 %s", text->path);
    struct fill fill = {.problems = problems,
                        .folder = text->folder,
                        .readable_by_others = text->mode & S_IROTH,
                        .check_files = request->check_files,
                        .unknown_is_noted = request->unknown_is_noted};
    char must_be[80];
    snprintf(must_be, sizeof must_be, "a map of sections, such as \"%s:\"",
             conf->sections[0].section->name);
    if (root && root->type == NODE_MAP)
        load_sections(&fill, root, request, conf);
    else if (root)
        fill_wrong_type(&fill, root, "", must_be);
    tree_destroy(root);
}

int conf_parse(const struct conf_text *text, const struct conf_request *request,
               struct conf **ret_conf, struct err *e)
{
    struct problems problems = {.file = text->path};
    struct conf *conf = create(text->path, request);
    fill_sections(conf, text, request, &problems);
    size_t mistakes = problems.mistakes.count;
    problems_tell(&problems, request->on_problem, request->arg);
    if (mistakes == 0)
        problems_take_notes(&problems, &conf->notes);
    problems_finish(&problems);
    if (mistakes > 0) {
        conf_destroy(conf);
        return err_set(e, EINVAL, "%s: %zu mistake%s", text->path, mistakes,
                       mistakes == 1 ? "" : "s");
    }
    *ret_conf = conf;
    return 0;
}

int conf_load(const char *path, const struct conf_request *request, struct conf **ret_conf,
              struct err *e)
{
    struct conf_text text;
    int result = conf_read(path, &text, e);
    if (result != 0)
        return result;
    result = conf_parse(&text, request, ret_conf, e);
    conf_text_finish(&text);
    return result;
}

static void free_item(const struct filled *f, size_t index)
{
    struct config_driver *driver = filled_driver(f, index);
    fill_free(f->section->options, filled_item(f, index));
    if (!driver)
        return;
    secret_forget(driver);
    if (!driver->type)
        return;
    fill_free(driver->type->options, driver->options);
    free(driver->options);
}

void conf_destroy(struct conf *conf)
{
    if (!conf)
        return;
    for (size_t i = 0; i < conf->count; i++) {
        for (size_t k = 0; k < conf->sections[i].count; k++)
            free_item(&conf->sections[i], k);
        free(conf->sections[i].items);
    }
    for (size_t i = 0; i < conf->notes.count; i++)
        free(conf->notes.items[i]);
    free(conf->notes.items);
    free(conf->sections);
    free(conf->path);
    free(conf);
}

static const struct filled *find_section(const struct conf *conf, const struct section *section)
{
    const struct filled *f = filled_find(conf, section->name);
    assert(f && f->section == section);
    return f;
}

const void *conf_items(const struct conf *conf, const struct section *section, size_t *ret_count)
{
    const struct filled *f = find_section(conf, section);
    if (ret_count)
        *ret_count = f->count;
    return f->items;
}

const void *conf_find(const struct conf *conf, const struct section *section, const char *id)
{
    const struct filled *f = find_section(conf, section);
    return section_find(section, f->items, f->count, id);
}

const char *conf_path(const struct conf *conf)
{
    return conf->path;
}

const struct option_list *conf_notes(const struct conf *conf)
{
    return &conf->notes;
}
