/* SPDX-License-Identifier: Apache-2.0 */
/* What a start reads: where the chain ends, the rows of state, and what is still owed to whom; of
 * what was settled and, after it, of what is fresh still, so that nothing must be written first. */
#include "outbox/found.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbox/aside.h"
#include "outbox/fresh.h"
#include "outbox/uploads.h"

static struct outbox_pending *add_pending(struct outbox_found *found, size_t *room)
{
    if (found->pending_count == *room) {
        size_t wanted = *room ? *room * 2 : 64;
        struct outbox_pending *grown = reallocarray(found->pending, wanted, sizeof *grown);
        if (!grown)
            return NULL;
        found->pending = grown;
        *room = wanted;
    }
    return &found->pending[found->pending_count++];
}

static int read_settled_pending(struct store *s, struct outbox_found *found, size_t *room)
{
    static const char text[] =
        "SELECT d.seq, d.receiver, e.class, d.attempts, e.alarm"
        " FROM delivery d INDEXED BY delivery_pending" /* to have them by seq it walks the table */
        " JOIN event e ON e.seq = d.seq WHERE d.state = 0 ORDER BY d.seq";
    sqlite3_stmt *query = NULL;
    int step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(s->db, text, -1, &query, NULL) != SQLITE_OK)
        return -EIO;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
        size_t receiver = store_receiver(s, (const char *)sqlite3_column_text(query, 1));
        if (receiver == SIZE_MAX)
            continue; /* taken out of the configuration: its rows stay, idle */
        struct outbox_pending *p = add_pending(found, room);
        if (!p)
            break;
        *p = (struct outbox_pending){.seq = (uint64_t)sqlite3_column_int64(query, 0),
                                     .receiver = receiver,
                                     .class = (enum event_class)sqlite3_column_int(query, 2),
                                     .attempts = (unsigned)sqlite3_column_int(query, 3)};
        store_copy_column(query, 4, p->alarm, sizeof p->alarm);
    }
    sqlite3_finalize(query);
    return step == SQLITE_DONE ? 0 : -EIO;
}

/* Of one event: false if there is no memory for it. */
static bool add_fresh_pending(const struct store *s, sqlite3_stmt *row, struct outbox_found *found,
                              size_t *room)
{
    const char *names = (const char *)sqlite3_column_text(row, 1);
    char name[LIMIT_ID_BYTES + 1];
    while (names && fresh_next_receiver(&names, name)) {
        size_t receiver = store_receiver(s, name);
        if (receiver == SIZE_MAX)
            continue;
        struct outbox_pending *p = add_pending(found, room);
        if (!p)
            return false;
        *p = (struct outbox_pending){.seq = (uint64_t)sqlite3_column_int64(row, 0),
                                     .receiver = receiver,
                                     .class = (enum event_class)sqlite3_column_int(row, 2)};
        store_copy_column(row, 3, p->alarm, sizeof p->alarm);
    }
    return true;
}

static int read_fresh_pending(struct store *s, struct outbox_found *found, size_t *room)
{
    static const char text[] = "SELECT seq, receivers, class, alarm FROM fresh"
                               " WHERE seq NOT IN (SELECT seq FROM event) ORDER BY seq";
    sqlite3_stmt *query = NULL;
    int step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(s->db, text, -1, &query, NULL) != SQLITE_OK)
        return -EIO;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
        if (!add_fresh_pending(s, query, found, room))
            break;
    }
    sqlite3_finalize(query);
    return step == SQLITE_DONE ? 0 : -EIO;
}

static int read_pending(struct store *s, struct outbox_found *found)
{
    size_t room = 0;
    int result = read_settled_pending(s, found, &room);
    return result == 0 ? read_fresh_pending(s, found, &room) : result;
}

bool found_put_upload(struct outbox_found *found, const struct outbox_upload *upload)
{
    if (found->uploads_taken[upload->receiver] == LIMIT_CLIPS_WAITING) {
        found->uploads_left[upload->receiver]++;
        return true;
    }
    struct outbox_upload *grown =
        reallocarray(found->uploads, found->upload_count + 1, sizeof *grown);
    if (!grown)
        return false;
    found->uploads = grown;
    found->uploads[found->upload_count++] = *upload;
    found->uploads_taken[upload->receiver]++;
    return true;
}

static int read_uploads(struct store *s, struct outbox_found *found)
{
    static const char text[] =
        "SELECT seq, receiver, manifest, clip, alarm, camera, path, length, sha256 FROM upload"
        " WHERE state = 0 ORDER BY seq";
    sqlite3_stmt *query = NULL;
    int step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(s->db, text, -1, &query, NULL) != SQLITE_OK)
        return -EIO;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
        size_t receiver = store_receiver(s, (const char *)sqlite3_column_text(query, 1));
        struct outbox_upload upload;
        if (receiver == SIZE_MAX || !uploads_read_row(query, receiver, &upload))
            continue;
        if (!found_put_upload(found, &upload))
            break;
    }
    sqlite3_finalize(query);
    return step == SQLITE_DONE ? 0 : -EIO;
}

