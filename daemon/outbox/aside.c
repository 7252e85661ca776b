/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/aside.h"

#include <stdio.h>
#include <string.h>

#include "outbox/fresh.h"

#define SUFFIX "@before"

static int execute(struct store *s, const char *text, const char *doing, struct err *e)
{
    return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_error(s, e, doing);
}

int aside_keep(struct store *s, struct err *e)
{
    static const char text[] =
        "INSERT OR IGNORE INTO state SELECT name||'" SUFFIX "',text FROM state"
        " WHERE " STORE_ROWS_OF_PARTS " AND name NOT LIKE '%" SUFFIX "'";
    int result = store_begin(s, e);
    if (result != 0)
        return result;
    result = fresh_settle(s, e);
    if (result == 0)
        result = execute(s, text, "set rows of state aside", e);
    if (result == 0)
        result = store_commit(s, e);
    if (result != 0)
        store_rollback(s);
    return result;
}

int aside_drop(struct store *s, struct err *e)
{
    return execute(s, "DELETE FROM state WHERE name LIKE '%" SUFFIX "'", "drop what was set aside",
                   e);
}

bool aside_name(const char *name, char ret_was[OUTBOX_ROW_NAME_SIZE])
{
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    if (length <= suffix || strcmp(name + length - suffix, SUFFIX) != 0)
        return false;
    snprintf(ret_was, OUTBOX_ROW_NAME_SIZE, "%.*s", (int)(length - suffix), name);
    return true;
}
