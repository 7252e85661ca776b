/* SPDX-License-Identifier: Apache-2.0 */
/* Small things around SQLite's statements; a statement that could not be prepared is NULL, which
 * SQLite's own functions take for an error, not a crash. Any thread that may use the database. */
#ifndef RECEIVER_SQL_H
#define RECEIVER_SQL_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

sqlite3_stmt *sql_prepare(sqlite3 *db, const char *sql);
/* The text is copied. */
void sql_bind_text(sqlite3_stmt *statement, int at, const char *text);
/* Runs a statement that returns no rows, and frees it. */
bool sql_finish(sqlite3_stmt *statement);
bool sql_run(sqlite3 *db, const char *sql);
/* Of the first row; -1 if there is none. */
int64_t sql_number(sqlite3 *db, const char *sql);
void sql_copy(sqlite3_stmt *row, int column, char *ret_text, size_t size);
/* A new reference; null for NULL, "" for what is not UTF-8. */
json_t *sql_json(sqlite3_stmt *row, int column);
/* Reads the column as JSON; NULL if it is none. */
json_t *sql_parse(sqlite3_stmt *row, int column);

#endif
