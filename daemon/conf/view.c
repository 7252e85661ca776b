/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/filled.h"
#include "conf/refer.h"

const void *section_items(const struct section_view *view, size_t *ret_count)
{
    *ret_count = view->own->count;
    return view->own->items;
}

static const struct node *find(const struct section_view *view, size_t index, const char *key)
{
    return fill_find(filled_node(view->own, view->root, index), key);
}

bool section_has(const struct section_view *view, size_t index, const char *key)
{
    return find(view, index, key);
}

const char *section_text(const struct section_view *view, size_t index, const char *key)
{
    const struct node *node = find(view, index, key);
    return node && node->type == NODE_TEXT ? node->text : NULL;
}

/* The node that is meant, and its path; what is not in the file is told at what would hold it. */
static const struct node *locate(const struct section_view *view, size_t index, const char *key,
                                 char ret_path[FILL_PATH_SIZE])
{
    const struct node *entry = filled_node(view->own, view->root, index);
    const struct node *at = key ? fill_find(entry, key) : NULL;
    char path[FILL_PATH_SIZE];
    filled_path(view->own, view->root, index, path);
    snprintf(ret_path, FILL_PATH_SIZE, "%s%s%s", path, key ? "." : "", key ? key : "");
    /* An entry of a list is known by its id. */
    if (!key && view->own->section->most > 0 && index != SECTION_WHOLE)
        at = fill_find(entry, "id");
    return at ? at : entry ? entry : view->root;
}

bool section_looks(const struct section_view *view)
{
    return view->fill->check_files;
}

void section_mistake(const struct section_view *view, size_t index, const char *key,
                     const char *format, ...)
{
    char path[FILL_PATH_SIZE];
    const struct node *at = locate(view, index, key, path);
    va_list args;
    va_start(args, format);
    problems_add_list(view->fill->problems, PROBLEM_MISTAKE, at->line, at->column, path, format,
                      args);
    va_end(args);
}

void section_note(const struct section_view *view, size_t index, const char *key,
                  const char *format, ...)
{
    char path[FILL_PATH_SIZE];
    const struct node *at = locate(view, index, key, path);
    va_list args;
    va_start(args, format);
    problems_add_list(view->fill->problems, PROBLEM_NOTE, at->line, at->column, path, format, args);
    va_end(args);
}

size_t section_count(const struct section_view *view, const char *name)
{
    const struct filled *other = filled_find(view->conf, name);
    return other ? other->count : 0;
}

bool section_is_named(const struct section_view *view, const char *id)
{
    return refer_is_named(view->conf, view->own->section->name, id);
}
