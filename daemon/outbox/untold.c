/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/untold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW        "untold"
#define STATE_LOST 'L' /* in front of the sentence; else: */
#define STATE_KEPT 'K'

int untold_put(struct store *s, const struct outbox_found *found, struct err *e)
{
    char *text;
    if (!found->damage)
        return 0;
    if (asprintf(&text, "%c%s", found->state_lost ? STATE_LOST : STATE_KEPT, found->damage) < 0)
        abort(); /* without memory: start anew */
    int result = store_put_row(s, &(struct outbox_row){ROW, text}, e);
    free(text);
    return result;
}

int untold_drop(struct store *s, struct err *e)
{
    if (sqlite3_exec(s->db, "DELETE FROM state WHERE name='" ROW "'", NULL, NULL, NULL) !=
        SQLITE_OK)
        return store_error(s, e, "drop what was told");
    return 0;
}

bool untold_take(struct outbox_found *found)
{
    size_t i = 0;
    while (i < found->row_count && strcmp(found->rows[i].name, ROW) != 0)
        i++;
    if (i == found->row_count)
        return true;
    char *text = found->rows[i].text;
    free(found->rows[i].name);
    found->rows[i] = found->rows[--found->row_count];
    if (!found->damage && text[0]) {
        found->damage = strdup(text + 1);
        found->state_lost |= text[0] == STATE_LOST;
    }
    bool is_good = !text[0] || found->damage;
    free(text);
    return is_good;
}
