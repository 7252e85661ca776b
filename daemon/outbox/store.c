/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/store.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outbox/fresh.h"
#include "outbox/numbers.h"
#include "outbox/owner.h"
#include "outbox/prove.h"

#define PAGE_BYTES    4096
#define STORE_VERSION "2" /* 1 had no table `fresh` */

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS event("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, class INTEGER NOT NULL,"
    "  alarm TEXT NOT NULL, wall_ms INTEGER NOT NULL, digest BLOB NOT NULL, bytes BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS event_id ON event(id);"
    "CREATE INDEX IF NOT EXISTS event_alarm ON event(alarm) WHERE alarm <> '';"
    /* state: 0 pending, 1 stored (signed receipt), 2 unconfirmed, 4 given up */
    "CREATE TABLE IF NOT EXISTS delivery("
    "  seq INTEGER NOT NULL, receiver TEXT NOT NULL, state INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL, request TEXT, receipt BLOB, receipt_headers TEXT,"
    "  PRIMARY KEY(seq, receiver)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS delivery_pending ON delivery(receiver, seq) WHERE state = 0;"
    "CREATE TABLE IF NOT EXISTS upload("
    "  seq INTEGER NOT NULL, receiver TEXT NOT NULL, manifest TEXT NOT NULL, clip TEXT NOT NULL,"
    "  alarm TEXT NOT NULL, camera TEXT NOT NULL, path TEXT NOT NULL, length INTEGER NOT NULL,"
    "  sha256 BLOB NOT NULL, state INTEGER NOT NULL, receipt BLOB, receipt_headers TEXT,"
    "  PRIMARY KEY(seq, receiver)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS upload_clip ON upload(clip);"
    "CREATE TABLE IF NOT EXISTS answer("
    "  receiver TEXT NOT NULL, answer_seq INTEGER NOT NULL, alarm TEXT NOT NULL,"
    "  state INTEGER NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL, note TEXT NOT NULL,"
    "  PRIMARY KEY(receiver, answer_seq)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS state(name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS filler(bytes BLOB);" FRESH_TABLE;

#define EVENT "SELECT seq,id,type,alarm,wall_ms,digest,bytes FROM event "
#define WHOLE "SELECT seq,id,type,class,alarm,wall_ms,digest,bytes FROM "

/* Every insert may be repeated: a commit that failed may have reached the disk all the same. Bytes
 * that rotted there are replaced (restore.h). */
static const char *const sql[STORE_STATEMENT_COUNT] = {
    [STORE_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_COMMIT] = "COMMIT",
    [STORE_INSERT_FRESH] = "INSERT OR IGNORE INTO fresh VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
    [STORE_NEXT_FRESH] = "SELECT seq,receivers FROM fresh WHERE seq>?1 ORDER BY seq LIMIT 1",
    [STORE_SETTLE_EVENT] =
        "INSERT INTO event " WHOLE "fresh WHERE seq=?1 ON CONFLICT(seq) DO UPDATE"
        " SET bytes=excluded.bytes WHERE digest=excluded.digest",
    [STORE_SETTLE_STATE] = "INSERT OR REPLACE INTO state SELECT state_name,state_text FROM fresh"
                           " WHERE seq=?1 AND state_name IS NOT NULL",
    [STORE_DELETE_FRESH] = "DELETE FROM fresh WHERE seq=?1",
    [STORE_INSERT_DELIVERY] =
        "INSERT OR IGNORE INTO delivery(seq,receiver,state,attempts) VALUES(?1,?2,0,0)",
    [STORE_INSERT_UPLOAD] = "INSERT OR IGNORE INTO upload(seq,receiver,manifest,clip,alarm,camera,"
                            "path,length,sha256,state) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
    [STORE_SET_STATE] = "INSERT OR REPLACE INTO state VALUES(?1,?2)",
    [STORE_SET_DELIVERY] = "UPDATE delivery SET state=?3,attempts=?4,request=?5,receipt=?6,"
                           "receipt_headers=?7 WHERE seq=?1 AND receiver=?2 AND state=0",
    [STORE_SET_UPLOAD] = "UPDATE upload SET state=?3,receipt=?4,receipt_headers=?5"
                         " WHERE seq=?1 AND receiver=?2 AND state=0",
    [STORE_INSERT_ANSWER] = "INSERT OR IGNORE INTO answer VALUES(?1,?2,?3,?4,?5,?6,?7)",
    /* No event waits for a disk that takes no writes before it is sent: not settled first. */
    [STORE_LOAD_EVENT] = WHOLE "event WHERE seq=?1 UNION ALL " WHOLE "fresh WHERE seq=?1 LIMIT 1",
    [STORE_FIND_CLIP] = "SELECT seq,receiver,state FROM upload WHERE clip=?1",
    [STORE_FIND_ALARM] = "SELECT seq FROM event WHERE alarm=?1 AND alarm<>'' LIMIT 1",
    [STORE_EVENT_OF_SEQ] = EVENT "WHERE seq=?1",
    [STORE_EVENT_OF_ID] = EVENT "WHERE id=?1 LIMIT 1",
    [STORE_EVENT_BEFORE] = EVENT "WHERE seq<?1 ORDER BY seq DESC LIMIT 1",
    [STORE_EVENT_BEFORE_OF_ALARM] =
        EVENT "WHERE alarm=?2 AND alarm<>'' AND seq<?1 ORDER BY seq DESC LIMIT 1",
    [STORE_EVENT_AFTER] = EVENT "WHERE seq>?1 ORDER BY seq LIMIT 1",
    [STORE_EVENT_AFTER_OF_ALARM] =
        EVENT "WHERE alarm=?2 AND alarm<>'' AND seq>?1 ORDER BY seq LIMIT 1",
    [STORE_DELIVERY_AFTER] = "SELECT receiver,state,attempts,request,receipt,receipt_headers"
                             " FROM delivery WHERE seq=?1 AND receiver>?2"
                             " ORDER BY receiver LIMIT 1",
    [STORE_COUNT_ANY] = "SELECT seq,id FROM event WHERE id>?1 ORDER BY id LIMIT ?2",
    [STORE_COUNT_ALARM] = "SELECT seq,id FROM event WHERE alarm=?3 AND alarm<>'' AND seq>?1"
                          " ORDER BY seq LIMIT ?2",
    [STORE_OLD_EVENTS] = "SELECT seq,seq=(SELECT max(seq) FROM event)"
                         " OR EXISTS(SELECT 1 FROM delivery d WHERE d.seq=e.seq AND d.state=0)"
                         " OR EXISTS(SELECT 1 FROM upload u WHERE u.seq=e.seq AND u.state=0)"
                         ",wall_ms"
                         " FROM event e WHERE seq>?1 AND seq<=?2 ORDER BY seq LIMIT ?3",
    [STORE_DELETE_DELIVERIES] = "DELETE FROM delivery WHERE seq=?1",
    [STORE_DELETE_UPLOADS] = "DELETE FROM upload WHERE seq=?1",
    [STORE_DELETE_EVENT] = "DELETE FROM event WHERE seq=?1",
    [STORE_PENDING_AFTER] = "SELECT d.seq,e.class FROM delivery d JOIN event e ON e.seq=d.seq"
                            " WHERE d.receiver=?1 AND d.state=0 AND d.seq>?2"
                            " ORDER BY d.seq LIMIT ?3",
    [STORE_UPLOAD_AFTER] = "SELECT seq,receiver,manifest,clip,alarm,camera,path,length,sha256,state"
                           " FROM upload WHERE (seq,receiver)>(?1,?2)"
                           " ORDER BY seq,receiver LIMIT ?3",
    [STORE_STRIKE_DELIVERY] = "DELETE FROM delivery WHERE seq=?1 AND receiver=?2 AND state=0",
    [STORE_STRIKE_UPLOAD] = "UPDATE upload SET state=3 WHERE seq=?1 AND receiver=?2 AND state=0",
    [STORE_SCRUB_FRESH] = "SELECT seq,'',1,state_text,digest,bytes FROM fresh WHERE seq>?1"
                          " ORDER BY seq LIMIT ?3",
    [STORE_SCRUB_STATE] = "SELECT 0,name,1,text FROM state WHERE name>?2 ORDER BY name LIMIT ?3",
    [STORE_SCRUB_PENDING] = "SELECT seq,receiver,1,attempts FROM delivery"
                            " INDEXED BY delivery_pending"
                            " WHERE state=0 AND (receiver,seq)>(?2,?1)"
                            " ORDER BY receiver,seq LIMIT ?3",
    [STORE_SCRUB_CLIPS] = "SELECT seq,clip,1,path FROM upload INDEXED BY upload_clip"
                          " WHERE (clip,seq)>(?2,?1) ORDER BY clip,seq LIMIT ?3",
    [STORE_SCRUB_ALARMS] = "SELECT seq,alarm,1,wall_ms FROM event INDEXED BY event_alarm"
                           " WHERE alarm<>'' AND (alarm,seq)>(?2,?1) ORDER BY alarm,seq LIMIT ?3",
    [STORE_SCRUB_IDS] = "SELECT seq,id,1,wall_ms FROM event INDEXED BY event_id"
                        " WHERE (id,seq)>(?2,?1) ORDER BY id,seq LIMIT ?3",
    [STORE_SCRUB_ANSWERS] = "SELECT answer_seq,receiver,1,alarm,state,by,at,note FROM answer"
                            " WHERE (receiver,answer_seq)>(?2,?1)"
                            " ORDER BY receiver,answer_seq LIMIT ?3",
    [STORE_SCRUB_UPLOADS] =
        "SELECT seq,receiver,EXISTS(SELECT 1 FROM upload i INDEXED BY upload_clip"
        " WHERE i.clip=u.clip AND i.seq=u.seq AND i.receiver=u.receiver),"
        "manifest,path,sha256,receipt,receipt_headers FROM upload u"
        " WHERE (seq,receiver)>(?1,?2) ORDER BY seq,receiver LIMIT ?3",
    [STORE_SCRUB_DELIVERIES] =
        "SELECT seq,receiver,state<>0 OR EXISTS(SELECT 1 FROM delivery i INDEXED BY"
        " delivery_pending WHERE i.receiver=d.receiver AND i.seq=d.seq AND i.state=0),"
        "request,receipt,receipt_headers FROM delivery d"
        " WHERE (seq,receiver)>(?1,?2) ORDER BY seq,receiver LIMIT ?3",
    [STORE_SCRUB_EVENTS] =
        "SELECT seq,'',EXISTS(SELECT 1 FROM event i INDEXED BY event_id WHERE i.id=e.id AND"
        " i.seq=e.seq) AND (alarm='' OR EXISTS(SELECT 1 FROM event i INDEXED BY event_alarm"
        " WHERE i.alarm=e.alarm AND i.alarm<>'' AND i.seq=e.seq)),type,digest,bytes FROM event e"
        " WHERE seq>?1 ORDER BY seq LIMIT ?3",
};

static int number_of(int code)
{
    switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return EBADMSG;
    case SQLITE_FULL:
        return ENOSPC;
    case SQLITE_BUSY:
        return EBUSY;
    default:
        return EIO;
    }
}

