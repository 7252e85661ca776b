/* SPDX-License-Identifier: Apache-2.0 */
/* A store that has lost what it had, as its second witness and the journal see
 * it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox/numbers.h"
#include "outbox/witness.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

/* Closed, with events 1 to 5 in it. */
static struct fixture *make_closed(void)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 5; seq++)
        put(f, seq, "what is open");
    wait_stored(f, 5);
    close_outbox(f);
    f->stored = 0;
    return f;
}

static void name_file(const struct fixture *f, const char *suffix, char ret_path[80])
{
    snprintf(ret_path, 80, "%s/%s", f->folder, suffix);
}

static void remove_file(const struct fixture *f, const char *name)
{
    char path[80];
    name_file(f, name, path);
    ck_assert_int_eq(unlink(path), 0);
}

/* With its log, in which all of it stands. */
static void remove_store(const struct fixture *f)
{
    remove_file(f, "outbox.db");
    remove_log(f);
}

/* The loss is told with its numbers, and the chain goes on from event 5 above
 * all that was given.
 */
static void check_loss(struct fixture *f, const char *gone)
{
    struct event *last = make_event(5, EVENT_CLASS_PRESS);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_msg(strstr(f->found.damage, gone) != NULL, "%s", f->found.damage);
    ck_assert(f->found.state_lost);
    ck_assert_uint_eq(f->found.last_seq, 5);
    ck_assert_uint_ge(f->found.used_seq, NUMBERS_STEP);
    ck_assert_mem_eq(f->found.head, last->digest, sizeof last->digest);
    ck_assert_int_eq(f->found.newest_wall_ms, 1005);
    event_unref(last);
}

/* And it is told once: the next start finds nothing new, and no number is given
 * twice. */
static void check_told_once(struct fixture *f)
{
    uint64_t used = f->found.used_seq;
    close_outbox(f);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert_uint_eq(f->found.last_seq, 5);
    ck_assert_uint_ge(f->found.used_seq, used);
    put(f, f->found.used_seq + 1, NULL);
    wait_stored(f, 1);
    close_outbox(f);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert_uint_gt(f->found.last_seq, used);
}

START_TEST(a_store_that_is_whole_is_no_damage_and_its_witness_says_what_it_has)
{
    struct fixture *f = make_closed();
    struct witness w;
    char path[64];
    path_of(f, path);
    witness_open(&w, path, NULL);
    ck_assert_uint_eq(w.stored.seq, 5);
    ck_assert_uint_eq(w.newest.seq, 5);
    ck_assert_uint_ge(w.ceiling, 5);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert(!f->found.state_lost);
    ck_assert_uint_eq(f->found.used_seq, 5);
    end(f);
}
END_TEST

/* A store that goes within its first minute is missed, too; and then it has its time. */
START_TEST(the_first_event_is_witnessed_when_it_is_stored)
{
    struct fixture *f = begin();
    struct witness w = {.newest.seq = 0};
    char path[64];
    path_of(f, path);
    put(f, 1, NULL);
    wait_stored(f, 1);
    while (w.newest.seq == 0) { /* the test's time is over at some time */
        uv_run(&f->loop, UV_RUN_NOWAIT);
        witness_open(&w, path, NULL);
    }
    ck_assert_uint_eq(w.stored.seq, 1);
    ck_assert(!witness_is_first(&w));
    end(f);
}
END_TEST

/* Only the first event does not wait its minute. */
START_TEST(one_that_was_written_is_not_written_with_each_event)
{
    struct fixture *f = begin();
    struct witness w = {.newest.seq = 0};
    struct store s = {.ceiling = 2000};
    struct err e;
    snprintf(s.path, sizeof s.path, "%s/other", f->folder);
    ck_assert_int_eq(mkdir(s.path, 0700), 0);
    strcat(s.path, "/" STORE_FILE);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        struct event *event = make_event(seq, EVENT_CLASS_PRESS);
        witness_note(&w, event);
        event_unref(event);
        ck_assert_int_eq(witness_is_first(&w), seq == 1);
        ck_assert_msg(witness_write(&w, &s, &e) == 0, "%s", e.text);
        ck_assert(!witness_is_first(&w));
    }
    end(f);
}
END_TEST

