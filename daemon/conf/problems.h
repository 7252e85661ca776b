/* SPDX-License-Identifier: Apache-2.0 */
/* The mistakes of one file, gathered as they are found and told in the order of the file. */
#ifndef TOCSIN_CONF_PROBLEMS_H
#define TOCSIN_CONF_PROBLEMS_H

#include "conf/config.h"

struct problem {
    int line, column;
    size_t order;
    char *text;
};

struct problems {
    const char *file;
    size_t count;
    struct problem *list;
};

/* Adds "path: message" at a place. Running out of memory ends the program: this is start-up. */
void problems_add(struct problems *p, int line, int column, const char *path, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));

/* Tells every one as "file:line:column: path: message" and frees them. */
void problems_tell(struct problems *p, config_problem_handler on_problem, void *arg);

#endif
