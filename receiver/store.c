/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct store {
    sqlite3 *db;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t version;
    char clips[4096];
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS event(receiver_seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT UNIQUE NOT NULL, source TEXT NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL,"
    "  alarm TEXT NOT NULL, time TEXT NOT NULL, clock TEXT NOT NULL, digest TEXT NOT NULL,"
    "  prev TEXT NOT NULL, headers TEXT NOT NULL, received_at TEXT NOT NULL, bytes BLOB NOT NULL,"
    "  chain TEXT NOT NULL);" /* "", "gap" or "fork" */
    "CREATE INDEX IF NOT EXISTS event_chain ON event(source, seq);"
    "CREATE INDEX IF NOT EXISTS event_alarm ON event(alarm);"
    "CREATE TABLE IF NOT EXISTS nonce(nonce TEXT PRIMARY KEY, until_s INTEGER NOT NULL)"
    "  WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS gateway(source TEXT PRIMARY KEY, bytes BLOB, received_at TEXT,"
    "  received_s INTEGER, beats INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS answer(answer_seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  source TEXT NOT NULL, alarm TEXT NOT NULL, state TEXT NOT NULL, by TEXT NOT NULL,"
    "  at TEXT NOT NULL, note TEXT NOT NULL, confirmed INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS clip(manifest TEXT PRIMARY KEY, source TEXT NOT NULL,"
    "  alarm TEXT NOT NULL, camera TEXT NOT NULL, length INTEGER NOT NULL, sha256 TEXT NOT NULL,"
    "  complete INTEGER NOT NULL, receiver_seq INTEGER, received_at TEXT) WITHOUT ROWID;";

/* With the lock held. */
static void note_change(struct store *s)
{
    s->version++;
    pthread_cond_broadcast(&s->changed);
}

static void now_text(char ret_text[32])
{
    struct timespec now;
    struct tm t;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &t);
    size_t used = strftime(ret_text, 32, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(ret_text + used, 32 - used, ".%03ldZ", now.tv_nsec / 1000000);
}

bool store_open(const char *folder, struct store **ret_store)
{
    char path[4096];
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return false;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    snprintf(path, sizeof path, "%s/receiver.db", folder);
    snprintf(s->clips, sizeof s->clips, "%s/clips", folder);
    mkdir(folder, 0700);
    mkdir(s->clips, 0700);
    if (sqlite3_open(path, &s->db) != SQLITE_OK ||
        sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(s->db));
        store_close(s);
        return false;
    }
    *ret_store = s;
    return true;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    sqlite3_close(s->db);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *store_clips_folder(const struct store *s)
{
    return s->clips;
}

static sqlite3_stmt *prepare(struct store *s, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) != SQLITE_OK)
        fprintf(stderr, "store: %s\n", sqlite3_errmsg(s->db));
    return statement;
}

