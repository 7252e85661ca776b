/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mistakes of one file, gathered as they are found and told in the order of the file; and
 * notes, which are no mistakes. Running out of memory ends the program: this is start-up.
 */
#ifndef TOCSIN_CONF_PROBLEMS_H
#define TOCSIN_CONF_PROBLEMS_H

#include <stdarg.h>

#include "conf/conf.h"
#include "iface/limits.h"

#define PROBLEMS_MAX LIMIT_FILE_MISTAKES /* what comes after is counted and not told */

struct problem {
    int line, column;
    size_t order;
    char *text;
    size_t path_at; /* where in it the path begins */
};

struct problem_list {
    size_t count; /* of all; at most PROBLEMS_MAX are held */
    struct problem *items;
};

struct problems {
    const char *file;
    struct problem_list mistakes;
    struct problem_list notes;
};

/* Adds "path: message" at a place (line and column from 1). */
void problems_add(struct problems *p, int line, int column, const char *path, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));
void problems_note(struct problems *p, int line, int column, const char *path, const char *format,
                   ...) __attribute__((format(printf, 5, 6)));

/* Takes back the mistakes from number `from` on; the text of the first (caller frees), NULL if
 * there is none. */
char *problems_take(struct problems *p, size_t from);

/* Whether one of the mistakes `from` to before `to` is about this path, or about an item of it. */
bool problems_are_of(const struct problems *p, size_t from, size_t to, const char *path);

enum problem_kind {
    PROBLEM_MISTAKE,
    PROBLEM_NOTE,
};

void problems_add_list(struct problems *p, enum problem_kind kind, int line, int column,
                       const char *path, const char *format, va_list args)
    __attribute__((format(printf, 6, 0)));

/* Tells every mistake as "file:line:column: path: message". */
void problems_tell(struct problems *p, config_problem_handler on_problem, void *arg);

/* The notes as "file:line:column: note: path: message", in the order of the file; the texts move to
 * `ret_notes`. */
void problems_take_notes(struct problems *p, struct option_list *ret_notes);

void problems_finish(struct problems *p);

#endif
