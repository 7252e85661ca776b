/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/unreported.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW        "untold" /* as in every store there is */
#define STATE_LOST 'L'      /* in front of the lines; else: */
#define STATE_KEPT 'K'

static int put(struct store *s, const char *lines, bool state_lost, struct err *e)
{
    char *text;
    if (asprintf(&text, "%c%s", state_lost ? STATE_LOST : STATE_KEPT, lines) < 0)
        abort(); /* without memory: start anew */
    int result = store_put_row(s, &(struct outbox_row){ROW, text}, e);
    free(text);
    return result;
}

int unreported_put(struct store *s, const struct outbox_found *found, struct err *e)
{
    return found->damage ? put(s, found->damage, found->state_lost, e) : 0;
}

int unreported_drop(struct store *s, struct err *e)
{
    if (sqlite3_exec(s->db, "DELETE FROM state WHERE name='" ROW "'", NULL, NULL, NULL) !=
        SQLITE_OK)
        return store_error(s, e, "drop what was told");
    return 0;
}

/* What stands there, and then what was found since, if it does not. */
static bool take(const char *text, struct outbox_found *found)
{
    char *both = NULL;
    bool has_own = found->damage && !strstr(text, found->damage);
    if (!text[0])
        return true;
    if (asprintf(&both, "%s%s%s", text + 1, has_own ? "\n" : "", has_own ? found->damage : "") < 0)
        return false;
    free(found->damage);
    found->damage = both;
    found->state_lost |= text[0] == STATE_LOST;
    return true;
}

bool unreported_take(struct outbox_found *found)
{
    size_t i = 0;
    while (i < found->row_count && strcmp(found->rows[i].name, ROW) != 0)
        i++;
    if (i == found->row_count)
        return true;
    char *text = found->rows[i].text;
    free(found->rows[i].name);
    found->rows[i] = found->rows[--found->row_count];
    bool is_good = take(text, found);
    free(text);
    return is_good;
}

bool unreported_read(struct store *s, struct outbox_found *found)
{
    sqlite3_stmt *query = NULL;
    bool is_good = true;
    if (sqlite3_prepare_v2(s->db, "SELECT text FROM state WHERE name='" ROW "'", -1, &query,
                           NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW && sqlite3_column_text(query, 0)) {
        outbox_found_finish(found);
        is_good = take((const char *)sqlite3_column_text(query, 0), found);
    }
    sqlite3_finalize(query);
    return is_good;
}

int unreported_add(struct store *s, const char *damage, bool state_lost, struct err *e)
{
    struct outbox_found before = {0};
    char *lines = NULL;
    size_t size;
    if (!unreported_read(s, &before))
        abort(); /* without memory: start anew */
    FILE *out = open_memstream(&lines, &size);
    if (!out)
        abort();
    char *rest = before.damage;
    for (const char *one; (one = strsep(&rest, "\n"));) {
        if (!strstr(damage, one))
            fprintf(out, "%s\n", one);
    }
    fputs(damage, out);
    if (fclose(out) != 0)
        abort();
    int result = put(s, lines, state_lost || before.state_lost, e);
    free(lines);
    outbox_found_finish(&before);
    return result;
}
