/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/numbers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "outbox/fresh.h"
#include "outbox/owner.h"
#include "outbox/record.h"

#define FAR_EPOCH_MS INT64_C(1577836800000) /* 2020-01-01 */
#define FAR_BITS     27
#define FAR_LATEST   (EVENT_SEQ_MAX / 2) /* that of 2083; later by the clock, and no further */
#define YEAR_MS      (INT64_C(366) * 86400000)

static uint64_t ceiling_above(uint64_t seq)
{
    return (seq / NUMBERS_STEP + 2) * NUMBERS_STEP;
}

int numbers_read(struct store *s, struct err *e)
{
    sqlite3_stmt *row = NULL;
    char text[80] = "";
    unsigned long long ceiling = 0, clean = 0, used = 0;
    if (sqlite3_prepare_v2(s->db, "SELECT text FROM state WHERE name='" NUMBERS_ROW "'", -1, &row,
                           NULL) != SQLITE_OK)
        return store_error(s, e, "numbers");
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW)
        store_copy_column(row, 0, text, sizeof text);
    sqlite3_finalize(row);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        return store_error(s, e, "numbers");
    int count = sscanf(text, "%llu clean %llu used %llu", &ceiling, &clean, &used);
    bool is_sound = count >= 1 && ceiling <= EVENT_SEQ_MAX;
    s->ceiling = is_sound ? ceiling : 0;
    s->is_clean = is_sound && count >= 2 && used <= EVENT_SEQ_MAX;
    s->clean_seq = clean;
    s->left_out = s->is_clean && count == 3;
    if (s->left_out)
        s->ceiling = used;
    return 0;
}

bool numbers_end_clean(const struct store *s, uint64_t stored_seq)
{
    return s->is_clean && s->clean_seq == stored_seq;
}

uint64_t numbers_used(const struct store *s, uint64_t last_seq, bool is_newest, bool is_clean,
                      bool is_damaged)
{
    if (is_newest)
        return last_seq;
    if (is_clean)
        return s->left_out && s->ceiling > last_seq ? s->ceiling : last_seq;
    if (s->ceiling > 0)
        return s->ceiling > last_seq ? s->ceiling : last_seq;
    return is_damaged ? ceiling_above(last_seq) : last_seq; /* a new one, or an older program's */
}

uint64_t numbers_used_at_most(uint64_t last_seq, uint64_t ceiling)
{
    uint64_t above = ceiling_above(last_seq);
    return ceiling > above ? ceiling : above;
}

/* By the clock alone. */
static uint64_t far_by_time(int64_t wall_ms)
{
    int64_t minutes = (wall_ms - FAR_EPOCH_MS) / 60000;
    uint64_t by_time = (uint64_t)(minutes > 1 ? minutes : 1) << FAR_BITS;
    return by_time < FAR_LATEST ? by_time : FAR_LATEST;
}

uint64_t numbers_far(uint64_t known, int64_t wall_ms)
{
    uint32_t random;
    uint64_t by_time = far_by_time(wall_ms);
    uint64_t above = by_time > known ? by_time : known + NUMBERS_STEP;
    uuid_random(&random, sizeof random);
    above += random & ((UINT32_C(1) << FAR_BITS) - 1);
    return (above / NUMBERS_STEP + 1) * NUMBERS_STEP;
}

uint64_t numbers_highest(int64_t wall_ms)
{
    uint64_t by_time = far_by_time(wall_ms + YEAR_MS);
    return by_time < FAR_LATEST ? by_time : FAR_LATEST + FAR_LATEST / 2;
}

bool numbers_are_far(uint64_t seq)
{
    return seq >> FAR_BITS > 0;
}

static int put(struct store *s, const char *text, struct err *e)
{
    const struct outbox_row row = {.name = NUMBERS_ROW, .text = text};
    return store_put_row(s, &row, e);
}

static int put_owner(struct store *s, struct err *e)
{
    return s->gateway ? store_put_row(s, &(struct outbox_row){OWNER_ROW, s->gateway}, e) : 0;
}

static int raise_ceiling(struct store *s, uint64_t ceiling, struct err *e)
{
    char text[40];
    snprintf(text, sizeof text, "%" PRIu64, ceiling);
    int result = put(s, text, e);
    if (result == 0) {
        s->ceiling = ceiling;
        s->is_clean = false;
    }
    return result;
}

int numbers_keep_ahead(struct store *s, uint64_t seq, struct err *e)
{
    uint64_t wanted = ceiling_above(seq);
    return wanted > s->ceiling || s->is_clean ? raise_ceiling(s, wanted, e) : 0;
}

int numbers_begin(struct store *s, uint64_t used, struct err *e)
{
    s->begun = used;
    int result = store_begin(s, e);
    if (result != 0)
        return result;
    result = raise_ceiling(s, ceiling_above(used), e);
    if (result == 0)
        result = put_owner(s, e);
    if (result == 0)
        result = store_commit(s, e);
    if (result != 0)
        store_rollback(s);
    return result;
}

/* What its start left out, and no event has used, is left out again. */
static int put_clean(struct store *s, struct err *e)
{
    sqlite3_stmt *row = NULL;
    char text[80];
    if (sqlite3_prepare_v2(s->db, "SELECT max(seq) FROM event", -1, &row, NULL) != SQLITE_OK ||
        sqlite3_step(row) != SQLITE_ROW) {
        sqlite3_finalize(row);
        return store_error(s, e, "numbers");
    }
    uint64_t newest = (uint64_t)sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    int length = snprintf(text, sizeof text, "%" PRIu64 " clean %" PRIu64, s->ceiling, newest);
    if (newest < s->begun)
        snprintf(text + length, sizeof text - (size_t)length, " used %" PRIu64, s->begun);
    return put(s, text, e);
}

int numbers_end(struct store *s, struct err *e)
{
    int result = store_begin(s, e);
    if (result != 0)
        return result;
    result = fresh_settle(s, e);
    if (result == 0)
        result = put_clean(s, e);
    if (result == 0)
        result = store_commit(s, e);
    if (result != 0)
        store_rollback(s);
    return result;
}