static int read_head_of(struct store *s, const char *table, struct outbox_found *found)
{
    char text[120];
    sqlite3_stmt *query = NULL;
    int result = -EIO;
    snprintf(text, sizeof text,
             "SELECT seq, digest, wall_ms FROM %s WHERE seq>%llu ORDER BY seq DESC LIMIT 1", table,
             (unsigned long long)found->last_seq);
    if (sqlite3_prepare_v2(s->db, text, -1, &query, NULL) == SQLITE_OK) {
        int step = sqlite3_step(query);
        result = step == SQLITE_DONE ? 0 : -EIO;
        if (step == SQLITE_ROW && sqlite3_column_bytes(query, 1) == EVENT_DIGEST_BYTES) {
            found->last_seq = (uint64_t)sqlite3_column_int64(query, 0);
            memcpy(found->head, sqlite3_column_blob(query, 1), EVENT_DIGEST_BYTES);
            found->newest_wall_ms = sqlite3_column_int64(query, 2);
            result = 0;
        }
    }
    sqlite3_finalize(query);
    return result;
}

/* What is fresh was made after all that is settled, but for what a start took from the journal. */
static int read_head(struct store *s, struct outbox_found *found)
{
    int result = read_head_of(s, "event", found);
    return result == 0 ? read_head_of(s, "fresh", found) : result;
}

bool found_put_row(struct outbox_found *found, const char *name, const char *text)
{
    size_t i = 0;
    while (i < found->row_count && strcmp(found->rows[i].name, name) != 0)
        i++;
    if (i == found->row_count) {
        struct outbox_found_row *grown =
            reallocarray(found->rows, found->row_count + 1, sizeof *grown);
        if (!grown)
            return false;
        found->rows = grown;
        grown[found->row_count++] = (struct outbox_found_row){.name = strdup(name)};
    }
    free(found->rows[i].text);
    found->rows[i].text = strdup(text);
    if (!found->rows[i].name || !found->rows[i].text)
        abort();
    return true;
}

bool found_begin_earlier(struct outbox_found *found)
{
    if (!found->earlier)
        found->earlier = calloc(1, sizeof *found->earlier);
    return found->earlier;
}

bool found_keep_earlier(struct outbox_found *found, const char *name, const char *text)
{
    if (!found_begin_earlier(found))
        return false;
    return outbox_found_text(found->earlier, name) || found_put_row(found->earlier, name, text);
}

/* Under its name, or behind `earlier` if it was set aside under that. */
static bool take_row(struct outbox_found *found, const char *name, const char *text)
{
    char was[OUTBOX_ROW_NAME_SIZE];
    if (!aside_name(name, was))
        return found_put_row(found, name, text);
    return found_keep_earlier(found, was, text);
}

static int read_rows_of(struct store *s, const char *select, struct outbox_found *found)
{
    sqlite3_stmt *query = NULL;
    int step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(s->db, select, -1, &query, NULL) != SQLITE_OK)
        return -EIO;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(query, 0);
        const char *text = (const char *)sqlite3_column_text(query, 1);
        if (!name || !text || !take_row(found, name, text))
            break;
    }
    sqlite3_finalize(query);
    return step == SQLITE_DONE ? 0 : -EIO;
}

static int read_rows(struct store *s, struct outbox_found *found)
{
    int result = read_rows_of(s, "SELECT name, text FROM state WHERE " STORE_ROWS_OF_PARTS, found);
    if (result == 0)
        result = read_rows_of(s,
                              "SELECT state_name, state_text FROM fresh"
                              " WHERE state_name IS NOT NULL ORDER BY seq",
                              found);
    return result;
}

static int read_state(struct store *s, struct outbox_found *found)
{
    sqlite3_stmt *query = NULL;
    if (read_rows(s, found) != 0)
        return -EIO;
    if (sqlite3_prepare_v2(s->db, "SELECT receiver, max(answer_seq) FROM answer GROUP BY receiver",
                           -1, &query, NULL) != SQLITE_OK)
        return -EIO;
    int step;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
        size_t receiver = store_receiver(s, (const char *)sqlite3_column_text(query, 0));
        if (receiver < LIMIT_RECEIVERS)
            found->answer_seq[receiver] = sqlite3_column_int64(query, 1);
    }
    sqlite3_finalize(query);
    return step == SQLITE_DONE ? 0 : -EIO;
}

int store_read_head(struct store *s, struct outbox_found *ret_found, struct err *e)
{
    return read_head(s, ret_found) == 0 ? 0 : store_error(s, e, "read the newest event");
}

int store_read_found(struct store *s, struct outbox_found *ret_found, struct err *e)
{
    if (read_head(s, ret_found) != 0 || read_state(s, ret_found) != 0 ||
        read_pending(s, ret_found) != 0 || read_uploads(s, ret_found) != 0)
        return store_error(s, e, "read what is pending");
    return 0;
}

void found_finish_restored(struct outbox_restored *r)
{
    event_unref(r->event);
    free(r->row_name);
    free(r->row_text);
    free(r->receivers);
    free(r->upload_receivers);
}

const char *outbox_found_text(const struct outbox_found *found, const char *row)
{
    for (size_t i = 0; i < found->row_count; i++) {
        if (strcmp(found->rows[i].name, row) == 0)
            return found->rows[i].text;
    }
    return NULL;
}

void outbox_found_finish(struct outbox_found *found)
{
    for (size_t i = 0; i < found->row_count; i++) {
        free(found->rows[i].name);
        free(found->rows[i].text);
    }
    free(found->rows);
    free(found->pending);
    free(found->uploads);
    for (size_t i = 0; i < found->restored_count; i++)
        found_finish_restored(&found->restored[i]);
    free(found->restored);
    free(found->damage);
    if (found->earlier)
        outbox_found_finish(found->earlier);
    free(found->earlier);
    *found = (struct outbox_found){0};
}
