/* SPDX-License-Identifier: Apache-2.0 */
#include "sql.h"

#include <stdio.h>

sqlite3_stmt *sql_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fprintf(stderr, "store: %s\n", sqlite3_errmsg(db));
    return statement;
}

void sql_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

bool sql_finish(sqlite3_stmt *statement)
{
    bool good = sqlite3_step(statement) == SQLITE_DONE;
    if (!good && statement)
        fprintf(stderr, "store: %s\n", sqlite3_errmsg(sqlite3_db_handle(statement)));
    sqlite3_finalize(statement);
    return good;
}

bool sql_run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

int64_t sql_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *row = sql_prepare(db, sql);
    int64_t number = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : -1;
    sqlite3_finalize(row);
    return number;
}

void sql_copy(sqlite3_stmt *row, int column, char *ret_text, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    snprintf(ret_text, size, "%s", text ? text : "");
}

json_t *sql_json(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    json_t *value =
        text ? json_stringn(text, (size_t)sqlite3_column_bytes(row, column)) : json_null();
    return value ? value : json_string("");
}

json_t *sql_parse(sqlite3_stmt *row, int column)
{
    const char *bytes = sqlite3_column_blob(row, column);
    if (!bytes)
        return NULL;
    return json_loadb(bytes, (size_t)sqlite3_column_bytes(row, column), 0, NULL);
}
