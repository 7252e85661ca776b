/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/scrub.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "wire/digest.h"

#define PIECE     16 /* rows in one go at the most: one of events may lie on a disk that seeks */
#define PIECE_NS  500000
#define SHARE     4 /* the disk is a press's for so many times as long as a piece took */
#define REST_NS   INT64_C(2000000)
#define PERIOD_NS INT64_C(86400000000000)

/* Columns of each: a number and a text, which are its key; whether it is in its indices; and
 * whatever else there is, to be read. Those of events end with digest and bytes. */
static const struct {
    enum store_statement statement;
    const char *name;
    bool has_events;
} walks[] = {
    {STORE_SCRUB_FRESH, "fresh", true},
    {STORE_SCRUB_STATE, "state", false},
    {STORE_SCRUB_PENDING, "delivery_pending", false},
    {STORE_SCRUB_CLIPS, "upload_clip", false},
    {STORE_SCRUB_ALARMS, "event_alarm", false},
    {STORE_SCRUB_IDS, "event_id", false},
    {STORE_SCRUB_ANSWERS, "answer", false},
    {STORE_SCRUB_UPLOADS, "upload", false},
    {STORE_SCRUB_DELIVERIES, "delivery", false},
    {STORE_SCRUB_EVENTS, "event", true},
};

void scrub_init(struct scrub *sc)
{
    *sc = (struct scrub){.after_seq = -1};
}

/* And which one it has. */
static bool has_its_digest(sqlite3_stmt *row, int columns, unsigned char *ret_digest)
{
    const void *bytes = sqlite3_column_blob(row, columns - 1);
    const void *wanted = sqlite3_column_blob(row, columns - 2);
    digest_sha256(bytes ? bytes : "", (size_t)sqlite3_column_bytes(row, columns - 1), ret_digest);
    if (!bytes || !wanted || sqlite3_column_bytes(row, columns - 2) != EVENT_DIGEST_BYTES)
        return false;
    return memcmp(ret_digest, wanted, EVENT_DIGEST_BYTES) == 0;
}

/* Every byte of it, also what lies on pages of its own. */
static void read_whole(sqlite3_stmt *row, int columns)
{
    for (int i = 0; i < columns; i++)
        (void)sqlite3_column_blob(row, i);
}

static int look_at(struct store *s, struct scrub *sc, sqlite3_stmt *row, struct err *e)
{
    int columns = sqlite3_column_count(row);
    read_whole(row, columns);
    sc->after_seq = sqlite3_column_int64(row, 0);
    store_copy_column(row, 1, sc->after_text, sizeof sc->after_text);
    if (walks[sc->walk].has_events && !has_its_digest(row, columns, sc->changed_digest))
        sc->changed = (uint64_t)sc->after_seq;
    if (sqlite3_column_int(row, 2) != 1)
        return err_set(e, EBADMSG, "%s: a row of %s (%lld) is not in its index", s->path,
                       walks[sc->walk].name, (long long)sc->after_seq);
    return 0;
}

/* 1: there are more rows in this walk, 0: that was its end. */
static int look_at_some(struct store *s, struct scrub *sc, int64_t until_ns, struct err *e)
{
    sqlite3_stmt *row = s->statements[walks[sc->walk].statement];
    int step = SQLITE_ROW, result = 0, seen = 0;
    sqlite3_bind_int64(row, 1, sc->after_seq);
    sqlite3_bind_text(row, 2, sc->after_text, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(row, 3, PIECE);
    bool is_over = false;
    while (result == 0 && !is_over && (step = sqlite3_step(row)) == SQLITE_ROW) {
        seen++;
        result = look_at(s, sc, row, e);
        is_over = sc->changed > 0 || clock_monotonic_ns() >= until_ns;
    }
    if (result == 0 && step != SQLITE_ROW && step != SQLITE_DONE)
        result = store_error(s, e, walks[sc->walk].name);
    store_reset(row);
    return result != 0 ? result : is_over || seen == PIECE;
}

int scrub_go_on(struct store *s, struct scrub *sc, struct err *e)
{
    int64_t began_ns = clock_monotonic_ns();
    sc->changed = 0;
    sc->is_over = false;
    int result = look_at_some(s, sc, began_ns + PIECE_NS, e);
    if (result < 0)
        return result;
    sc->again_in_ns = REST_NS + SHARE * (clock_monotonic_ns() - began_ns);
    if (result > 0)
        return 0;
    size_t next = sc->walk + 1;
    sc->walk = next < sizeof walks / sizeof *walks ? next : 0;
    sc->after_seq = -1;
    sc->after_text[0] = '\0';
    sc->is_over = sc->walk == 0;
    if (sc->is_over)
        sc->again_in_ns = PERIOD_NS;
    return 0;
}