int store_error(struct store *s, struct err *e, const char *doing)
{
    int code = s->db ? sqlite3_errcode(s->db) : SQLITE_NOMEM;
    int cause = s->db ? sqlite3_system_errno(s->db) : 0;
    bool has_cause = cause != 0 && (code == SQLITE_IOERR || code == SQLITE_CANTOPEN);
    bool lacks_means = !s->db || store_lacks_means(s->db);
    if (!lacks_means && number_of(code) == EIO && store_says_read_only(s->path, doing, e))
        return -EIO;
    return err_set(e, lacks_means ? EAGAIN : number_of(code), "%s: %s: %s%s%s", s->path, doing,
                   s->db ? sqlite3_errmsg(s->db) : "out of memory", has_cause ? ": " : "",
                   has_cause ? strerror(cause) : "");
}

static int execute(struct store *s, const char *text, const char *doing, struct err *e)
{
    return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_error(s, e, doing);
}

static int on_log_grown(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct store *s = arg;
    (void)db;
    (void)name;
    s->log_pages = pages;
    return SQLITE_OK;
}

bool store_log_is_long(const struct store *s)
{
    return s->log_pages > STORE_LOG_BYTES / PAGE_BYTES / 2;
}

bool store_log_is_full(const struct store *s)
{
    return s->log_pages > STORE_LOG_BYTES / PAGE_BYTES / 4 * 3;
}