static void bind(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

static bool finish(sqlite3_stmt *statement)
{
    bool good = sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_finalize(statement);
    return good;
}

static bool execute(struct store *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static void copy(sqlite3_stmt *row, int column, char *ret_text, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    snprintf(ret_text, size, "%s", text ? text : "");
}

static bool insert_nonce(struct store *s, const char *nonce, int64_t until_s)
{
    sqlite3_stmt *statement = prepare(s, "DELETE FROM nonce WHERE until_s < ?1");
    sqlite3_bind_int64(statement, 1, time(NULL));
    finish(statement);
    statement = prepare(s, "INSERT OR IGNORE INTO nonce VALUES(?1,?2)");
    bind(statement, 1, nonce);
    sqlite3_bind_int64(statement, 2, until_s);
    return finish(statement) && sqlite3_changes(s->db) == 1;
}

bool store_use_nonce(struct store *s, const char *nonce, int64_t until_s)
{
    pthread_mutex_lock(&s->lock);
    bool fresh = insert_nonce(s, nonce, until_s);
    pthread_mutex_unlock(&s->lock);
    return fresh;
}

/* base64url without padding of the digest that a Content-Digest text holds in base64. */
static void as_prev(const char *digest, char ret_prev[48])
{
    snprintf(ret_prev, 48, "%.43s", strlen(digest) > 52 ? digest + 9 : "");
    for (char *c = ret_prev; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
}

/* How the event stands to those around it in its gateway's chain. */
static const char *judge_chain(struct store *s, const struct event *event)
{
    const char *verdict = "";
    char prev[48];
    sqlite3_stmt *row =
        prepare(s, "SELECT seq, digest FROM event WHERE source=?1 AND seq IN (?2,?3)");
    bind(row, 1, event->source);
    sqlite3_bind_int64(row, 2, event->seq - 1);
    sqlite3_bind_int64(row, 3, event->seq);
    bool before = event->seq == 1;
    while (sqlite3_step(row) == SQLITE_ROW) {
        if (sqlite3_column_int64(row, 0) == event->seq) {
            verdict = "fork";
            continue;
        }
        before = true;
        as_prev((const char *)sqlite3_column_text(row, 1), prev);
        if (strcmp(prev, event->prev) != 0)
            verdict = "fork";
    }
    sqlite3_finalize(row);
    return verdict[0] || before ? verdict : "gap";
}

static bool insert_clip(struct store *s, const struct event *event)
{
    sqlite3_stmt *statement =
        prepare(s, "INSERT OR IGNORE INTO clip VALUES(?1,?2,?3,?4,?5,?6,0,NULL,NULL)");
    bind(statement, 1, event->id);
    bind(statement, 2, event->source);
    bind(statement, 3, event->alarm);
    bind(statement, 4, event->camera);
    sqlite3_bind_int64(statement, 5, event->length);
    bind(statement, 6, event->sha256);
    return finish(statement);
}

static enum store_result find_event(struct store *s, const char *id, const char *digest,
                                    struct store_entry *ret_entry)
{
    enum store_result result = STORE_NEW;
    sqlite3_stmt *row = prepare(s, "SELECT receiver_seq,received_at,digest FROM event WHERE id=?1");
    bind(row, 1, id);
    if (sqlite3_step(row) == SQLITE_ROW) {
        ret_entry->receiver_seq = sqlite3_column_int64(row, 0);
        copy(row, 1, ret_entry->received_at, sizeof ret_entry->received_at);
        result = strcmp((const char *)sqlite3_column_text(row, 2), digest) == 0 ? STORE_REPEAT
                                                                                : STORE_CONFLICT;
    }
    sqlite3_finalize(row);
    return result;
}

static bool insert_event(struct store *s, const struct event *event, const char *bytes,
                         size_t length, const char *digest, const char *headers,
                         struct store_entry *ret_entry)
{
    sqlite3_stmt *statement =
        prepare(s, "INSERT INTO event(id,source,seq,type,alarm,time,clock,digest,prev,headers,"
                   "received_at,bytes,chain) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)");
    now_text(ret_entry->received_at);
    bind(statement, 1, event->id);
    bind(statement, 2, event->source);
    sqlite3_bind_int64(statement, 3, event->seq);
    bind(statement, 4, event->type);
    bind(statement, 5, event->alarm);
    bind(statement, 6, event->time);
    bind(statement, 7, event->clock);
    bind(statement, 8, digest);
    bind(statement, 9, event->prev);
    bind(statement, 10, headers);
    bind(statement, 11, ret_entry->received_at);
    sqlite3_bind_blob(statement, 12, bytes, (int)length, SQLITE_TRANSIENT);
    bind(statement, 13, judge_chain(s, event));
    bool good = finish(statement);
    ret_entry->receiver_seq = sqlite3_last_insert_rowid(s->db);
    return good && (!event->manifest || insert_clip(s, event));
}

/* A gap that this event fills is no gap any more. */
static bool mend_gap(struct store *s, const struct event *event)
{
    sqlite3_stmt *statement =
        prepare(s, "UPDATE event SET chain='' WHERE source=?1 AND seq=?2 AND chain='gap'");
    bind(statement, 1, event->source);
    sqlite3_bind_int64(statement, 2, event->seq + 1);
    return finish(statement);
}

enum store_result store_put(struct store *s, const struct event *event, const char *bytes,
                            size_t length, const char *digest, const char *headers,
                            const char *nonce, int64_t nonce_until_s, struct store_entry *ret_entry)
{
    pthread_mutex_lock(&s->lock);
    enum store_result result = STORE_FAILED;
    if (execute(s, "BEGIN IMMEDIATE")) {
        result = find_event(s, event->id, digest, ret_entry);
        /* A repeat over a connection that broke may be the very same bytes with the same nonce:
         * it gets its receipt. A used nonce on a new event is a replay. */
        bool fresh = insert_nonce(s, nonce, nonce_until_s);
        if (result == STORE_NEW && !fresh)
            result = STORE_REPLAY;
        if (result == STORE_NEW &&
            (!insert_event(s, event, bytes, length, digest, headers, ret_entry) ||
             !mend_gap(s, event)))
            result = STORE_FAILED;
        if (result == STORE_FAILED || !execute(s, "COMMIT")) {
            execute(s, "ROLLBACK");
            result = STORE_FAILED;
        }
    }
    if (result == STORE_NEW)
        note_change(s);
    pthread_mutex_unlock(&s->lock);
    return result;
}

bool store_heartbeat(struct store *s, const struct event *event, const char *bytes, size_t length,
                     struct store_entry *ret_entry)
{
    pthread_mutex_lock(&s->lock);
    now_text(ret_entry->received_at);
    sqlite3_stmt *statement =
        prepare(s, "INSERT INTO gateway VALUES(?1,?2,?3,?4,1) ON CONFLICT(source) DO UPDATE SET"
                   " bytes=?2, received_at=?3, received_s=?4, beats=beats+1");
    bind(statement, 1, event->source);
    sqlite3_bind_blob(statement, 2, bytes, (int)length, SQLITE_TRANSIENT);
    bind(statement, 3, ret_entry->received_at);
    sqlite3_bind_int64(statement, 4, time(NULL));
    bool good = finish(statement);
    statement = prepare(s, "UPDATE answer SET confirmed=1 WHERE source=?1 AND answer_seq<=?2"
                           " AND confirmed=0");
    bind(statement, 1, event->source);
    sqlite3_bind_int64(statement, 2, event->answer_seq);
    good = finish(statement) && good;
    if (sqlite3_changes(s->db) > 0)
        note_change(s);
    statement = prepare(s, "SELECT beats FROM gateway WHERE source=?1");
    bind(statement, 1, event->source);
    ret_entry->receiver_seq =
        sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&s->lock);
    return good;
}

static json_t *text_column(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    json_t *value =
        text ? json_stringn(text, (size_t)sqlite3_column_bytes(row, column)) : json_null();
    return value ? value : json_string("");
}

static json_t *answer_rows(sqlite3_stmt *row)
{
    json_t *list = json_array();
    while (sqlite3_step(row) == SQLITE_ROW)
        json_array_append_new(list, json_pack("{sI,so,so,so,so,so,sb}", "answer_seq",
                                              (json_int_t)sqlite3_column_int64(row, 0), "alarm",
                                              text_column(row, 1), "state", text_column(row, 2),
                                              "by", text_column(row, 3), "at", text_column(row, 4),
                                              "note", text_column(row, 5), "confirmed",
                                              sqlite3_column_int(row, 6)));
    sqlite3_finalize(row);
    return list;
}

json_t *store_answers(struct store *s, const char *source)
{
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *row = prepare(s, "SELECT answer_seq,alarm,state,by,at,note,confirmed FROM answer"
                                   " WHERE source=?1 AND confirmed=0 ORDER BY answer_seq LIMIT 32");
    bind(row, 1, source);
    json_t *list = answer_rows(row);
    pthread_mutex_unlock(&s->lock);
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) json_object_del(one, "confirmed");
    return list;
}

int64_t store_answer(struct store *s, const char *alarm, const char *state, const char *by,
                     const char *note)
{
    char at[32];
    now_text(at);
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *statement =
        prepare(s, "INSERT INTO answer(source,alarm,state,by,at,note,confirmed)"
                   " SELECT source,?1,?2,?3,?4,?5,0 FROM event WHERE alarm=?1 LIMIT 1");
    bind(statement, 1, alarm);
    bind(statement, 2, state);
    bind(statement, 3, by);
    bind(statement, 4, at);
    bind(statement, 5, note);
    int64_t answer_seq = 0;
    if (finish(statement) && sqlite3_changes(s->db) == 1) {
        answer_seq = sqlite3_last_insert_rowid(s->db);
        note_change(s);
    }
    pthread_mutex_unlock(&s->lock);
    return answer_seq;
}

bool store_find_clip(struct store *s, const char *manifest, struct store_clip *ret_clip)
{
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *row = prepare(s, "SELECT source,alarm,camera,length,sha256,complete,receiver_seq,"
                                   "received_at FROM clip WHERE manifest=?1");
    bind(row, 1, manifest);
    bool found = sqlite3_step(row) == SQLITE_ROW;
    if (found) {
        *ret_clip = (struct store_clip){.length = sqlite3_column_int64(row, 3),
                                        .complete = sqlite3_column_int(row, 5),
                                        .entry.receiver_seq = sqlite3_column_int64(row, 6)};
        snprintf(ret_clip->manifest, sizeof ret_clip->manifest, "%s", manifest);
        copy(row, 0, ret_clip->source, sizeof ret_clip->source);
        copy(row, 1, ret_clip->alarm, sizeof ret_clip->alarm);
        copy(row, 2, ret_clip->camera, sizeof ret_clip->camera);
        copy(row, 4, ret_clip->sha256, sizeof ret_clip->sha256);
        copy(row, 7, ret_clip->entry.received_at, sizeof ret_clip->entry.received_at);
    }
    sqlite3_finalize(row);
    pthread_mutex_unlock(&s->lock);
    return found;
}

bool store_complete_clip(struct store *s, const char *manifest, struct store_entry *ret_entry)
{
    now_text(ret_entry->received_at);
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *statement = prepare(
        s, "UPDATE clip SET complete=1, received_at=?2, receiver_seq=1+(SELECT count(*) FROM clip"
           " WHERE complete=1) WHERE manifest=?1 RETURNING receiver_seq");
    bind(statement, 1, manifest);
    bind(statement, 2, ret_entry->received_at);
    bool good = sqlite3_step(statement) == SQLITE_ROW;
    if (good)
        ret_entry->receiver_seq = sqlite3_column_int64(statement, 0);
    good = good && sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_finalize(statement);
    note_change(s);
    pthread_mutex_unlock(&s->lock);
    return good;
}

/* The events of one incident, oldest first, without their bytes but for the first's data. */
static json_t *alarm_events(struct store *s, const char *alarm)
{
    json_t *list = json_array();
    sqlite3_stmt *row =
        prepare(s, "SELECT id,seq,type,time,clock,chain,digest,receiver_seq,received_at,source"
                   " FROM event WHERE alarm=?1 ORDER BY seq");
    bind(row, 1, alarm);
    while (sqlite3_step(row) == SQLITE_ROW)
        json_array_append_new(
            list, json_pack("{so,sI,so,so,so,so,so,sI,so,so}", "id", text_column(row, 0), "seq",
                            (json_int_t)sqlite3_column_int64(row, 1), "type", text_column(row, 2),
                            "time", text_column(row, 3), "clock", text_column(row, 4), "chain",
                            text_column(row, 5), "digest", text_column(row, 6), "receiver_seq",
                            (json_int_t)sqlite3_column_int64(row, 7), "received_at",
                            text_column(row, 8), "source", text_column(row, 9)));
    sqlite3_finalize(row);
    return list;
}

static json_t *alarm_clips(struct store *s, const char *alarm)
{
    json_t *list = json_array();
    sqlite3_stmt *row = prepare(s, "SELECT c.manifest,c.camera,c.length,c.sha256,c.complete,"
                                   "c.received_at,e.bytes FROM clip c JOIN event e"
                                   " ON e.id=c.manifest WHERE c.alarm=?1 ORDER BY e.seq");
    bind(row, 1, alarm);
    while (sqlite3_step(row) == SQLITE_ROW) {
        json_t *event =
            json_loadb(sqlite3_column_blob(row, 6), (size_t)sqlite3_column_bytes(row, 6), 0, NULL);
        const json_t *data = json_object_get(event, "data");
        json_t *clip = json_pack(
            "{so,so,sI,so,sb,so}", "manifest", text_column(row, 0), "camera", text_column(row, 1),
            "length", (json_int_t)sqlite3_column_int64(row, 2), "sha256", text_column(row, 3),
            "complete", sqlite3_column_int(row, 4), "received_at", text_column(row, 5));
        static const char *const names[] = {"part",         "last",        "start", "stop",
                                            "start_monoms", "stop_monoms", "gaps"};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            json_t *value = json_object_get(data, names[i]);
            if (value)
                json_object_set(clip, names[i], value);
        }
        json_t *name = json_object_get(json_object_get(data, "camera"), "name");
        if (name)
            json_object_set(clip, "camera_name", name);
        json_array_append_new(list, clip);
        json_decref(event);
    }
    sqlite3_finalize(row);
    return list;
}

