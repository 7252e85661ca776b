/* SPDX-License-Identifier: Apache-2.0 */
/* A backup of the receiver's store while it works: whole, of one moment, in nobody's way. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_suite.h"
#include "store_backup.h"
#include "store_private.h"

#define EVENTS 30 /* of 32 KiB: some two hundred and fifty pages, four pieces */

static struct {
    char folder[48], backup[80], part[80];
    struct store *store;
    int64_t seq;
    atomic_bool stopping;
    char reason[200];
    unsigned pieces;             /* synced so far */
    void (*on_piece)(void);      /* as one is */
    int fail_pieces, fail_syncs; /* the errno of that call */
    fsblkcnt_t free_blocks;      /* without the part; 0: as it is */
    bool stops_in_proof;
} f;

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_statvfs(const char *path, struct statvfs *ret_disk);
int __wrap_statvfs(const char *path, struct statvfs *ret_disk);

/* SQLite calls it, too, for the log of the store: those are not of the backup. */
static bool is_part(int fd)
{
    struct stat st, part;
    return fstat(fd, &st) == 0 && stat(f.part, &part) == 0 && st.st_ino == part.st_ino;
}

int __wrap_fdatasync(int fd)
{
    if (!is_part(fd))
        return __real_fdatasync(fd);
    f.pieces++;
    if (f.on_piece)
        f.on_piece();
    errno = f.fail_pieces;
    return f.fail_pieces ? -1 : __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
    errno = f.fail_syncs;
    return f.fail_syncs && is_part(fd) ? -1 : __real_fsync(fd);
}

int __wrap_statvfs(const char *path, struct statvfs *ret_disk)
{
    int result = __real_statvfs(path, ret_disk);
    struct stat part;
    fsblkcnt_t taken = stat(f.part, &part) == 0 ? (fsblkcnt_t)part.st_size / 4096 : 0;
    if (f.free_blocks)
        ret_disk->f_bavail = f.free_blocks - taken, ret_disk->f_frsize = 4096;
    return result;
}

void __real_sqlite3_progress_handler(sqlite3 *db, int steps, int (*ask)(void *), void *arg);
void __wrap_sqlite3_progress_handler(sqlite3 *db, int steps, int (*ask)(void *), void *arg);

/* Ours is a small one: it is asked at each step. */
void __wrap_sqlite3_progress_handler(sqlite3 *db, int steps, int (*ask)(void *), void *arg)
{
    if (f.stops_in_proof)
        atomic_store(&f.stopping, true);
    __real_sqlite3_progress_handler(db, f.stops_in_proof ? 1 : steps, ask, arg);
}

static void put(void)
{
    static char bytes[32768];
    char nonce[32], digest[64];
    struct event event = {.kind = EVENT_KIND_ALARM, .source = "tocsin:school", .seq = ++f.seq};
    struct store_entry entry;
    memset(bytes, ' ', sizeof bytes);
    snprintf(nonce, sizeof nonce, "nonce-%d", (int)f.seq);
    snprintf(digest, sizeof digest, "sha-256=:digest-%d:", (int)f.seq);
    snprintf(event.id, sizeof event.id, "01890a5d-ac96-774b-bcce-%012d", (int)f.seq);
    strcpy(event.type, "tocsin.alarm.raised");
    strcpy(event.alarm, "01890a5d-ac96-774b-bcce-b302099a8057");
    struct store_evidence evidence = {
        .digest = digest, .headers = "", .nonce = nonce, .nonce_until_s = INT32_MAX};
    ck_assert_int_eq(store_put(f.store, &event, bytes, sizeof bytes, &evidence, &entry), STORE_NEW);
}

static void begin(void)
{
    memset(&f, 0, sizeof f);
    test_folder(f.folder, sizeof f.folder);
    snprintf(f.backup, sizeof f.backup, "%s/backup.db", f.folder);
    snprintf(f.part, sizeof f.part, "%s/backup.db.part", f.folder);
    ck_assert(store_open(f.folder, &f.store));
    for (int i = 0; i < EVENTS; i++)
        put();
}

