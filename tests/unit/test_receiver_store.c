/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver's store demands of its disk: what was answered is there, and nobody else
 * writes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "other_user.h"
#include "run_suite.h"
#include "store_private.h"
#include "watched_vfs.h"

/* Syncs of folders: the linker gives us the call (see CMakeLists.txt). */
static unsigned folder_syncs;
static ino_t synced_folders[4];

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        synced_folders[folder_syncs++ % 4] = st.st_ino;
    return __real_fsync(fd);
}

struct fixture {
    char folder[48], path[80];
    struct store *store;
};

static struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    watched_vfs_install("unix-excl");
    test_folder(f->folder, sizeof f->folder);
    snprintf(f->path, sizeof f->path, "%s/receiver.db", f->folder);
    ck_assert(store_open(f->folder, &f->store));
    return f;
}

static void end(struct fixture *f)
{
    char command[100];
    store_close(f->store);
    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    ck_assert_int_eq(system(command), 0);
    free(f);
}

static enum store_result put(struct fixture *f, int64_t seq)
{
    char nonce[32], digest[64];
    struct event event = {.kind = EVENT_KIND_ALARM, .source = "tocsin:school", .seq = seq};
    struct store_entry entry;
    snprintf(nonce, sizeof nonce, "nonce-%d", (int)seq);
    snprintf(digest, sizeof digest, "sha-256=:digest-%d:", (int)seq);
    snprintf(event.id, sizeof event.id, "01890a5d-ac96-774b-bcce-%012d", (int)seq);
    strcpy(event.type, "tocsin.alarm.raised");
    strcpy(event.alarm, "01890a5d-ac96-774b-bcce-b302099a8057");
    struct store_evidence evidence = {
        .digest = digest, .headers = "", .nonce = nonce, .nonce_until_s = INT32_MAX};
    return store_put(f->store, &event, "{}", 2, &evidence, &entry);
}

static void check_pragma(sqlite3 *db, const char *sql, const char *wanted)
{
    char text[40];
    sqlite3_stmt *row = sql_prepare(db, sql);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    sql_copy(row, 0, text, sizeof text);
    ck_assert_str_eq(text, wanted);
    sqlite3_finalize(row);
}

START_TEST(the_database_is_set_up_as_a_receipt_needs_it)
{
    struct fixture *f = begin();
    check_pragma(f->store->db, "PRAGMA journal_mode", "wal");
    check_pragma(f->store->db, "PRAGMA synchronous", "2"); /* FULL */
    ck_assert_int_eq(sqlite3_db_readonly(f->store->db, "main"), 0);
    ck_assert_int_eq(sqlite3_db_readonly(f->store->view, "main"), 1); /* one connection writes */
    end(f);
}
END_TEST

START_TEST(what_is_answered_is_on_the_disk)
{
    struct fixture *f = begin();
    for (int64_t seq = 1; seq <= 4; seq++) {
        unsigned before = watched_vfs_counts().log_syncs;
        ck_assert_int_eq(put(f, seq), STORE_NEW);
        ck_assert_uint_gt(watched_vfs_counts().log_syncs, before);
    }
    watched_vfs_fail_syncs(1);
    ck_assert_int_eq(put(f, 5), STORE_FAILED);
    ck_assert_int_eq(put(f, 5), STORE_NEW);
    ck_assert_int_eq(put(f, 5), STORE_REPEAT);
    end(f);
}
END_TEST

START_TEST(the_folders_of_a_new_store_survive)
{
    folder_syncs = 0;
    struct fixture *f = begin();
    ck_assert_uint_eq(folder_syncs, 3); /* the clips', the store's, and the one that holds it */
    for (int i = 0; i < 3; i++) {
        char path[80];
        struct stat st;
        const char *const below[] = {"/clips", "", "/.."};
        snprintf(path, sizeof path, "%s%s", f->folder, below[i]);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_uint_eq(synced_folders[i], st.st_ino);
    }
    end(f);
}
END_TEST

START_TEST(who_looks_sees_what_was_stored)
{
    struct fixture *f = begin();
    json_t *list = store_events(f->store, 0, 10);
    ck_assert_uint_eq(json_array_size(list), 0);
    json_decref(list);
    ck_assert_int_eq(put(f, 1), STORE_NEW);
    list = store_events(f->store, 0, 10);
    ck_assert_uint_eq(json_array_size(list), 1);
    json_decref(list);
    end(f);
}
END_TEST

START_TEST(nobody_else_can_write_while_it_is_open)
{
    static const char *const uses[] = {"DELETE FROM event", "PRAGMA wal_checkpoint",
                                       "SELECT count(*) FROM event"};
    struct fixture *f = begin();
    ck_assert_int_eq(put(f, 1), STORE_NEW);
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        ck_assert_int_eq(other_user_elsewhere(f->path, uses[i]), SQLITE_BUSY);
    store_close(f->store);
    ck_assert_int_eq(other_user_elsewhere(f->path, uses[0]),
                     SQLITE_OK); /* it was a fair question */
    ck_assert(store_open(f->folder, &f->store));
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("receiver_store");
    TCase *tc = tcase_create("store");
    tcase_add_test(tc, the_database_is_set_up_as_a_receipt_needs_it);
    tcase_add_test(tc, what_is_answered_is_on_the_disk);
    tcase_add_test(tc, the_folders_of_a_new_store_survive);
    tcase_add_test(tc, who_looks_sees_what_was_stored);
    tcase_add_test(tc, nobody_else_can_write_while_it_is_open);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(int argc, char **argv)
{
    int status;
    return other_user_is_asked(argc, argv, &status) ? status : run_suite(make_suite());
}