bool store_log_has_its_room(const struct store *s)
{
    return s->log_pages >= STORE_LOG_BYTES / PAGE_BYTES;
}

/* Of one whose schema stands. */
static int make_ready(struct store *s, struct err *e)
{
    int result = 0;
    for (int i = 0; result == 0 && i < STORE_STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i],
                               NULL) != SQLITE_OK)
            result = store_error(s, e, "prepare");
    }
    if (result == 0)
        result = fresh_count(s, e);
    if (result == 0)
        result = numbers_read(s, e);
    if (result == 0 && s->gateway)
        result = owner_check(s->db, s->path, s->gateway, e);
    if (result != 0)
        store_close(s);
    return result;
}

static int open_file(struct store *s, int flags, const char *vfs, struct err *e)
{
    s->proven = s->is_read_only = false;
    if (store_is_foreign(s->path)) /* and SQLite would remove its log, even if it only reads */
        return err_set(e, EBADMSG, "%s: is no database", s->path);
    if (sqlite3_open_v2(s->path, &s->db, flags, vfs) == SQLITE_OK)
        return 0;
    int result = store_error(s, e, "open");
    store_close(s);
    return result;
}

void store_keep_log(sqlite3 *db)
{
    int persist = 1;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

int store_open(struct store *s, struct err *e)
{
    bool is_new = access(s->path, F_OK) != 0;
    int result = open_file(s, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL, e);
    if (result != 0)
        return result;
    /* EXCLUSIVE: this process alone, and no shared-memory file, which a full disk would turn into
     * a SIGBUS. EXTRA until the schema stands, because a rollback journal whose removal is not
     * durable would undo it. */
    result = execute(s,
                     "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=EXTRA;"
                     "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-256; PRAGMA journal_mode=WAL;"
                     "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=-1;",
                     "set up", e);
    store_keep_log(s->db);
    if (result == 0)
        result = execute(s, schema, "schema", e);
    if (result == 0)
        result = execute(s, "PRAGMA synchronous=FULL", "set up", e);
    if (result != 0) {
        store_close(s);
        return result;
    }
    result = make_ready(s, e);
    if (result != 0)
        return result;
    sqlite3_wal_hook(s->db, on_log_grown, s);
    place_note(&s->place, s->db, s->path);
    if (is_new)
        store_sync_folder(s->path);
    return 0;
}

int store_open_to_read(struct store *s, struct err *e)
{
    /* Without locks, since a lock is taken in a file that can be written; the index of the log is
     * in this process's memory then (EXCLUSIVE), where it is in a file else. */
    int result = open_file(s, SQLITE_OPEN_READONLY, "unix-none", e);
    if (result == 0 && (result = execute(s,
                                         "PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY;"
                                         "PRAGMA cache_size=-256;",
                                         "read", e)) != 0)
        store_close(s);
    if (result == 0) {
        store_keep_log(s->db);
        result = make_ready(s, e);
    }
    s->is_read_only = result == 0;
    return result;
}

void store_close(struct store *s)
{
    for (int i = 0; i < STORE_STATEMENT_COUNT; i++) {
        sqlite3_finalize(s->statements[i]);
        s->statements[i] = NULL;
    }
    sqlite3_close(s->db);
    s->db = NULL;
}

static int64_t read_number(struct store *s, const char *text)
{
    sqlite3_stmt *query = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(s->db, text, -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW)
        number = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return number;
}

int64_t store_free_bytes(struct store *s)
{
    return read_number(s, "PRAGMA freelist_count") * read_number(s, "PRAGMA page_size");
}

int store_fill(struct store *s, int bytes, struct err *e)
{
    char text[100];
    snprintf(text, sizeof text, "INSERT INTO filler VALUES(zeroblob(%d))", bytes);
    int result = store_prove(s, e);
    return result == 0 ? execute(s, text, "take room in advance", e) : result;
}

int store_empty(struct store *s, struct err *e)
{
    int result = store_prove(s, e);
    if (result == 0)
        result = execute(s, "DELETE FROM filler WHERE rowid IN (SELECT rowid FROM filler LIMIT 8)",
                         "free the room taken", e);
    return result == 0 ? sqlite3_changes(s->db) > 0 : result;
}

void store_reset(sqlite3_stmt *row)
{
    sqlite3_reset(row);
    sqlite3_clear_bindings(row);
}

void store_copy_column(sqlite3_stmt *row, int column, char *ret_text, size_t size)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    snprintf(ret_text, size, "%s", text ? (const char *)text : "");
}