static json_t *first_event(struct store *s, const char *alarm)
{
    sqlite3_stmt *row = prepare(s, "SELECT bytes FROM event WHERE alarm=?1 AND type LIKE '%.raised'"
                                   " ORDER BY seq LIMIT 1");
    bind(row, 1, alarm);
    json_t *event = NULL;
    if (sqlite3_step(row) == SQLITE_ROW)
        event =
            json_loadb(sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0), 0, NULL);
    sqlite3_finalize(row);
    return event;
}

static json_t *alarm_json(struct store *s, const char *alarm)
{
    json_t *event = first_event(s, alarm);
    sqlite3_stmt *row = prepare(s, "SELECT answer_seq,alarm,state,by,at,note,confirmed FROM answer"
                                   " WHERE alarm=?1 ORDER BY answer_seq");
    bind(row, 1, alarm);
    json_t *one = json_pack("{ss,so,so,so}", "alarm", alarm, "events", alarm_events(s, alarm),
                            "clips", alarm_clips(s, alarm), "answers", answer_rows(row));
    static const char *const names[] = {"type", "time", "clock", "source", "data", "monoms"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *value = json_object_get(event, names[i]);
        if (value)
            json_object_set(one, names[i], value);
    }
    json_decref(event);
    return one;
}

static json_t *gateways_json(struct store *s)
{
    json_t *list = json_array();
    sqlite3_stmt *row = prepare(s, "SELECT source,received_at,received_s,bytes,beats FROM gateway");
    while (sqlite3_step(row) == SQLITE_ROW) {
        json_t *beat =
            json_loadb(sqlite3_column_blob(row, 3), (size_t)sqlite3_column_bytes(row, 3), 0, NULL);
        json_t *data = json_object_get(beat, "data");
        json_array_append_new(list,
                              json_pack("{so,so,sI,sI,so}", "source", text_column(row, 0),
                                        "last_heartbeat", text_column(row, 1), "silent_s",
                                        (json_int_t)(time(NULL) - sqlite3_column_int64(row, 2)),
                                        "beats", (json_int_t)sqlite3_column_int64(row, 4), "data",
                                        data ? json_incref(data) : json_null()));
        json_decref(beat);
    }
    sqlite3_finalize(row);
    return list;
}