static void end(void)
{
    char command[100];
    store_close(f.store);
    snprintf(command, sizeof command, "rm -rf %s", f.folder);
    ck_assert_int_eq(system(command), 0);
}

static bool back_up(struct store_backup *ret_backup)
{
    f.pieces = 0;
    return store_backup(f.store, &f.stopping, ret_backup, f.reason);
}

static bool is_there(const char *path, const char *ending)
{
    char name[100];
    snprintf(name, sizeof name, "%s%s", path, ending);
    return access(name, F_OK) == 0;
}

/* Taken as the store of another receiver. */
static int64_t events_in_backup(void)
{
    char command[200], folder[80];
    struct store *other;
    snprintf(folder, sizeof folder, "%s/other", f.folder);
    snprintf(command, sizeof command, "mkdir %s && cp %s %s/receiver.db", folder, f.backup, folder);
    ck_assert_int_eq(system(command), 0);
    ck_assert(store_open(folder, &other));
    int64_t count = sql_number(other->db, "SELECT count(*) FROM event");
    store_close(other);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    return count;
}

/* The one from before is there, and nothing else. */
static void check_only_the_first(void)
{
    ck_assert_int_eq(events_in_backup(), EVENTS);
    ck_assert(!is_there(f.part, "") && !is_there(f.part, "-wal") && !is_there(f.part, "-journal"));
}

/* Neither who stores nor who looks waits; there is no name yet. */
static void store_another(void)
{
    ck_assert(!is_there(f.backup, ""));
    put();
    json_t *event = store_event(f.store, "01890a5d-ac96-774b-bcce-000000000001");
    ck_assert_ptr_nonnull(event);
    json_decref(event);
}

START_TEST(it_is_of_one_moment_and_in_nobodys_way)
{
    struct store_backup b;
    f.on_piece = store_another;
    ck_assert_msg(back_up(&b), "%s", f.reason);
    ck_assert_uint_ge(f.pieces, 4);
    ck_assert_int_eq(f.seq, EVENTS + f.pieces);
    ck_assert_str_eq(b.path, f.backup);
    ck_assert_int_eq(b.receiver_seq, EVENTS);
    ck_assert_int_eq(sql_number(f.store->db, "SELECT count(*) FROM event"), f.seq);
    check_only_the_first();
}
END_TEST

START_TEST(it_is_one_file_that_can_be_read_where_nothing_may_be_written)
{
    struct store_backup b;
    struct stat st;
    unsigned char head[20];
    ck_assert_msg(back_up(&b), "%s", f.reason);
    ck_assert_int_eq(stat(f.backup, &st), 0);
    ck_assert_int_eq(st.st_size, b.bytes);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    FILE *file = fopen(f.backup, "r");
    ck_assert_uint_eq(fread(head, 1, sizeof head, file), sizeof head);
    fclose(file);
    ck_assert_uint_eq(head[18], 1); /* needs no log; SQLite's file format, 1.3 */
    ck_assert_uint_eq(head[19], 1);
    ck_assert(!is_there(f.backup, "-wal"));
}
END_TEST

static void stop(void)
{
    atomic_store(&f.stopping, true);
}

static void fill_disk(void)
{
    f.free_blocks = 1 + EVENTS * 32; /* no less than the part has */
}