int store_prove(struct store *s, struct err *e)
{
    if (s->proven)
        return 0;
    int result = prove_log(s->db);
    if (result != SQLITE_OK)
        return err_set(e, result == SQLITE_FULL ? ENOSPC : EIO, "%s: write the log anew: %s",
                       s->path, sqlite3_errstr(result));
    /* Until then a close must not move it into the database. */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    s->proven = true;
    return 0;
}

int store_begin(struct store *s, struct err *e)
{
    int result = store_prove(s, e);
    if (result != 0)
        return result;
    return store_run(s, STORE_BEGIN, "begin", e);
}

int store_commit(struct store *s, struct err *e)
{
    return store_run(s, STORE_COMMIT, "commit", e);
}

void store_rollback(struct store *s)
{
    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

int store_run(struct store *s, enum store_statement which, const char *doing, struct err *e)
{
    sqlite3_stmt *statement = s->statements[which];
    int step = sqlite3_step(statement);
    int result = step == SQLITE_DONE ? 0 : store_error(s, e, doing);
    store_reset(statement);
    return result;
}

void store_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static int put_upload(struct store *s, const struct event *event,
                      const struct outbox_upload *upload, const char *receiver,
                      enum store_delivery_state state, struct err *e)
{
    sqlite3_stmt *statement = s->statements[STORE_INSERT_UPLOAD];
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)event->seq);
    store_bind_text(statement, 2, receiver);
    store_bind_text(statement, 3, event->id);
    store_bind_text(statement, 4, upload->clip);
    store_bind_text(statement, 5, upload->alarm);
    store_bind_text(statement, 6, upload->camera);
    store_bind_text(statement, 7, upload->path);
    sqlite3_bind_int64(statement, 8, upload->length_bytes);
    sqlite3_bind_blob(statement, 9, upload->sha256, EVENT_DIGEST_BYTES, SQLITE_STATIC);
    sqlite3_bind_int(statement, 10, (int)state);
    return store_run(s, STORE_INSERT_UPLOAD, "upload", e);
}

