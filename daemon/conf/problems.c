/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/problems.h"

#include <stdarg.h>
#include <stdlib.h>

void problems_add(struct problems *p, int line, int column, const char *path, const char *format,
                  ...)
{
    char message[600], *text;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct problem *grown = reallocarray(p->list, p->count + 1, sizeof *grown);
    if (!grown || asprintf(&text, "%s:%d:%d: %s%s%s", p->file, line, column, path,
                           path[0] ? ": " : "", message) < 0)
        abort();
    p->list = grown;
    p->list[p->count] =
        (struct problem){.line = line, .column = column, .order = p->count, .text = text};
    p->count++;
}

static int compare(const void *a, const void *b)
{
    const struct problem *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

void problems_tell(struct problems *p, config_problem_handler on_problem, void *arg)
{
    if (p->count > 0)
        qsort(p->list, p->count, sizeof *p->list, compare);
    for (size_t i = 0; i < p->count; i++) {
        if (on_problem)
            on_problem(arg, p->list[i].text);
        free(p->list[i].text);
    }
    free(p->list);
    p->list = NULL;
    p->count = 0;
}
