/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of the row of open alarms that could not be read: each is kept in a row of its own, which
 * no later one takes: "incidents-unreadable", and from the second on with its number behind. Which
 * of these rows the store has is not known before it is read: until then a text has no name, and
 * after a kill it is found again where it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "incidents/internal.h"

struct unreadable {
    SLIST_ENTRY(unreadable) next;
    char name[OUTBOX_ROW_NAME_SIZE]; /* "": it is to be saved under one */
    char *text;
};

static struct unreadable *find_text(const struct incidents *inc, const char *text)
{
    struct unreadable *one = SLIST_FIRST(&inc->unreadable);
    while (one && strcmp(one->text, text) != 0)
        one = SLIST_NEXT(one, next);
    return one;
}

static bool is_taken(const struct incidents *inc, const char *name)
{
    const struct unreadable *one = SLIST_FIRST(&inc->unreadable);
    while (one && strcmp(one->name, name) != 0)
        one = SLIST_NEXT(one, next);
    return one;
}

void unreadable_add(struct incidents *inc, const char *text)
{
    if (find_text(inc, text))
        return;
    struct unreadable *one = calloc(1, sizeof *one);
    if (!one || !(one->text = strdup(text)))
        abort();
    struct unreadable *last = SLIST_FIRST(&inc->unreadable);
    while (last && SLIST_NEXT(last, next))
        last = SLIST_NEXT(last, next);
    if (last)
        SLIST_INSERT_AFTER(last, one, next);
    else
        SLIST_INSERT_HEAD(&inc->unreadable, one, next);
}

void unreadable_load(struct incidents *inc, const struct outbox_found *found)
{
    for (size_t i = 0; i < found->row_count; i++) {
        const struct outbox_found_row *row = &found->rows[i];
        if (strncmp(row->name, ROW_UNREADABLE, strlen(ROW_UNREADABLE)) != 0)
            continue;
        unreadable_add(inc, row->text);
        if (!is_taken(inc, row->name))
            snprintf(find_text(inc, row->text)->name, OUTBOX_ROW_NAME_SIZE, "%s", row->name);
    }
}

void unreadable_save(struct incidents *inc)
{
    struct unreadable *one;
    SLIST_FOREACH(one, &inc->unreadable, next)
    {
        char name[OUTBOX_ROW_NAME_SIZE] = ROW_UNREADABLE;
        if (one->name[0])
            continue;
        for (unsigned n = 2; is_taken(inc, name); n++)
            snprintf(name, sizeof name, ROW_UNREADABLE "-%u", n);
        memcpy(one->name, name, sizeof one->name);
        events_save_row(inc->options.events, &(struct outbox_row){one->name, one->text});
    }
}

void unreadable_free(struct incidents *inc)
{
    struct unreadable *one;
    while ((one = SLIST_FIRST(&inc->unreadable))) {
        SLIST_REMOVE_HEAD(&inc->unreadable, next);
        free(one->text);
        free(one);
    }
}
