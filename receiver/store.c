/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store_backup.h"
#include "store_private.h"

#define SCHEMA_VERSION 4
#define BUSY_MS        2000 /* at the start: somebody who looks into the file with another program */

static const char pragmas[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;";

/* Version 1 had no incidents and judged no signature's time. */
static const char from_version_1[] =
    "ALTER TABLE event ADD COLUMN off_s INTEGER NOT NULL DEFAULT 0; DROP TABLE gateway;"
    "DROP INDEX IF EXISTS event_alarm;";

/* Version 2 did not know which of its incidents people were done with. */
static const char from_version_2[] = "ALTER TABLE incident ADD COLUMN done TEXT;"
                                     "DROP INDEX IF EXISTS incident_order;"
                                     "DROP INDEX IF EXISTS event_alarm;";

/* Nor did any before 4 know what those had seen who answered. */
static const char from_version_3[] =
    "ALTER TABLE answer ADD COLUMN seen_seq INTEGER NOT NULL DEFAULT 0;";

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS event(receiver_seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT UNIQUE NOT NULL, source TEXT NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL,"
    "  alarm TEXT NOT NULL, time TEXT NOT NULL, clock TEXT NOT NULL, digest TEXT NOT NULL,"
    "  prev TEXT NOT NULL, headers TEXT NOT NULL, received_at TEXT NOT NULL, bytes BLOB NOT NULL,"
    "  chain TEXT NOT NULL," /* "", "gap" or "fork" */
    "  off_s INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX IF NOT EXISTS event_chain ON event(source, seq);"
    "CREATE INDEX IF NOT EXISTS event_incident ON event(alarm, source, seq);"
    "CREATE INDEX IF NOT EXISTS event_flaw ON event(source, chain) WHERE chain<>'';"
    "CREATE TABLE IF NOT EXISTS incident(alarm TEXT NOT NULL, source TEXT NOT NULL,"
    "  kind INTEGER NOT NULL, shown_seq INTEGER NOT NULL,"
    "  done TEXT," /* "closed" or "rejected" by people here, and not pressed since */
    "  PRIMARY KEY(alarm, source)) WITHOUT ROWID;"
    /* As the view asks for them: open (by gateway, and the newest of all), done, exercises. */
    "DROP INDEX IF EXISTS incident_open;" /* was of both that follow */
    "CREATE INDEX IF NOT EXISTS incident_real ON incident(source, shown_seq)"
    "  WHERE kind=2 AND done IS NULL;"
    "CREATE INDEX IF NOT EXISTS incident_unknown ON incident(source, shown_seq)"
    "  WHERE kind=0 AND done IS NULL;"
    "CREATE INDEX IF NOT EXISTS incident_newest ON incident(shown_seq)"
    "  WHERE kind=2 AND done IS NULL;"
    "CREATE INDEX IF NOT EXISTS incident_done ON incident(shown_seq)"
    "  WHERE kind<>1 AND done IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS incident_exercise ON incident(shown_seq) WHERE kind=1;"
    "CREATE TABLE IF NOT EXISTS nonce(nonce TEXT PRIMARY KEY, until_s INTEGER NOT NULL)"
    "  WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS nonce_until ON nonce(until_s);"
    /* Of a gateway that never sent a heartbeat there is only its source. */
    "CREATE TABLE IF NOT EXISTS gateway(source TEXT PRIMARY KEY, beats INTEGER NOT NULL DEFAULT 0,"
    "  bytes BLOB, boot TEXT, monoms INTEGER, off_s INTEGER, received_at TEXT, received_s INTEGER,"
    "  heard_boot TEXT, heard_ms INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS answer(answer_seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  source TEXT NOT NULL, alarm TEXT NOT NULL, state TEXT NOT NULL, by TEXT NOT NULL,"
    "  at TEXT NOT NULL, note TEXT NOT NULL, confirmed INTEGER NOT NULL,"
    "  seen_seq INTEGER NOT NULL DEFAULT 0);" /* the newest press before it, by the gateway; 0: none
                                               */
    "CREATE INDEX IF NOT EXISTS answer_open ON answer(source) WHERE confirmed=0;"
    "CREATE INDEX IF NOT EXISTS answer_alarm ON answer(alarm);"
    "CREATE TABLE IF NOT EXISTS clip(manifest TEXT PRIMARY KEY, source TEXT NOT NULL,"
    "  alarm TEXT NOT NULL, camera TEXT NOT NULL, length INTEGER NOT NULL, sha256 TEXT NOT NULL,"
    "  complete INTEGER NOT NULL, receiver_seq INTEGER, received_at TEXT) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS clip_alarm ON clip(alarm);"
    "PRAGMA user_version=4;";

static const char fill_from_version_1[] =
    "INSERT INTO incident(alarm, source, kind, shown_seq) SELECT alarm, source, max(CASE WHEN type "
    "GLOB 'tocsin.alarm.*' THEN 2"
    "  WHEN type='tocsin.clip.manifest' THEN 0 ELSE 1 END), min(receiver_seq) FROM event"
    "  WHERE alarm<>'' AND (type GLOB 'tocsin.alarm.*' OR type GLOB 'tocsin.drill.*'"
    "  OR type GLOB 'tocsin.test.*' OR type='tocsin.clip.manifest') GROUP BY alarm, source;"
    "INSERT INTO gateway(source) SELECT DISTINCT source FROM event;";

/* Of its newest press; "" if none is here. What is said in the same millisecond may be older. */
#define PRESSED_AT                                                                                 \
    "coalesce((SELECT max(received_at) FROM event e WHERE e.alarm=incident.alarm"                  \
    "  AND e.source=incident.source AND (type GLOB '*.raised' OR type GLOB '*.updated')),'')"

static const char fill_from_version_2[] =
    "UPDATE incident SET done=CASE WHEN EXISTS(SELECT 1 FROM answer a WHERE a.alarm=incident.alarm"
    "  AND a.source=incident.source AND a.state='closed' AND a.at>" PRESSED_AT ") THEN 'closed'"
    " WHEN (SELECT state FROM answer a WHERE a.alarm=incident.alarm AND a.source=incident.source"
    "  AND a.at>" PRESSED_AT " ORDER BY answer_seq DESC LIMIT 1)='rejected' THEN 'rejected' END;";

void store_note_change(struct store *s)
{
    s->version++;
    pthread_cond_broadcast(&s->changed);
}

void store_now_text(char ret_text[32])
{
    struct timespec now;
    struct tm t;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &t);
    size_t used = strftime(ret_text, 32, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(ret_text + used, 32 - used, ".%03ldZ", now.tv_nsec / 1000000);
}

int64_t store_boottime_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool store_begin(struct store *s)
{
    return sql_run(s->db, "BEGIN IMMEDIATE");
}

bool store_end(struct store *s, bool good)
{
    if (good && sql_run(s->db, "COMMIT"))
        return true;
    if (good)
        fprintf(stderr, "store: %s\n", sqlite3_errmsg(s->db));
    sql_run(s->db, "ROLLBACK");
    return false;
}

static bool make_folders(const char *folder, const char *clips)
{
    char parent[4096];
    snprintf(parent, sizeof parent, "%s/..", folder);
    if ((mkdir(folder, 0700) != 0 && errno != EEXIST) ||
        (mkdir(clips, 0700) != 0 && errno != EEXIST)) {
        fprintf(stderr, "%s: cannot be made: %s\n", folder, strerror(errno));
        return false;
    }
    /* A receipt is worth nothing if the folder that holds its event is gone after a power cut. */
    const char *const made[] = {clips, folder, parent};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        int fd = open(made[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            fsync(fd);
            close(fd);
        }
    }
    return true;
}

static bool lock_folder(struct store *s, const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/lock", folder);
    s->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_file >= 0 && flock(s->lock_file, LOCK_EX | LOCK_NB) == 0)
        return true;
    fprintf(stderr, "%s: %s\n", path,
            errno == EWOULDBLOCK ? "another tocsin-receiver uses this store" : strerror(errno));
    return false;
}

/* 0: it is new. */
static bool take_over(struct store *s, int64_t version)
{
    if ((version == 1 && !sql_run(s->db, from_version_1)) ||
        (version == 2 && !sql_run(s->db, from_version_2)) ||
        (version >= 1 && version <= 3 && !sql_run(s->db, from_version_3)) ||
        !sql_run(s->db, schema))
        return false;
    if (version == 1 && !sql_run(s->db, fill_from_version_1))
        return false;
    return (version != 1 && version != 2) || sql_run(s->db, fill_from_version_2);
}

static bool make_schema(struct store *s, const char *path)
{
    int64_t version = sql_number(s->db, "PRAGMA user_version");
    if (version > SCHEMA_VERSION) {
        fprintf(stderr, "%s: made by a newer tocsin-receiver\n", path);
        return false;
    }
    if (version == 0 &&
        sql_number(s->db, "SELECT count(*) FROM sqlite_schema WHERE name='event'") == 1)
        version = 1;
    if (sql_run(s->db, pragmas) && store_begin(s) && store_end(s, take_over(s, version)))
        return true;
    fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(s->db));
    return false;
}