START_TEST(a_store_that_was_removed_is_told_with_what_it_had)
{
    struct fixture *f = make_closed();
    remove_store(f);
    open_outbox(f);
    check_loss(f, "of event numbers 1 to 5 nothing is here any more: the store "
                  "itself was gone");
    check_told_once(f);
    ck_assert_uint_eq(count_aside(f), 0);
    end(f);
}
END_TEST

START_TEST(a_store_that_was_cut_to_nothing_is_told_with_what_it_had)
{
    struct fixture *f = make_closed();
    char path[64];
    path_of(f, path);
    ck_assert_int_eq(truncate(path, 0), 0);
    remove_log(f);
    open_outbox(f);
    check_loss(f, "of event numbers 1 to 5 nothing is here any more");
    check_told_once(f);
    ck_assert_uint_eq(count_aside(f), 0);
    end(f);
}
END_TEST

START_TEST(a_few_bytes_in_the_place_of_a_store_are_told_with_what_it_had)
{
    struct fixture *f = make_closed();
    char path[64];
    path_of(f, path);
    FILE *file = fopen(path, "w");
    fputs("hello", file);
    fclose(file);
    remove_log(f);
    open_outbox(f);
    check_loss(f, "of event numbers 1 to 5 nothing is here any more");
    check_told_once(f);
    ck_assert_uint_eq(count_aside(f), 1);
    end(f);
}
END_TEST

static void copy_store(const struct fixture *f, const char *from, const char *to)
{
    char command[200];
    snprintf(command, sizeof command, "cd %s && cp outbox.db%s outbox.db%s", f->folder, from, to);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(an_older_store_in_its_place_is_told_with_what_it_does_not_have)
{
    struct fixture *f = begin();
    put(f, 1, "older");
    put(f, 2, "older");
    wait_stored(f, 2);
    close_outbox(f);
    copy_store(f, "", ".backup");
    open_outbox(f);
    for (uint64_t seq = 3; seq <= 5; seq++)
        put(f, seq, "what is open");
    wait_stored(f, 5);
    close_outbox(f);
    f->stored = 0;
    copy_store(f, ".backup", "");
    remove_log(f);
    open_outbox(f);
    check_loss(f, "of event numbers 3 to 5 nothing is here any more: the outbox "
                  "was damaged");
    ck_assert_uint_eq(f->found.pending_count, 4); /* what it has goes its way */
    ck_assert_uint_eq(count_aside(f), 1);
    check_told_once(f);
    end(f);
}
END_TEST

START_TEST(one_lost_event_is_told_as_one)
{
    struct fixture *f = begin();
    put(f, 1, "older");
    put(f, 2, "older");
    wait_stored(f, 2);
    close_outbox(f);
    copy_store(f, "", ".backup");
    open_outbox(f);
    put(f, 3, "what is open");
    wait_stored(f, 3);
    close_outbox(f);
    f->stored = 0;
    copy_store(f, ".backup", "");
    remove_log(f);
    open_outbox(f);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "of event number 3 nothing is here any more: "));
    end(f);
}
END_TEST

/* As above, but of a store with other events. */
START_TEST(another_store_in_its_place_is_put_aside)
{
    struct fixture *f = make_closed();
    struct store s;
    struct err e;
    open_store(f, &s);
    ck_assert_int_eq(
        sqlite3_exec(s.db, "UPDATE event SET digest=zeroblob(32) WHERE seq=5", NULL, NULL, NULL),
        SQLITE_OK);
    ck_assert_int_eq(store_end_log(&s, &e), 0);
    store_close(&s);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "another or none is there under 5"));
    ck_assert_uint_ge(f->found.used_seq, NUMBERS_STEP);
    ck_assert_uint_eq(count_aside(f), 1);
    end(f);
}
END_TEST

static void make_file(const struct fixture *f, const char *name)
{
    char path[80];
    name_file(f, name, path);
    ck_assert_int_eq(close(open(path, O_CREAT | O_WRONLY | O_EXCL, 0600)), 0);
}

static bool has_file(const struct fixture *f, const char *name)
{
    char path[80];
    name_file(f, name, path);
    return access(path, F_OK) == 0;
}

