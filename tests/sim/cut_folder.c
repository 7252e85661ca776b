/* SPDX-License-Identifier: Apache-2.0 */
#include "cut_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"

void cut_folder_finish(struct cut_folder *f)
{
    for (size_t i = 0; i < f->file_count; i++)
        medium_finish(&f->files[i]);
    *f = (struct cut_folder){.file_count = 0};
}

/* Of that name, or, for "", a free place. */
static struct cut_folder_name *find(struct cut_folder_name *names, const char *name)
{
    for (size_t i = 0; i < CUT_FOLDER_NAMES; i++) {
        if (strcmp(names[i].name, name) == 0)
            return &names[i];
    }
    return NULL;
}

static void enter(struct cut_folder_name *names, const char *name, size_t file)
{
    struct cut_folder_name *place = find(names, name);
    if (!place)
        place = find(names, "");
    if (!place)
        abort();
    snprintf(place->name, sizeof place->name, "%s", name);
    place->file = file;
}

static void apply(struct cut_folder_name *names, const struct cut_folder_change *change)
{
    struct cut_folder_name *place = find(names, change->name);
    if (change->is_new) {
        enter(names, change->name, change->file);
        return;
    }
    if (!place)
        return;
    place->name[0] = '\0';
    if (change->other[0])
        enter(names, change->other, place->file);
}

static void change(struct cut_folder *f, const struct cut_folder_change *made)
{
    if (f->change_count == CUT_FOLDER_CHANGES)
        abort();
    f->changes[f->change_count++] = *made;
    apply(f->seen, made);
}

struct medium *cut_folder_find(struct cut_folder *f, const char *name)
{
    const struct cut_folder_name *place = find(f->seen, name);
    return place ? &f->files[place->file] : NULL;
}

struct medium *cut_folder_create(struct cut_folder *f, const char *name)
{
    if (f->file_count == CUT_FOLDER_FILES)
        abort();
    struct cut_folder_change made = {.is_new = true, .file = f->file_count};
    snprintf(made.name, sizeof made.name, "%s", name);
    change(f, &made);
    return &f->files[f->file_count++];
}

bool cut_folder_remove(struct cut_folder *f, const char *name)
{
    struct cut_folder_change made = {.is_new = false};
    if (!find(f->seen, name))
        return false;
    snprintf(made.name, sizeof made.name, "%s", name);
    change(f, &made);
    return true;
}

bool cut_folder_rename(struct cut_folder *f, const char *from, const char *to)
{
    struct cut_folder_change made = {.is_new = false};
    if (!find(f->seen, from))
        return false;
    snprintf(made.name, sizeof made.name, "%s", from);
    snprintf(made.other, sizeof made.other, "%s", to);
    change(f, &made);
    return true;
}

void cut_folder_sync(struct cut_folder *f)
{
    memcpy(f->durable, f->seen, sizeof f->durable);
    f->change_count = 0;
}

void cut_folder_lose(struct cut_folder *f, uint64_t *seed)
{
    bool in_order = chance_one_in(seed, 2);
    size_t moment = chance_below(seed, (unsigned)f->change_count + 1);
    for (size_t i = 0; i < f->change_count; i++) {
        if (in_order ? i < moment : chance_one_in(seed, 2))
            apply(f->durable, &f->changes[i]);
    }
    memcpy(f->seen, f->durable, sizeof f->seen);
    f->change_count = 0;
}