int store_put_row(struct store *s, const struct outbox_row *row, struct err *e)
{
    if (!row)
        return 0;
    store_bind_text(s->statements[STORE_SET_STATE], 1, row->name);
    store_bind_text(s->statements[STORE_SET_STATE], 2, row->text);
    return store_run(s, STORE_SET_STATE, "state", e);
}

/* For each who takes it; a clip that nobody takes is known by a row of nobody's. */
static int put_uploads(struct store *s, const struct event *event,
                       const struct outbox_upload *upload, uint32_t receivers, struct err *e)
{
    bool is_known = false;
    int result = fresh_settle(s, e);
    for (size_t i = 0; result == 0 && i < s->receiver_count; i++) {
        bool is_withheld = s->no_clips[i] || s->withheld[i] & UPLINK_TAKES(event->class);
        if (!(receivers & 1u << i) || is_withheld)
            continue;
        result = put_upload(s, event, upload, s->receivers[i], STORE_DELIVERY_PENDING, e);
        is_known = true;
    }
    if (result == 0 && !is_known)
        result = put_upload(s, event, upload, "", STORE_DELIVERY_STRUCK, e);
    return result;
}

int store_put_event(struct store *s, const struct event *event, const struct outbox_row *row,
                    const struct outbox_upload *upload, uint32_t upload_receivers, struct err *e)
{
    return store_put_owed_event(s, event, row, upload, upload_receivers, NULL, e);
}

