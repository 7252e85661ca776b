/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/plural.h"

void problems_add_list(struct problems *p, enum problem_kind kind, int line, int column,
                       const char *path, const char *format, va_list args)
{
    char message[1000], *text;
    struct problem_list *list = kind == PROBLEM_NOTE ? &p->notes : &p->mistakes;
    if (++list->count > PROBLEMS_MAX)
        return;
    vsnprintf(message, sizeof message, format, args);
    encode_trim_utf8(message);
    struct problem *grown = reallocarray(list->items, list->count, sizeof *grown);
    int path_at = 0;
    if (!grown || asprintf(&text, "%s:%d:%d: %s%n%s%s%s", p->file, line, column,
                           kind == PROBLEM_NOTE ? "note: " : "", &path_at, path,
                           path[0] ? ": " : "", message) < 0)
        abort();
    list->items = grown;
    list->items[list->count - 1] = (struct problem){.line = line,
                                                    .column = column,
                                                    .order = list->count,
                                                    .text = text,
                                                    .path_at = (size_t)path_at};
}

void problems_add(struct problems *p, int line, int column, const char *path, const char *format,
                  ...)
{
    va_list args;
    va_start(args, format);
    problems_add_list(p, PROBLEM_MISTAKE, line, column, path, format, args);
    va_end(args);
}

void problems_note(struct problems *p, int line, int column, const char *path, const char *format,
                   ...)
{
    va_list args;
    va_start(args, format);
    problems_add_list(p, PROBLEM_NOTE, line, column, path, format, args);
    va_end(args);
}

static int compare(const void *a, const void *b)
{
    const struct problem *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Sorts what is held and returns how many that are. */
static size_t sort(struct problem_list *list)
{
    size_t held = list->count < PROBLEMS_MAX ? list->count : PROBLEMS_MAX;
    if (held > 0)
        qsort(list->items, held, sizeof *list->items, compare);
    return held;
}

static bool is_of(const struct problem *problem, const char *path)
{
    const char *text = problem->text + problem->path_at;
    size_t length = strlen(path);
    return strncmp(text, path, length) == 0 && (text[length] == ':' || text[length] == '[');
}

bool problems_are_of(const struct problems *p, size_t from, size_t to, const char *path)
{
    for (size_t i = from; i < to && i < PROBLEMS_MAX; i++) {
        if (is_of(&p->mistakes.items[i], path))
            return true;
    }
    return false;
}

char *problems_take(struct problems *p, size_t from)
{
    struct problem_list *list = &p->mistakes;
    char *first = NULL;
    for (; list->count > from; list->count--) {
        if (list->count > PROBLEMS_MAX)
            continue;
        free(first);
        first = list->items[list->count - 1].text;
    }
    return first;
}

void problems_tell(struct problems *p, config_problem_handler on_problem, void *arg)
{
    size_t held = sort(&p->mistakes);
    char more[80];
    for (size_t i = 0; on_problem && i < held; i++)
        on_problem(arg, p->mistakes.items[i].text);
    if (on_problem && p->mistakes.count > held) {
        snprintf(more, sizeof more, "… and %zu mistake%s more", p->mistakes.count - held,
                 plural((long long)(p->mistakes.count - held)));
        on_problem(arg, more);
    }
}

void problems_take_notes(struct problems *p, struct option_list *ret_notes)
{
    size_t held = sort(&p->notes);
    char **items = calloc(held + 1, sizeof *items);
    if (!items)
        abort();
    for (size_t i = 0; i < held; i++) {
        items[i] = p->notes.items[i].text;
        p->notes.items[i].text = NULL;
    }
    *ret_notes = (struct option_list){held, items};
}

static void finish(struct problem_list *list)
{
    for (size_t i = 0; i < list->count && i < PROBLEMS_MAX; i++)
        free(list->items[i].text);
    free(list->items);
    *list = (struct problem_list){0};
}

void problems_finish(struct problems *p)
{
    finish(&p->mistakes);
    finish(&p->notes);
}
