/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/aside.h"

#include <stdio.h>
#include <string.h>

#define SUFFIX "@before"

int aside_drop(struct store *s, struct err *e)
{
    if (sqlite3_exec(s->db, "DELETE FROM state WHERE name LIKE '%" SUFFIX "'", NULL, NULL, NULL) !=
        SQLITE_OK)
        return store_error(s, e, "drop what was set aside");
    return 0;
}

bool aside_name(const char *name, char ret_was[OUTBOX_ROW_NAME_SIZE])
{
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    if (length <= suffix || strcmp(name + length - suffix, SUFFIX) != 0)
        return false;
    snprintf(ret_was, OUTBOX_ROW_NAME_SIZE, "%.*s", (int)(length - suffix), name);
    return true;
}