int store_put_owed_event(struct store *s, const struct event *event, const struct outbox_row *row,
                         const struct outbox_upload *upload, uint32_t upload_receivers,
                         const char *receivers, struct err *e)
{
    assert(store_event_is_whole(event));
    int result = s->fresh >= FRESH_MAX && !s->keeps_fresh ? fresh_settle(s, e) : 0;
    if (result == 0)
        result = fresh_put(s, event, row, receivers, e);
    if (result == 0 && upload)
        result = put_uploads(s, event, upload, upload_receivers, e);
    return result;
}

static void bind_evidence(sqlite3_stmt *statement, int at, const struct store_delivery *delivery)
{
    const char *receipt = delivery->receipt;
    sqlite3_bind_blob(statement, at, receipt, receipt ? (int)strlen(receipt) : 0, SQLITE_STATIC);
    store_bind_text(statement, at + 1, delivery->receipt_headers);
}

int store_put_delivery(struct store *s, const struct store_delivery *delivery, struct err *e)
{
    sqlite3_stmt *statement = s->statements[STORE_SET_DELIVERY];
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)delivery->seq);
    store_bind_text(statement, 2, delivery->receiver);
    sqlite3_bind_int(statement, 3, (int)delivery->state);
    sqlite3_bind_int64(statement, 4, delivery->attempts);
    store_bind_text(statement, 5, delivery->request);
    bind_evidence(statement, 6, delivery);
    return store_run(s, STORE_SET_DELIVERY, "delivery", e);
}

int store_put_upload(struct store *s, const struct store_delivery *delivery, struct err *e)
{
    sqlite3_stmt *statement = s->statements[STORE_SET_UPLOAD];
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)delivery->seq);
    store_bind_text(statement, 2, delivery->receiver);
    sqlite3_bind_int(statement, 3, (int)delivery->state);
    bind_evidence(statement, 4, delivery);
    return store_run(s, STORE_SET_UPLOAD, "upload", e);
}

int store_put_answer(struct store *s, const char *receiver, const struct uplink_answer *answer,
                     const struct outbox_row *row, struct err *e)
{
    sqlite3_stmt *statement = s->statements[STORE_INSERT_ANSWER];
    store_bind_text(statement, 1, receiver);
    sqlite3_bind_int64(statement, 2, answer->answer_seq);
    store_bind_text(statement, 3, answer->alarm);
    sqlite3_bind_int(statement, 4, (int)answer->state);
    store_bind_text(statement, 5, answer->by);
    store_bind_text(statement, 6, answer->at);
    store_bind_text(statement, 7, answer->note);
    int result = store_run(s, STORE_INSERT_ANSWER, "answer", e);
    return result == 0 ? store_put_row(s, row, e) : result;
}

