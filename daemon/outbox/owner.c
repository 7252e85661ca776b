/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/owner.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE "tocsin:" /* of an event, before the gateway's id (envelope) */

/* In the order in which they are asked. */
static const char *const newest[] = {
    "SELECT bytes FROM fresh ORDER BY seq DESC LIMIT 1",
    "SELECT bytes FROM event ORDER BY seq DESC LIMIT 1",
};

/* The caller's; NULL if the event does not say. */
static char *read_source(const void *bytes, int length)
{
    json_t *event = json_loadb(bytes, (size_t)length, 0, NULL);
    const char *source = json_string_value(json_object_get(event, "source"));
    bool is_one = source && strncmp(source, SOURCE, strlen(SOURCE)) == 0;
    char *id = is_one ? strdup(source + strlen(SOURCE)) : NULL;
    json_decref(event);
    return id;
}

static int read_one(sqlite3 *db, const char *text, bool is_event, char **ret_id)
{
    sqlite3_stmt *row = NULL;
    int step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(db, text, -1, &row, NULL) == SQLITE_OK)
        step = sqlite3_step(row);
    *ret_id = NULL;
    if (step == SQLITE_ROW && sqlite3_column_bytes(row, 0) > 0) {
        const void *bytes = sqlite3_column_blob(row, 0);
        int length = sqlite3_column_bytes(row, 0);
        *ret_id = is_event ? read_source(bytes, length) : strndup(bytes, (size_t)length);
    }
    sqlite3_finalize(row);
    return step == SQLITE_ROW || step == SQLITE_DONE ? SQLITE_OK : sqlite3_errcode(db);
}

int owner_check(sqlite3 *db, const char *path, const char *gateway, struct err *e)
{
    char *id = NULL;
    int result = 0;
    int code = read_one(db, "SELECT text FROM state WHERE name='" OWNER_ROW "'", false, &id);
    for (size_t i = 0; code == SQLITE_OK && !id && i < sizeof newest / sizeof *newest; i++)
        code = read_one(db, newest[i], true, &id);
    if (code != SQLITE_OK)
        result = err_set(e, code == SQLITE_CORRUPT ? EBADMSG : EIO, "%s: whose it is: %s", path,
                         sqlite3_errstr(code));
    else if (id && strcmp(id, gateway) != 0)
        result = err_set(e, EEXIST,
                         "%.150s is that of gateway %.40s, and this is %.40s: put this gateway's "
                         "own there; or, if it was given this id on purpose, stop tocsind, move "
                         "outbox.* away and start it",
                         path, id, gateway);
    free(id);
    return result;
}
