/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration file, read and checked against the sections that a program hands over: their
 * structs filled, or every mistake told in one run. Which sections there are is the program's.
 *
 * Reading waits for the disk; do it at start, or from a worker thread. What was read is immutable
 * and belongs to the caller (conf_destroy), with everything inside. No device or socket is opened.
 */
#ifndef TOCSIN_CONF_CONF_H
#define TOCSIN_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "conf/section.h"

struct conf;

/*
 * A section, and the drivers that may serve its entries: a NULL-terminated array of descriptions.
 * Where `drivers` is NULL, the section's own keys are read and checked, those of its drivers are
 * left unread and driver.type stays NULL: a program need not read what it must not hold.
 */
struct conf_row {
    const struct section *section;
    const struct driver_type *const *drivers;
};

/* One mistake: "file:line:column: path: what is wrong (what is legal)". */
typedef void (*config_problem_handler)(void *arg, const char *line);

struct conf_change {
    const struct section *section;
    bool own; /* its own keys have changed, not only those of its drivers */
};

struct conf_request {
    const struct conf_row *rows; /* borrowed for the call */
    size_t row_count;
    bool check_files; /* files that the drivers will read must be readable by this process */
    bool try_files;   /* and hold what the drivers need: they look into them */
    /* A secret whose file cannot be read is no mistake but its driver's trouble. */
    bool secrets_may_wait;
    /* Nor is anything else that is wrong with one entry of a list whose drivers are known here,
     * as long as its id is good: what one entry lacks must not take away the others. */
    bool entries_may_fail;
    /* What is not known (a key, a section) is noted and left out: of a text that another version of
     * the program could use. */
    bool unknown_is_noted;
    config_problem_handler
        on_problem; /* told every mistake, in the order of the file; NULL: none */
    void *arg;
};

/* A file as it was read, and what else of it is looked at. */
struct conf_text {
    char *path;   /* as it is called in messages */
    char *folder; /* where relative names in it begin */
    char *bytes;
    size_t length;
    mode_t mode;
};

/* Waits for the disk. A negative errno with a message if it could not be read at all. */
int conf_read(const char *path, struct conf_text *ret_text, struct err *e);
/* Overwritten, too: passwords may stand in it. Twice is once. */
void conf_text_finish(struct conf_text *text);

/* Returns 0, or -EINVAL after at least one mistake. Borrows `text` for the call. */
int conf_parse(const struct conf_text *text, const struct conf_request *request,
               struct conf **ret_conf, struct err *e);

/*
 * Reads and parses `path`. Returns 0, or -EINVAL after at least one mistake, or another negative
 * errno with a message when the file could not be read at all.
 */
int conf_load(const char *path, const struct conf_request *request, struct conf **ret_conf,
              struct err *e);

void conf_destroy(struct conf *conf);

/*
 * Tries to read the secrets that could not be read: the one thing of a configuration that changes.
 * 0 when there is no trouble (any more); else the message is the newest reason. Waits for the disk.
 */
int config_read_again(struct config_driver *driver, struct err *e);

const char *conf_path(const struct conf *conf);

/* The structs of a section, one behind the other: those of a list's entries (never NULL,
 * *ret_count may be 0), or the one of a map. The section must have been among the rows. */
const void *conf_items(const struct conf *conf, const struct section *section, size_t *ret_count);

/* The entry of a list with this id; NULL if there is none. */
const void *conf_find(const struct conf *conf, const struct section *section, const char *id);

/* What is legal but perhaps not meant: "file:line:column: note: …". */
const struct option_list *conf_notes(const struct conf *conf);

/*
 * The sections whose values differ, in the order of the rows, which both must have been loaded
 * with; `ret_changes` has room for all. Where something stands in the file, and how a secret is
 * handed over, are no difference; the order of entries and the secret itself are. Of an entry whose
 * drivers this program does not know, the text of their keys is compared as it stands, and the
 * secret only if it stands there.
 */
size_t conf_changed(const struct conf *before, const struct conf *after,
                    struct conf_change *ret_changes);

#endif
