/* SPDX-License-Identifier: Apache-2.0 */
/* A store that is only read: nothing of it may change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "held_disk.h"
#include "run_suite.h"

static void commit(struct store *s, const char *text)
{
    struct err e;
    ck_assert_int_eq(store_begin(s, &e), 0);
    ck_assert_int_eq(sqlite3_exec(s->db, text, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_msg(store_commit(s, &e) == 0, "%s", e.text);
}

static void read_log(const struct fixture *f, char **ret_bytes, long *ret_length)
{
    char path[sizeof f->store.path + 5];
    snprintf(path, sizeof path, "%s-wal", f->store.path);
    FILE *log = fopen(path, "rb");
    ck_assert_msg(log != NULL, "the log is gone");
    fseek(log, 0, SEEK_END);
    *ret_length = ftell(log);
    rewind(log);
    *ret_bytes = malloc((size_t)*ret_length);
    ck_assert_uint_eq(fread(*ret_bytes, (size_t)*ret_length, 1, log), 1);
    fclose(log);
}

#define IN_FIRST_FRAME (32 + 24 + 100) /* behind the log's header and the frame's own */

static void flip_in_log(const struct fixture *f)
{
    char path[sizeof f->store.path + 5];
    snprintf(path, sizeof path, "%s-wal", f->store.path);
    FILE *log = fopen(path, "r+b");
    ck_assert_ptr_nonnull(log);
    fseek(log, IN_FIRST_FRAME, SEEK_SET);
    int byte = fgetc(log);
    fseek(log, IN_FIRST_FRAME, SEEK_SET);
    fputc(byte ^ 1, log);
    fclose(log);
}

/* One whose beginning is damaged is empty for SQLite, which removes it, with all that stands behind
 * the damage. */
START_TEST(who_only_reads_leaves_the_log_as_it_is)
{
    struct fixture *f = begin();
    struct err e;
    char *before, *after;
    long length_before, length_after;
    ck_assert_msg(store_open(&f->store, &e) == 0, "%s", e.text);
    commit(&f->store, "INSERT INTO state VALUES('incidents', 'before')");
    store_close(&f->store); /* all of it is in the database */
    ck_assert_msg(store_open(&f->store, &e) == 0, "%s", e.text);
    commit(&f->store, "UPDATE state SET text='now'");
    sqlite3_db_config(f->store.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL); /* as a kill does */
    store_close(&f->store);
    flip_in_log(f);
    read_log(f, &before, &length_before);
    ck_assert_msg(store_open_to_read(&f->store, &e) == 0, "%s", e.text);
    store_close(&f->store);
    read_log(f, &after, &length_after);
    ck_assert_int_eq(length_before, length_after);
    ck_assert(memcmp(before, after, (size_t)length_before) == 0);
    free(before);
    free(after);
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox_read");
    TCase *tc = tcase_create("read");
    tcase_add_test(tc, who_only_reads_leaves_the_log_as_it_is);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
