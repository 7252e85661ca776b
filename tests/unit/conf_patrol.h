/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections that no program has, for the tests of the library alone: `posts` are places; `patrol` is
 * a list of rounds that go by them, each with a reader of tags as its driver; `watch` is one map.
 * And a folder to load a file from, one a test.
 */
#ifndef TOCSIN_TESTS_CONF_PATROL_H
#define TOCSIN_TESTS_CONF_PATROL_H

#include "conf/conf.h"

struct post {
    char *id;
    bool walled_up;
};

enum patrol_order {
    PATROL_AS_LISTED,
    PATROL_ANY,
};

struct round {
    char *id;
    enum patrol_order order;
    int64_t begin_ms, end_ms;
    struct option_list posts;
    char *start, *after;
    struct config_driver driver;
    struct config_place at;
};

struct watch {
    double share;
    int64_t bytes, count;
    uint32_t days;
    bool on;
    char *folder;
    struct option_list files;
};

struct tag_reader {
    char *port, *pin, *post;
};

extern const struct section posts, patrol, watch;
extern const struct driver_type reader_type, paper_type;
extern const struct driver_type *const readers[];

#define ROWS 3
extern const struct conf_row rows[ROWS];

extern const char good[]; /* a file of all three */

extern char path[80]; /* of the file */
extern char *told;    /* the problems of the last load, without the file's name */
extern struct err why;

void patrol_set_up(void);
void patrol_tear_down(void);

/* NULL after a mistake; caller destroys. */
struct conf *load_rows(const char *text, const struct conf_row *of, size_t count);
/* All sections; it has to be good. */
struct conf *load(const char *text);
/* It must not be good, and these are the mistakes. */
void expect(const char *text, const char *problems);

#endif