json_t *store_state(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    json_t *alarms = json_array();
    sqlite3_stmt *row = prepare(s, "SELECT alarm FROM event WHERE alarm<>'' GROUP BY alarm"
                                   " ORDER BY min(receiver_seq) DESC LIMIT 100");
    while (sqlite3_step(row) == SQLITE_ROW)
        json_array_append_new(alarms, alarm_json(s, (const char *)sqlite3_column_text(row, 0)));
    sqlite3_finalize(row);
    json_t *state = json_pack("{sI,so,so}", "version", (json_int_t)s->version, "gateways",
                              gateways_json(s), "alarms", alarms);
    pthread_mutex_unlock(&s->lock);
    return state;
}

json_t *store_events(struct store *s, int64_t after, int limit)
{
    json_t *list = json_array();
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *row = prepare(s, "SELECT receiver_seq,id,source,seq,type,alarm,time,chain,"
                                   "received_at FROM event WHERE receiver_seq>?1"
                                   " ORDER BY receiver_seq LIMIT ?2");
    sqlite3_bind_int64(row, 1, after);
    sqlite3_bind_int(row, 2, limit);
    while (sqlite3_step(row) == SQLITE_ROW)
        json_array_append_new(
            list, json_pack("{sI,so,so,sI,so,so,so,so,so}", "receiver_seq",
                            (json_int_t)sqlite3_column_int64(row, 0), "id", text_column(row, 1),
                            "source", text_column(row, 2), "seq",
                            (json_int_t)sqlite3_column_int64(row, 3), "type", text_column(row, 4),
                            "alarm", text_column(row, 5), "time", text_column(row, 6), "chain",
                            text_column(row, 7), "received_at", text_column(row, 8)));
    sqlite3_finalize(row);
    pthread_mutex_unlock(&s->lock);
    return list;
}

json_t *store_event(struct store *s, const char *id)
{
    json_t *one = NULL;
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *row = prepare(s, "SELECT bytes,headers,digest,receiver_seq,received_at,chain"
                                   " FROM event WHERE id=?1");
    bind(row, 1, id);
    if (sqlite3_step(row) == SQLITE_ROW)
        one = json_pack("{so,so,so,sI,so,so}", "bytes", text_column(row, 0), "headers",
                        text_column(row, 1), "digest", text_column(row, 2), "receiver_seq",
                        (json_int_t)sqlite3_column_int64(row, 3), "received_at",
                        text_column(row, 4), "chain", text_column(row, 5));
    sqlite3_finalize(row);
    pthread_mutex_unlock(&s->lock);
    return one;
}

int64_t store_version(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    int64_t version = s->version;
    pthread_mutex_unlock(&s->lock);
    return version;
}

int64_t store_wait(struct store *s, int64_t since, int wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (wait_ms % 1000) * 1000000L;
    until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->lock);
    while (s->version == since && pthread_cond_timedwait(&s->changed, &s->lock, &until) == 0)
        continue;
    int64_t version = s->version;
    pthread_mutex_unlock(&s->lock);
    return version;
}
