/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/newest.h"

#include <stdlib.h>
#include <string.h>

#include "outbox/fresh.h"
#include "outbox/numbers.h"

static struct outbox_found_row *find_or_add(struct newest *n, const char *name)
{
    for (size_t i = 0; i < n->count; i++) {
        if (strcmp(n->rows[i].name, name) == 0)
            return &n->rows[i];
    }
    n->rows = reallocarray(n->rows, n->count + 1, sizeof *n->rows);
    if (!n->rows)
        abort();
    n->rows[n->count] = (struct outbox_found_row){.name = strdup(name)};
    if (!n->rows[n->count].name)
        abort();
    return &n->rows[n->count++];
}

void newest_note(struct newest *n, const char *name, const char *text)
{
    if (!text || strcmp(name, NUMBERS_ROW) == 0) /* which the store keeps by itself */
        return;
    struct outbox_found_row *row = find_or_add(n, name);
    free(row->text);
    row->text = strdup(text);
    if (!row->text)
        abort();
}

int newest_put(const struct newest *n, struct store *s, struct err *e)
{
    int result = store_begin(s, e);
    if (result == 0)
        result = fresh_settle(s, e); /* which are older */
    for (size_t i = 0; result == 0 && i < n->count; i++) {
        struct outbox_row row = {.name = n->rows[i].name, .text = n->rows[i].text};
        result = store_put_row(s, &row, e);
    }
    if (result == 0)
        result = store_commit(s, e);
    if (result != 0)
        store_rollback(s);
    return result;
}

void newest_free(struct newest *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->rows[i].name);
        free(n->rows[i].text);
    }
    free(n->rows);
    *n = (struct newest){0};
}