/* A digest that is none is left zeros: whoever looks sees that it is another. */
static struct event *event_of_row(sqlite3_stmt *row, uint64_t seq)
{
    size_t length = (size_t)sqlite3_column_bytes(row, 7);
    struct event *event = calloc(1, sizeof *event + length + 1);
    if (!event)
        abort(); /* called missing, a press would be given up */
    event->references = 1;
    event->seq = seq;
    store_copy_column(row, 1, event->id, sizeof event->id);
    store_copy_column(row, 2, event->type, sizeof event->type);
    event->class = (enum event_class)sqlite3_column_int(row, 3);
    store_copy_column(row, 4, event->alarm, sizeof event->alarm);
    event->wall_ms = sqlite3_column_int64(row, 5);
    if (sqlite3_column_bytes(row, 6) == EVENT_DIGEST_BYTES)
        memcpy(event->digest, sqlite3_column_blob(row, 6), EVENT_DIGEST_BYTES);
    event->length = length;
    if (length > 0)
        memcpy(event->bytes, sqlite3_column_blob(row, 7), length);
    return event;
}

int store_get_event(struct store *s, uint64_t seq, struct event **ret_event, struct err *e)
{
    sqlite3_stmt *row = s->statements[STORE_LOAD_EVENT];
    sqlite3_bind_int64(row, 1, (sqlite3_int64)seq);
    int step = sqlite3_step(row);
    *ret_event = step == SQLITE_ROW ? event_of_row(row, seq) : NULL;
    int result = step == SQLITE_ROW || step == SQLITE_DONE ? 0 : store_error(s, e, "load");
    sqlite3_reset(row);
    return result;
}

size_t store_receiver(const struct store *s, const char *name)
{
    for (size_t i = 0; i < s->receiver_count; i++) {
        if (name && strcmp(s->receivers[i], name) == 0)
            return i;
    }
    return SIZE_MAX;
}

static int find_uploads(struct store *s, const char *clip, struct outbox_clip *ret_found,
                        struct err *e)
{
    sqlite3_stmt *row = s->statements[STORE_FIND_CLIP];
    int step;
    *ret_found = (struct outbox_clip){.seq = 0};
    store_bind_text(row, 1, clip);
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        size_t receiver = store_receiver(s, (const char *)sqlite3_column_text(row, 1));
        ret_found->seq = (uint64_t)sqlite3_column_int64(row, 0);
        if (receiver != SIZE_MAX && sqlite3_column_int(row, 2) == STORE_DELIVERY_PENDING)
            ret_found->pending |= 1u << receiver;
    }
    sqlite3_reset(row);
    return step == SQLITE_DONE ? 0 : store_error(s, e, "find clip");
}

static int find_alarm(struct store *s, const char *alarm, bool *ret_unknown, struct err *e)
{
    sqlite3_stmt *row = s->statements[STORE_FIND_ALARM];
    store_bind_text(row, 1, alarm);
    int step = sqlite3_step(row);
    *ret_unknown = step == SQLITE_DONE;
    int result = step == SQLITE_ROW || step == SQLITE_DONE ? 0 : store_error(s, e, "find alarm");
    sqlite3_reset(row);
    return result;
}

int store_find_clip(struct store *s, const char *clip, const char *alarm,
                    struct outbox_clip *ret_found, struct err *e)
{
    int result = find_uploads(s, clip, ret_found, e);
    return result == 0 ? find_alarm(s, alarm, &ret_found->alarm_unknown, e) : result;
}

void store_set_takes(struct store *s, size_t receiver, uint32_t classes, bool clips)
{
    s->withheld[receiver] = ~classes;
    s->no_clips[receiver] = !clips;
}

void store_checkpoint(struct store *s)
{
    struct err e;
    /* A failure here leaves everything in the log, where it is as durable; the next one comes. What
     * was cut is not made as long again by it: whoever looks at its place next must see that. */
    if (s->db && place_check(&s->place, s->db, s->path, &e) == 0 && store_prove(s, NULL) == 0 &&
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == SQLITE_OK)
        s->log_pages = 0;
}

int store_end_log(struct store *s, struct err *e)
{
    return sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
                   SQLITE_OK
               ? 0
               : store_error(s, e, "move the log");
}

int store_begin_log(struct store *s, struct err *e)
{
    int result = store_prove(s, e);
    if (result != 0)
        return result;
    return execute(s, "PRAGMA user_version=" STORE_VERSION, "begin the log", e);
}