START_TEST(what_comes_to_nothing_leaves_the_one_of_before)
{
    static const struct {
        void (*on_piece)(void);
        int fail_pieces, fail_syncs;
        fsblkcnt_t free_blocks;
        const char *reason;
    } cases[] = {
        {.on_piece = stop, .reason = "the receiver stops"},
        {.on_piece = fill_disk, .reason = "the disk is filling up"},
        {.free_blocks = (64 << 20) / 4096 + 10, .reason = "no room"}, /* for it, not beside it */
        {.fail_pieces = EIO, .reason = "Input/output error"},
        {.fail_syncs = EIO, .reason = "Input/output error"}};
    struct store_backup b;
    ck_assert_msg(back_up(&b), "%s", f.reason);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(); /* which the one of before has not */
        f.on_piece = cases[i].on_piece;
        f.fail_pieces = cases[i].fail_pieces;
        f.fail_syncs = cases[i].fail_syncs;
        f.free_blocks = cases[i].free_blocks;
        ck_assert(!back_up(&b));
        ck_assert_msg(strstr(f.reason, cases[i].reason), "%s", f.reason);
        f.on_piece = NULL;
        f.fail_pieces = f.fail_syncs = 0;
        f.free_blocks = 0;
        f.stopping = false;
        check_only_the_first();
    }
}
END_TEST

/* How long a large one takes nobody knows. */
START_TEST(a_stop_does_not_wait_until_it_is_proved)
{
    struct store_backup b;
    ck_assert_msg(back_up(&b), "%s", f.reason);
    put();
    f.stops_in_proof = true;
    ck_assert(!back_up(&b));
    f.stopping = false;
    check_only_the_first();
}
END_TEST

static void die(void)
{
    if (f.pieces == 2)
        raise(SIGKILL);
}

START_TEST(half_a_backup_never_has_the_name)
{
    struct store_backup b;
    int status;
    store_close(f.store);
    pid_t child = fork();
    if (child == 0) {
        f.on_piece = die;
        if (store_open(f.folder, &f.store))
            back_up(&b);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert(is_there(f.part, "") && !is_there(f.backup, ""));
    ck_assert(store_open(f.folder, &f.store));
    ck_assert(!is_there(f.part, "") && !is_there(f.part, "-journal"));
    ck_assert_msg(back_up(&b), "%s", f.reason);
    check_only_the_first();
}
END_TEST

/* On a disk that has room for one copy. */
START_TEST(half_a_backup_takes_no_room_from_the_next)
{
    struct store_backup b;
    ck_assert_msg(back_up(&b), "%s", f.reason);
    FILE *half = fopen(f.part, "w");
    ck_assert_int_eq(ftruncate(fileno(half), b.bytes / 2), 0);
    fclose(half);
    f.free_blocks = (fsblkcnt_t)((64 << 20) + b.bytes) / 4096;
    ck_assert_msg(back_up(&b), "%s", f.reason);
    check_only_the_first();
}
END_TEST

START_TEST(a_damaged_database_does_not_take_the_place_of_its_good_copy)
{
    struct store_backup b;
    char page[4096] = "";
    ck_assert_msg(back_up(&b), "%s", f.reason);
    int64_t at =
        sql_number(f.store->db, "SELECT rootpage FROM sqlite_schema WHERE name='answer_alarm'");
    ck_assert_int_gt(at, 1);
    store_close(f.store);
    char path[80];
    snprintf(path, sizeof path, "%s/receiver.db", f.folder);
    FILE *file = fopen(path, "r+");
    ck_assert_int_eq(fseek(file, (long)(at - 1) * 4096, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(page, 1, sizeof page, file), sizeof page);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert(store_open(f.folder, &f.store));
    ck_assert(!back_up(&b));
    ck_assert_msg(strstr(f.reason, "no whole database"), "%s", f.reason);
    check_only_the_first();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("receiver_backup");
    TCase *tc = tcase_create("backup");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, it_is_of_one_moment_and_in_nobodys_way);
    tcase_add_test(tc, it_is_one_file_that_can_be_read_where_nothing_may_be_written);
    tcase_add_test(tc, what_comes_to_nothing_leaves_the_one_of_before);
    tcase_add_test(tc, a_stop_does_not_wait_until_it_is_proved);
    tcase_add_test(tc, half_a_backup_never_has_the_name);
    tcase_add_test(tc, half_a_backup_takes_no_room_from_the_next);
    tcase_add_test(tc, a_damaged_database_does_not_take_the_place_of_its_good_copy);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
