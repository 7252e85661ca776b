/* SPDX-License-Identifier: Apache-2.0 */
/* The one folder of a disk whose power may go: which names there are, as is seen and for certain.
 */
#ifndef TOCSIN_TESTS_CUT_FOLDER_H
#define TOCSIN_TESTS_CUT_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "medium.h"

#define CUT_FOLDER_NAMES   12
#define CUT_FOLDER_CHANGES 24 /* since it was synced */
#define CUT_FOLDER_FILES   64 /* ever made in it */

struct cut_folder_name {
    char name[64]; /* "": none */
    size_t file;
};

/* What is to happen to a name: it is that of a file, or (with `other`) is another from now on, or
 * is gone. */
struct cut_folder_change {
    char name[64], other[64];
    bool is_new;
    size_t file;
};

struct cut_folder {
    struct cut_folder_name seen[CUT_FOLDER_NAMES], durable[CUT_FOLDER_NAMES];
    struct cut_folder_change changes[CUT_FOLDER_CHANGES];
    size_t change_count;
    struct medium files[CUT_FOLDER_FILES];
    size_t file_count;
};

void cut_folder_finish(struct cut_folder *f);

/* NULL if there is none. */
struct medium *cut_folder_find(struct cut_folder *f, const char *name);
struct medium *cut_folder_create(struct cut_folder *f, const char *name);
bool cut_folder_remove(struct cut_folder *f, const char *name);
bool cut_folder_rename(struct cut_folder *f, const char *from, const char *to);
void cut_folder_sync(struct cut_folder *f);

/* The power goes: of the changes, all up to a moment have reached the medium, or any. */
void cut_folder_lose(struct cut_folder *f, uint64_t *seed);

#endif