static bool open_database(struct store *s, const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/receiver.db", folder);
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, STORE_VFS) !=
        SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(s->db));
        return false;
    }
    sqlite3_busy_timeout(s->db, BUSY_MS);
    if (!make_schema(s, path))
        return false;
    if (sqlite3_open_v2(path, &s->view, SQLITE_OPEN_READONLY, STORE_VFS) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(s->view));
        return false;
    }
    sqlite3_busy_timeout(s->view, BUSY_MS);
    return true;
}

static void read_boot(char ret_boot[40])
{
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
    if (!f || !fgets(ret_boot, 40, f))
        ret_boot[0] = '\0';
    ret_boot[strcspn(ret_boot, "\n")] = '\0';
    if (f)
        fclose(f);
}

bool store_open(const char *folder, struct store **ret_store)
{
    pthread_condattr_t monotonic;
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return false;
    s->lock_file = -1;
    s->alarms_version = -1;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->view_lock, NULL);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    read_boot(s->boot);
    snprintf(s->clips, sizeof s->clips, "%s/clips", folder);
    if (!make_folders(folder, s->clips) || !lock_folder(s, folder) || !open_database(s, folder)) {
        store_close(s);
        return false;
    }
    store_backup_remove_part(s);
    *ret_store = s;
    return true;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    sqlite3_close(s->view);
    sqlite3_close(s->db);
    if (s->lock_file >= 0)
        close(s->lock_file);
    free(s->alarms);
    kept_finish(&s->cards);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->view_lock);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

enum store_result store_insert_nonce(struct store *s, const char *nonce, int64_t until_s)
{
    sqlite3_stmt *statement = sql_prepare(s->db, "DELETE FROM nonce WHERE until_s < ?1");
    sqlite3_bind_int64(statement, 1, time(NULL));
    if (!sql_finish(statement))
        return STORE_FAILED;
    statement = sql_prepare(s->db, "INSERT OR IGNORE INTO nonce VALUES(?1,?2)");
    sql_bind_text(statement, 1, nonce);
    sqlite3_bind_int64(statement, 2, until_s);
    if (!sql_finish(statement))
        return STORE_FAILED;
    return sqlite3_changes(s->db) == 1 ? STORE_NEW : STORE_REPLAY;
}

enum store_result store_use_nonce(struct store *s, const char *nonce, int64_t until_s)
{
    enum store_result result = STORE_FAILED;
    pthread_mutex_lock(&s->lock);
    if (store_begin(s)) {
        result = store_insert_nonce(s, nonce, until_s);
        if (!store_end(s, result == STORE_NEW) && result == STORE_NEW)
            result = STORE_FAILED;
    }
    pthread_mutex_unlock(&s->lock);
    return result;
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
    clock_gettime(CLOCK_MONOTONIC, &until);
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
