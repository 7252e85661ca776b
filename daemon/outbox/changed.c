/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/changed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "outbox/unreported.h"

#define ROW "changed.%" PRIu64 /* STORE_ROWS_OF_PARTS knows it */

static void name_row(uint64_t seq, char ret_name[OUTBOX_ROW_NAME_SIZE])
{
    snprintf(ret_name, OUTBOX_ROW_NAME_SIZE, ROW, seq);
}

static bool is_known(struct store *s, const char *name, const char *digest)
{
    sqlite3_stmt *row = NULL;
    bool is_row = sqlite3_prepare_v2(s->db, "SELECT 1 FROM state WHERE name=?1 AND text=?2", -1,
                                     &row, NULL) == SQLITE_OK;
    if (is_row) {
        store_bind_text(row, 1, name);
        store_bind_text(row, 2, digest);
        is_row = sqlite3_step(row) == SQLITE_ROW;
    }
    sqlite3_finalize(row);
    return is_row;
}

bool changed_is_news(struct store *s, const struct scrub *found, char ret_sentence[200])
{
    char name[OUTBOX_ROW_NAME_SIZE], digest[ENCODE_HEX_SIZE(EVENT_DIGEST_BYTES)];
    if (found->changed == 0)
        return false;
    name_row(found->changed, name);
    encode_hex(found->changed_digest, EVENT_DIGEST_BYTES, digest);
    snprintf(ret_sentence, 200,
             "event %" PRIu64 " on the disk is not what was committed: its digest is another",
             found->changed);
    return !is_known(s, name, digest);
}

int changed_note(struct store *s, const struct scrub *found, const char *sentence, struct err *e)
{
    char name[OUTBOX_ROW_NAME_SIZE], digest[ENCODE_HEX_SIZE(EVENT_DIGEST_BYTES)];
    name_row(found->changed, name);
    encode_hex(found->changed_digest, EVENT_DIGEST_BYTES, digest);
    int result = store_begin(s, e);
    if (result != 0)
        return result;
    result = unreported_add(s, sentence, false, e);
    if (result == 0)
        result = store_put_row(s, &(struct outbox_row){name, digest}, e);
    if (result == 0)
        result = store_commit(s, e);
    if (result != 0)
        store_rollback(s);
    return result;
}