/* Nobody else ever would. */
START_TEST(what_a_kill_has_left_beside_the_witness_is_removed_at_the_start)
{
    static const char *const left[] = {"outbox.head.aB3xYz", "outbox.head.a1b2c3",
                                       "outbox.head.ABCDEF"};
    static const char *const of_others[] = {
        "outbox.head.backup", "outbox.head.261127", "outbox.head.aB3xY",  "outbox.head.aB3xYz1",
        "outbox.head.aB3x.z", "outbox.heads.aB3xY", "outbox.head_aB3xYz", "outbox.head"};
    struct fixture *f = make_closed();
    char path[80];
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        make_file(f, left[i]);
    for (size_t i = 0; i < sizeof of_others / sizeof *of_others - 1; i++)
        make_file(f, of_others[i]);
    name_file(f, "outbox.head.aB3xYd", path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    name_file(f, "outbox.head.aB3xYl", path);
    ck_assert_int_eq(symlink("outbox.db", path), 0);
    open_outbox(f);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        ck_assert_msg(!has_file(f, left[i]), "%s", left[i]);
    for (size_t i = 0; i < sizeof of_others / sizeof *of_others; i++)
        ck_assert_msg(has_file(f, of_others[i]), "%s", of_others[i]);
    ck_assert(has_file(f, "outbox.head.aB3xYd") && has_file(f, "outbox.head.aB3xYl"));
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    end(f);
}
END_TEST

/* It can be read as it is; and is whole, as far as it goes, when what is in the way has gone. */
START_TEST(one_that_cannot_be_put_aside_is_told_as_damage_all_the_same)
{
    struct fixture *f = make_closed();
    char in_the_way[80], command[120];
    struct store s;
    struct err e;
    open_store(f, &s);
    ck_assert_int_eq(sqlite3_exec(s.db,
                                  "UPDATE event SET digest=zeroblob(32) WHERE seq=5;"
                                  "INSERT INTO state VALUES('untold','Kan earlier one')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(store_end_log(&s, &e), 0);
    store_close(&s);
    name_file(f, "outbox.db.new", in_the_way);
    snprintf(command, sizeof command, "mkdir -p %s/x", in_the_way);
    ck_assert_int_eq(system(command), 0);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 5);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "an earlier one\nthe outbox was damaged"));
    ck_assert_ptr_nonnull(strstr(f->found.damage, "another or none is there under 5"));
    ck_assert_ptr_nonnull(strstr(f->found.damage, "could not be put aside"));
    ck_assert_ptr_nonnull(strstr(f->found.damage, in_the_way));
    put(f, begin_numbers(f) + 1, NULL);
    wait_stored(f, 1);
    snprintf(command, sizeof command, "rm -r %s", in_the_way);
    ck_assert_int_eq(system(command), 0);
    close_outbox(f);
    open_outbox(f); /* which finds that it is noted */
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert_str_eq(outbox_found_text(&f->found, OUTBOX_DAMAGE_ROW), "told");
    ck_assert_uint_eq(count_aside(f), 0);
    end(f);
}
END_TEST

static size_t count_listed(struct fixture *f, enum outbox_query_kind kind, bool are_removed)
{
    json_t *answer = ask_json(f, &(struct outbox_query){.kind = kind});
    const json_t *list = json_object_get(answer, "aside");
    size_t listed = json_array_size(list);
    for (size_t i = 0; i < listed; i++) {
        const json_t *one = json_array_get(list, i);
        ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(one, "file")), "damaged"));
        ck_assert(json_is_true(json_object_get(one, "removed")) == are_removed);
    }
    ck_assert_int_gt(json_integer_value(json_object_get(answer, "free_bytes")), 0);
    ck_assert_str_eq(json_string_value(json_object_get(answer, "folder")), f->folder);
    json_decref(answer);
    return listed;
}

