/* SPDX-License-Identifier: Apache-2.0 */
/* What a start reads: where the chain ends, the rows of state, and what is still owed to whom. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "outbox/store.h"

static size_t receiver_index(const struct store *s, const unsigned char *name)
{
    for (size_t i = 0; i < s->receiver_count; i++) {
        if (name && strcmp(s->receivers[i], (const char *)name) == 0)
            return i;
    }
    return SIZE_MAX;
}

static int read_pending(struct store *s, struct outbox_found *found)
{
    static const char text[] =
        "SELECT d.seq, d.receiver, e.class, d.attempts, e.alarm FROM delivery d"
        " JOIN event e ON e.seq = d.seq WHERE d.state = 0 ORDER BY d.seq";
    sqlite3_stmt *query = NULL;
    size_t room = 0;
    int step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(s->db, text, -1, &query, NULL) != SQLITE_OK)
        return -EIO;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
        size_t receiver = receiver_index(s, sqlite3_column_text(query, 1));
        if (receiver == SIZE_MAX)
            continue; /* taken out of the configuration: its rows stay, idle */
        if (found->pending_count == room) {
            room = room ? room * 2 : 64;
            struct outbox_pending *grown = reallocarray(found->pending, room, sizeof *grown);
            if (!grown)
                break;
            found->pending = grown;
        }
        struct outbox_pending *p = &found->pending[found->pending_count++];
        *p = (struct outbox_pending){.seq = (uint64_t)sqlite3_column_int64(query, 0),
                                     .receiver = receiver,
                                     .class = (enum event_class)sqlite3_column_int(query, 2),
                                     .attempts = (unsigned)sqlite3_column_int(query, 3)};
        store_copy_column(query, 4, p->alarm, sizeof p->alarm);
    }
    sqlite3_finalize(query);
    return step == SQLITE_DONE ? 0 : -EIO;
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
        size_t receiver = receiver_index(s, sqlite3_column_text(query, 1));
        if (receiver == SIZE_MAX || sqlite3_column_bytes(query, 8) != EVENT_DIGEST_BYTES)
            continue;
        struct outbox_upload *grown =
            reallocarray(found->uploads, found->upload_count + 1, sizeof *grown);
        if (!grown)
            break;
        found->uploads = grown;
        struct outbox_upload *u = &found->uploads[found->upload_count++];
        *u = (struct outbox_upload){.seq = (uint64_t)sqlite3_column_int64(query, 0),
                                    .receiver = receiver,
                                    .length_bytes = sqlite3_column_int64(query, 7)};
        store_copy_column(query, 2, u->manifest, sizeof u->manifest);
        store_copy_column(query, 3, u->clip, sizeof u->clip);
        store_copy_column(query, 4, u->alarm, sizeof u->alarm);
        store_copy_column(query, 5, u->camera, sizeof u->camera);
        store_copy_column(query, 6, u->path, sizeof u->path);
        memcpy(u->sha256, sqlite3_column_blob(query, 8), EVENT_DIGEST_BYTES);
    }
    sqlite3_finalize(query);
    return step == SQLITE_DONE ? 0 : -EIO;
}

static int read_head(struct store *s, struct outbox_found *found)
{
    sqlite3_stmt *query = NULL;
    int result = -EIO;
    if (sqlite3_prepare_v2(s->db,
                           "SELECT seq, digest, wall_ms FROM event ORDER BY seq DESC LIMIT 1", -1,
                           &query, NULL) == SQLITE_OK) {
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

static int read_rows(struct store *s, struct outbox_found *found)
{
    sqlite3_stmt *query = NULL;
    int step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(s->db, "SELECT name, text FROM state", -1, &query, NULL) != SQLITE_OK)
        return -EIO;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(query, 0);
        const char *text = (const char *)sqlite3_column_text(query, 1);
        struct outbox_found_row *grown =
            reallocarray(found->rows, found->row_count + 1, sizeof *grown);
        if (!grown || !name || !text)
            break;
        found->rows = grown;
        grown[found->row_count].name = strdup(name);
        grown[found->row_count].text = strdup(text);
        if (!grown[found->row_count].name || !grown[found->row_count].text)
            abort();
        found->row_count++;
    }
    sqlite3_finalize(query);
    return step == SQLITE_DONE ? 0 : -EIO;
}

static int read_state(struct store *s, struct outbox_found *found)
{
    sqlite3_stmt *query = NULL;
    if (read_rows(s, found) != 0)
        return -EIO;
    if (sqlite3_prepare_v2(s->db, "SELECT receiver, max(answer_seq) FROM answer GROUP BY receiver",
                           -1, &query, NULL) != SQLITE_OK)
        return -EIO;
    while (sqlite3_step(query) == SQLITE_ROW) {
        size_t receiver = receiver_index(s, sqlite3_column_text(query, 0));
        if (receiver < LIMIT_RECEIVERS)
            found->answer_seq[receiver] = sqlite3_column_int64(query, 1);
    }
    sqlite3_finalize(query);
    return 0;
}

int store_read_found(struct store *s, struct outbox_found *ret_found, struct err *e)
{
    if (read_head(s, ret_found) != 0 || read_state(s, ret_found) != 0 ||
        read_pending(s, ret_found) != 0 || read_uploads(s, ret_found) != 0)
        return store_error(s, e, "read what is pending");
    return 0;
}
