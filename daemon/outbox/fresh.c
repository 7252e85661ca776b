/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/fresh.h"

#include <stdio.h>
#include <string.h>

#include "outbox/numbers.h"

/* Names are letters, digits, '-', '_', '.': no space. */
static void list_receivers(const struct store *s, const struct event *event,
                           char ret_names[LIMIT_RECEIVERS * (LIMIT_ID_BYTES + 1) + 1])
{
    size_t used = 0;
    ret_names[0] = '\0';
    for (size_t i = 0; i < s->receiver_count; i++) {
        if (s->withheld[i] & UPLINK_TAKES(event->class))
            continue;
        used += (size_t)sprintf(ret_names + used, "%.*s ", LIMIT_ID_BYTES, s->receivers[i]);
    }
}

bool fresh_next_receiver(const char **at, char ret_name[LIMIT_ID_BYTES + 1])
{
    size_t length = strcspn(*at, " ");
    if (length == 0)
        return false;
    snprintf(ret_name, LIMIT_ID_BYTES + 1, "%.*s", (int)length, *at);
    *at += length + ((*at)[length] == ' ');
    return true;
}

int fresh_put(struct store *s, const struct event *event, const struct outbox_row *row,
              const char *receivers, struct err *e)
{
    char names[LIMIT_RECEIVERS * (LIMIT_ID_BYTES + 1) + 1];
    /* Only if a start could not write that it was one, or gave numbers without a store. */
    bool is_above = s->ceiling > 0 && event->seq > s->ceiling;
    int begun = s->is_clean || is_above ? numbers_keep_ahead(s, event->seq, e) : 0;
    if (begun != 0)
        return begun;
    sqlite3_stmt *statement = s->statements[STORE_INSERT_FRESH];
    if (!receivers)
        list_receivers(s, event, names);
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)event->seq);
    store_bind_text(statement, 2, event->id);
    store_bind_text(statement, 3, event->type);
    sqlite3_bind_int(statement, 4, (int)event->class);
    store_bind_text(statement, 5, event->alarm);
    sqlite3_bind_int64(statement, 6, event->wall_ms);
    sqlite3_bind_blob(statement, 7, event->digest, EVENT_DIGEST_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 8, event->bytes, (int)event->length, SQLITE_STATIC);
    store_bind_text(statement, 9, receivers ? receivers : names);
    store_bind_text(statement, 10, row ? row->name : NULL);
    store_bind_text(statement, 11, row ? row->text : NULL);
    int result = store_run(s, STORE_INSERT_FRESH, "event", e);
    s->fresh += result == 0;
    return result;
}

static int owe(struct store *s, uint64_t seq, const char *names, struct err *e)
{
    char name[LIMIT_ID_BYTES + 1];
    int result = 0;
    while (result == 0 && fresh_next_receiver(&names, name)) {
        sqlite3_stmt *statement = s->statements[STORE_INSERT_DELIVERY];
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)seq);
        store_bind_text(statement, 2, name);
        result = store_run(s, STORE_INSERT_DELIVERY, "delivery", e);
    }
    return result;
}

static int settle_one(struct store *s, uint64_t seq, const char *names, struct err *e)
{
    static const enum store_statement steps[] = {STORE_SETTLE_EVENT, STORE_SETTLE_STATE,
                                                 STORE_DELETE_FRESH};
    int result = owe(s, seq, names, e);
    for (size_t i = 0; result == 0 && i < sizeof steps / sizeof *steps; i++) {
        sqlite3_bind_int64(s->statements[steps[i]], 1, (sqlite3_int64)seq);
        result = store_run(s, steps[i], "settle", e);
    }
    return result;
}

/* The next one after `*seq`: 1, 0 if there is none, or a negative errno. */
static int next(struct store *s, uint64_t *seq, char *ret_names, size_t size, struct err *e)
{
    sqlite3_stmt *row = s->statements[STORE_NEXT_FRESH];
    sqlite3_bind_int64(row, 1, (sqlite3_int64)*seq);
    int step = sqlite3_step(row);
    int result = step == SQLITE_ROW ? 1 : step == SQLITE_DONE ? 0 : store_error(s, e, "settle");
    if (result > 0) {
        *seq = (uint64_t)sqlite3_column_int64(row, 0);
        store_copy_column(row, 1, ret_names, size);
    }
    store_reset(row);
    return result;
}

int fresh_settle(struct store *s, struct err *e)
{
    char names[LIMIT_RECEIVERS * (LIMIT_ID_BYTES + 1) + 1];
    uint64_t seq = 0;
    int result = 0;
    if (s->fresh == 0)
        return 0;
    while ((result = next(s, &seq, names, sizeof names, e)) > 0) {
        result = settle_one(s, seq, names, e);
        if (result != 0)
            return result;
    }
    if (result == 0)
        result = numbers_keep_ahead(s, seq, e);
    if (result == 0)
        s->fresh = 0;
    return result;
}

int fresh_count(struct store *s, struct err *e)
{
    sqlite3_stmt *query = NULL;
    int result = 0;
    s->fresh = 0;
    if (sqlite3_prepare_v2(s->db, "SELECT count(*) FROM fresh", -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW)
        s->fresh = (size_t)sqlite3_column_int64(query, 0);
    else
        result = store_error(s, e, "count");
    sqlite3_finalize(query);
    return result;
}