START_TEST(what_was_put_aside_is_listed_and_removed_when_it_is_asked_for_alone)
{
    struct fixture *f = make_closed();
    char path[64];
    path_of(f, path);
    FILE *file = fopen(path, "w");
    fputs("hello", file);
    fclose(file);
    open_outbox(f); /* that, and its log */
    ck_assert_uint_eq(count_listed(f, OUTBOX_QUERY_FILES, false), 2);
    ck_assert_uint_eq(count_listed(f, OUTBOX_QUERY_FILES, false), 2);
    ck_assert_uint_eq(count_listed(f, OUTBOX_QUERY_REMOVE, true), 2);
    ck_assert_uint_eq(count_listed(f, OUTBOX_QUERY_FILES, false), 0);
    ck_assert_uint_eq(count_aside(f), 0);
    json_t *answer = ask_json(f, &(struct outbox_query){.kind = OUTBOX_QUERY_FILES});
    const json_t *witness = json_object_get(answer, "witness");
    ck_assert_int_eq(json_integer_value(json_object_get(witness, "seq")), 5);
    json_decref(answer);
    close_outbox(f);
    open_outbox(f); /* and nothing else */
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert_uint_eq(f->found.last_seq, 5);
    end(f);
}
END_TEST

static void press_sixth(struct fixture *f)
{
    struct witness w = {.newest = {.seq = 0}};
    char path[64];
    path_of(f, path);
    while (w.newest.seq < 5 || w.stored.seq == 5)
        witness_open(&w, path, NULL); /* the test's time is over at some time */
    put(f, f->found.used_seq + 1, NULL);
    wait_stored(f, 1);
}

START_TEST(what_was_told_once_is_not_told_again_after_a_kill)
{
    struct fixture *f = make_closed();
    remove_store(f);
    f->prove_every_ms = 3600000;
    kill_in(f, press_sixth);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert_uint_eq(count_aside(f), 0);
    ck_assert_uint_gt(f->found.last_seq, 1000);
    end(f);
}
END_TEST

static void press_more(struct fixture *f)
{
    for (uint64_t seq = 6; seq <= 8; seq++) {
        put(f, seq, NULL);
        wait_stored(f, (unsigned)seq - 5);
    }
    /* As the thread does once a minute. */
    struct event *last = make_event(8, EVENT_CLASS_PRESS);
    struct witness w;
    struct store s = {.ceiling = 2000};
    struct err e;
    path_of(f, s.path);
    witness_open(&w, s.path, NULL);
    witness_note(&w, last);
    ck_assert_int_eq(witness_write(&w, &s, &e), 0);
    event_unref(last);
}

START_TEST(a_log_that_a_flipped_bit_has_cut_is_told_with_what_was_in_it)
{
    struct fixture *f = make_closed();
    char path[80];
    name_file(f, "outbox.db-wal", path);
    remove_file(f, "outbox.db-wal");
    kill_in(f, press_more);
    int fd = open(path, O_RDWR);
    unsigned char byte;
    off_t at = 32 + 24 + 2000; /* in the first page of the first frame */
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_msg(strstr(f->found.damage, "of event numbers 6 to 8 nothing is here any more: "
                                          "the outbox was damaged"),
                  "%s", f->found.damage);
    ck_assert_uint_eq(f->found.last_seq, 8);
    ck_assert_uint_ge(f->found.used_seq, 2000);
    ck_assert_uint_eq(f->found.pending_count, 10);
    ck_assert_uint_eq(count_aside(f), 1);
    end(f);
}
END_TEST

START_TEST(a_witness_that_is_gone_or_cannot_be_believed_is_no_damage)
{
    struct fixture *f = make_closed();
    char path[80];
    name_file(f, WITNESS_FILE, path);
    int fd = open(path, O_RDWR);
    ck_assert_int_eq(pwrite(fd, "9", 1, _i), 1); /* a digit of "head 1", or of the number */
    close(fd);
    if (_i == 0)
        ck_assert_int_eq(unlink(path), 0);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert_uint_eq(f->found.last_seq, 5);
    close_outbox(f);
    struct witness w;
    path_of(f, path);
    witness_open(&w, path, NULL); /* written anew */
    ck_assert_uint_eq(w.stored.seq, 5);
    open_outbox(f);
    end(f);
}
END_TEST

START_TEST(what_was_left_out_after_a_loss_is_not_told_as_another)
{
    struct fixture *f = make_closed();
    f->journal_dir = f->folder;
    remove_file(f, "outbox.db");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    close_outbox(f);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    end(f);
}
END_TEST

static bool is_open(const char *path)
{
    char link[40];
    struct stat info, one;
    ck_assert_int_eq(stat(path, &info), 0);
    for (int fd = 0; fd < 256; fd++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (stat(link, &one) == 0 && one.st_ino == info.st_ino && one.st_dev == info.st_dev)
            return true;
    }
    return false;
}

static void turn_until_closed(struct fixture *f)
{
    char path[80];
    snprintf(path, sizeof path, "%s/outbox.db", f->folder);
    while (is_open(path))
        uv_run(&f->loop, UV_RUN_NOWAIT); /* the test's time is over at some time */
}

/* What nobody is owed any more is in the store alone. */
static void record_all(struct fixture *f, uint64_t last_seq)
{
    const struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    for (uint64_t seq = 1; seq <= last_seq; seq++) {
        outbox_record_delivery(f->outbox, seq, 0, 1, &result);
        outbox_record_delivery(f->outbox, seq, 1, 1, &result);
    }
    wait_answered(f);
}

/* The disk fails, and when it takes something again the store is another one:
 * of the first run of its folder, too. */
START_TEST(a_store_that_goes_in_the_run_that_made_it_is_told_with_what_it_had)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 5; seq++)
        put(f, seq, "what is open");
    wait_stored(f, 5);
    record_all(f, 5);
    f->forgets_damage = true;
    watched_vfs_fail_writes(100000);
    watched_vfs_hold_opens(true);
    put(f, 6, NULL);
    turn_until_closed(f);
    remove_file(f, "outbox.db");
    watched_vfs_fail_writes(0);
    watched_vfs_hold_opens(false);
    wait_stored(f, 6);
    turn_until(f, &f->damaged);
    const char *gone = "of event numbers 1 to 5 nothing is here any more";
    ck_assert_msg(strstr(f->damage, gone) != NULL, "%s", f->damage);
    close_outbox(f);
    f->forgets_damage = false;
    open_outbox(f); /* nobody has kept it: the store has */
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_msg(strstr(f->found.damage, gone) != NULL, "%s", f->found.damage);
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_witness");
    TCase *tc = tcase_create("witness");
    watched_vfs_install(NULL);
    tcase_add_test(tc, a_store_that_is_whole_is_no_damage_and_its_witness_says_what_it_has);
    tcase_add_test(tc, the_first_event_is_witnessed_when_it_is_stored);
    tcase_add_test(tc, one_that_was_written_is_not_written_with_each_event);
    tcase_add_test(tc, a_store_that_was_removed_is_told_with_what_it_had);
    tcase_add_test(tc, a_store_that_was_cut_to_nothing_is_told_with_what_it_had);
    tcase_add_test(tc, a_few_bytes_in_the_place_of_a_store_are_told_with_what_it_had);
    tcase_add_test(tc, an_older_store_in_its_place_is_told_with_what_it_does_not_have);
    tcase_add_test(tc, one_lost_event_is_told_as_one);
    tcase_add_test(tc, another_store_in_its_place_is_put_aside);
    tcase_add_test(tc, one_that_cannot_be_put_aside_is_told_as_damage_all_the_same);
    tcase_add_test(tc, what_a_kill_has_left_beside_the_witness_is_removed_at_the_start);
    tcase_add_test(tc, what_was_put_aside_is_listed_and_removed_when_it_is_asked_for_alone);
    tcase_add_test(tc, what_was_told_once_is_not_told_again_after_a_kill);
    tcase_add_test(tc, a_log_that_a_flipped_bit_has_cut_is_told_with_what_was_in_it);
    tcase_add_loop_test(tc, a_witness_that_is_gone_or_cannot_be_believed_is_no_damage, 27, 32);
    tcase_add_test(tc, a_witness_that_is_gone_or_cannot_be_believed_is_no_damage);
    tcase_add_test(tc, what_was_left_out_after_a_loss_is_not_told_as_another);
    tcase_add_test(tc, a_store_that_goes_in_the_run_that_made_it_is_told_with_what_it_had);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
