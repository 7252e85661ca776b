/* SPDX-License-Identifier: Apache-2.0 */
/* A store that is taken away, replaced or cut while it is in use. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox/witness.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

/* With events 1 to 3 in it, and in use; it proves itself all the time or, as good as, never. */
static struct fixture *make_used(bool at_rest)
{
    struct fixture *f = begin();
    close_outbox(f);
    f->look_at_once = at_rest;
    f->prove_every_ms = at_rest ? 20 : 3600000;
    open_outbox(f);
    for (uint64_t seq = 1; seq <= 3; seq++)
        put(f, seq, "what is open");
    wait_stored(f, 3);
    return f;
}

/* And started. */
static void put_back_as_killed(struct fixture *f)
{
    char copy[64], was[32];
    snprintf(copy, sizeof copy, "cp -a . %s.copy", f->folder);
    shell(f, copy); /* of a process that goes on: as a kill leaves it */
    close_outbox(f);
    strcpy(was, f->folder);
    shell(f, "rm -rf ./*");
    snprintf(copy, sizeof copy, "mv %s.copy/* . && rm -rf %s.copy", was, was);
    shell(f, copy);
    open_outbox(f);
}

/* What is found by a start after a kill is what was told as stored. */
static void check_after_kill(struct fixture *f, uint64_t last_seq)
{
    put_back_as_killed(f);
    ck_assert_uint_eq(f->found.last_seq, last_seq);
    ck_assert_uint_eq(f->found.pending_count, 2 * last_seq);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what is open");
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
}

static void read_witness(const struct fixture *f, struct witness *ret_witness)
{
    char path[64];
    path_of(f, path);
    witness_open(ret_witness, path, NULL);
}

static const char *const takings[] = {
    "rm outbox.db",
    "rm outbox.db outbox.db-wal",
    "rm outbox.db-wal",
    "mv outbox.db elsewhere.db",
    "cp outbox.db other.db && mv other.db outbox.db",
    "echo hello >other.db && mv other.db outbox.db",
    "rm -rf ../${PWD##*/} || true", /* it is made anew meanwhile */
    "mv ../${PWD##*/} ../${PWD##*/}.old && mkdir -p ../${PWD##*/}",
};
#define TAKINGS (int)(sizeof takings / sizeof *takings)

static void remove_old(const struct fixture *f)
{
    shell(f, "rm -rf ../${PWD##*/}.old");
}

START_TEST(what_is_stored_after_it_was_taken_away_is_stored_in_one_that_is_there)
{
    struct fixture *f = make_used(false);
    shell(f, takings[_i]);
    put(f, 4, NULL);
    put(f, 5, NULL);
    wait_stored(f, 5);
    turn_until(f, &f->damaged);
    ck_assert_msg(strstr(f->damage, "could be read and were kept") != NULL, "%s", f->damage);
    ck_assert_msg(!strstr(f->damage, "nothing is here"), "%s", f->damage);
    check_after_kill(f, 5);
    remove_old(f);
    end(f);
}
END_TEST

START_TEST(at_rest_it_is_found_out_too_and_everything_is_written_anew)
{
    struct fixture *f = make_used(true);
    shell(f, takings[_i]);
    turn_until(f, &f->damaged);
    for (int64_t by_ms = clock_monotonic_ms() + patience_ms(); f->faulty;) {
        ck_assert_int_lt(clock_monotonic_ms(), by_ms);
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    check_after_kill(f, 3);
    remove_old(f);
    end(f);
}
END_TEST

static void wait_witness_good(struct fixture *f, unsigned times)
{
    int64_t by_ms = clock_monotonic_ms() + patience_ms();
    while (f->witness_good < times && clock_monotonic_ms() < by_ms)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(f->witness_good, times);
    ck_assert_str_eq(f->witness, "");
}

static bool is_shown(struct fixture *f, bool is_readable)
{
    json_t *files = ask_json(f, &(struct outbox_query){.kind = OUTBOX_QUERY_FILES});
    const json_t *witness = json_object_get(files, "witness");
    const char *why = json_string_value(json_object_get(witness, "unreadable"));
    bool is_so =
        is_readable ? json_object_get(witness, "seq") != NULL : why && strstr(why, "outbox.head");
    json_decref(files);
    return is_so;
}

static void wait_witness_shown(struct fixture *f, bool is_readable)
{
    int64_t by_ms = clock_monotonic_ms() + patience_ms();
    while (!is_shown(f, is_readable))
        ck_assert_int_lt(clock_monotonic_ms(), by_ms);
}

START_TEST(a_witness_that_cannot_be_written_is_told_until_it_can)
{
    struct fixture *f = make_used(true);
    wait_witness_good(f, 1);
    wait_witness_shown(f, true);
    shell(f, "until mkdir outbox.head 2>/dev/null; do rm -f outbox.head; done");
    put(f, 4, NULL);
    turn_until(f, &f->witness_bad);
    ck_assert_ptr_nonnull(strstr(f->witness, "outbox.head"));
    ck_assert_uint_eq(f->witness_good, 1); /* nor was it told again and again */
    ck_assert(!f->faulty);                 /* events are stored */
    wait_witness_shown(f, false);
    shell(f, "rmdir outbox.head");
    wait_witness_good(f, 2);
    shell(f, "echo nonsense >outbox.head");
    wait_witness_shown(f, false);
    end(f);
}
END_TEST

/* Nothing is called stored until its folder is there again. */
START_TEST(what_cannot_be_written_anew_is_kept_until_it_can)
{
    struct fixture *f = make_used(false);
    shell(f, "mv ../${PWD##*/} ../${PWD##*/}.old && echo in the way >../${PWD##*/}");
    put(f, 4, NULL);
    turn_until(f, &f->damaged);
    ck_assert(f->faulty);
    ck_assert_uint_eq(f->stored, 3);
    check_event(f, 2, "pending"); /* what can be read is read */
    ck_assert(f->faulty);
    ck_assert_uint_eq(f->stored, 3);
    char path[64];
    strcpy(path, f->folder);
    ck_assert_int_eq(unlink(path), 0);
    wait_stored(f, 4);
    for (int64_t by_ms = clock_monotonic_ms() + patience_ms(); f->faulty;) {
        ck_assert_int_lt(clock_monotonic_ms(), by_ms);
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    check_after_kill(f, 4);
    remove_old(f);
    end(f);
}
END_TEST

static const char *const cuts[] = {"truncate -s 0 outbox.db", "truncate -s 8192 outbox.db",
                                   "truncate -s 0 outbox.db-wal"};

/* While a proof has begun: what finds it is how that ends, and the log is not moved meanwhile. */
static void cut_amid_proof(struct fixture *f, const char *what)
{
    watched_vfs_hold_syncs(true);
    for (int64_t by_ms = clock_monotonic_ms() + patience_ms(); watched_vfs_counts().held == 0;) {
        ck_assert_int_lt(clock_monotonic_ms(), by_ms);
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    shell(f, what);
    watched_vfs_hold_syncs(false);
}

START_TEST(one_that_is_cut_at_rest_is_found_out_and_what_is_lost_is_named)
{
    struct fixture *f = make_used(true);
    struct witness w = {.is_behind = false};
    for (int64_t by_ms = clock_monotonic_ms() + patience_ms(); w.stored.seq < 3;) {
        ck_assert_int_lt(clock_monotonic_ms(), by_ms);
        uv_run(&f->loop, UV_RUN_NOWAIT);
        read_witness(f, &w);
    }
    cut_amid_proof(f, cuts[_i]);
    turn_until(f, &f->damaged);
    put(f, 4, NULL);
    wait_stored(f, 4);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 4);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what is open");
    if (f->found.pending_count < 8)
        ck_assert_msg(strstr(f->damage, "of event numbers 1") || strstr(f->damage, "but not all"),
                      "%s", f->damage);
    end(f);
}
END_TEST

/* The newest that it had was no press, of a run before, and is lost. */
START_TEST(one_that_was_mended_is_whole_for_a_start_after_a_kill)
{
    struct fixture *f = make_used(false);
    struct event *last = make_event(4, EVENT_CLASS_FOLLOWUP);
    struct witness w = {.is_behind = false};
    outbox_store(f->outbox, last, NULL, NULL, 0, on_stored, f);
    event_unref(last);
    wait_stored(f, 4);
    close_outbox(f);
    read_witness(f, &w);
    ck_assert_uint_eq(w.stored.seq, 4);
    open_outbox(f);
    shell(f, "truncate -s 4096 outbox.db && truncate -s 0 outbox.db-wal");
    put(f, 5, "what is open");
    wait_stored(f, 5);
    turn_until(f, &f->damaged);
    wait_answered(f);
    put_back_as_killed(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert_uint_eq(f->found.last_seq, 5);
    ck_assert_uint_eq(f->found.pending_count, 8);
    ck_assert_uint_eq(count_aside(f), 1);
    end(f);
}
END_TEST

START_TEST(a_database_that_was_cut_is_not_made_longer_by_its_log)
{
    struct fixture *f = make_used(false);
    struct store s = {.receiver_count = 0};
    struct err e;
    struct stat info;
    close_outbox(f);
    snprintf(s.path, sizeof s.path, "%s/" STORE_FILE, f->folder);
    ck_assert_msg(store_open(&s, &e) == 0, "%s", e.text);
    ck_assert_msg(store_begin_log(&s, &e) == 0, "%s", e.text); /* a frame of its first page */
    shell(f, "truncate -s 0 " STORE_FILE);
    store_checkpoint(&s);
    ck_assert_int_eq(stat(s.path, &info), 0);
    ck_assert_int_eq(info.st_size, 0);
    ck_assert_int_eq(place_check(&s.place, s.db, s.path, &e), -EBADMSG);
    store_close(&s);
    open_outbox(f);
    end(f);
}
END_TEST

/* And one that is as long again: the next commit would stand behind the hole. */
static const char *const holes[] = {
    "truncate -s 8192 outbox.db-wal",
    "size=$(stat -c %s outbox.db-wal) && truncate -s 0 outbox.db-wal && "
    "truncate -s $size outbox.db-wal",
};

START_TEST(nothing_is_stored_behind_what_was_cut)
{
    struct fixture *f = make_used(false);
    shell(f, holes[_i]);
    put(f, 4, NULL);
    turn_until(f, &f->damaged);
    wait_stored(f, 4);
    /* What was in the log alone; or, if the machine was slow, nothing was any more. */
    bool was_moved = strstr(f->damage, "3 events could be read and were kept");
    ck_assert_msg(was_moved ||
                      strstr(f->damage, "1 to 3, were in memory, and are stored once more"),
                  "%s", f->damage);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 4);
    ck_assert_uint_eq(f->found.pending_count, 8);
    end(f);
}
END_TEST

START_TEST(the_witness_follows_at_rest_and_is_written_for_news_alone)
{
    struct fixture *f = make_used(true);
    struct witness w = {.is_behind = false};
    struct stat first, later;
    char path[80];
    snprintf(path, sizeof path, "%s/" WITNESS_FILE, f->folder);
    while (w.stored.seq < 3 && (uv_run(&f->loop, UV_RUN_NOWAIT), 1))
        read_witness(f, &w);
    ck_assert_int_eq(stat(path, &first), 0);
    struct watched_counts before = watched_vfs_counts();
    while (watched_vfs_counts().log_syncs < before.log_syncs + 5)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(stat(path, &later), 0);
    ck_assert_uint_eq(first.st_ino, later.st_ino);
    put(f, 4, NULL);
    wait_stored(f, 4);
    while (w.stored.seq < 4 && (uv_run(&f->loop, UV_RUN_NOWAIT), 1))
        read_witness(f, &w);
    ck_assert(!f->damaged);
    ck_assert(!f->faulty);
    end(f);
}
END_TEST

/* On another disk, say: looked at where it is, and missed there. */
START_TEST(a_store_that_a_link_leads_to_is_where_it_was)
{
    struct fixture *f = make_used(false);
    close_outbox(f);
    shell(f, "mkdir other && mv outbox.db outbox.db-wal other && ln -s other/outbox.db outbox.db");
    f->look_at_once = true;
    f->prove_every_ms = 20;
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    put(f, 4, NULL);
    wait_stored(f, 4);
    for (struct witness w = {.is_behind = false}; w.stored.seq < 4;) {
        uv_run(&f->loop, UV_RUN_NOWAIT); /* the test's time is over at some time */
        ck_assert_msg(!f->damaged, "%s", f->damage);
        read_witness(f, &w);
    }
    cut_amid_proof(f, "test -h outbox.db && rm other/outbox.db-wal");
    turn_until(f, &f->damaged);
    ck_assert_msg(strstr(f->damage, "other/outbox.db-wal: was taken away") != NULL, "%s",
                  f->damage);
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_place");
    TCase *tc = tcase_create("place");
    watched_vfs_install(NULL);
    tcase_add_test(tc, a_witness_that_cannot_be_written_is_told_until_it_can);
    tcase_add_loop_test(tc, what_is_stored_after_it_was_taken_away_is_stored_in_one_that_is_there,
                        0, TAKINGS);
    tcase_add_loop_test(tc, at_rest_it_is_found_out_too_and_everything_is_written_anew, 0, TAKINGS);
    tcase_add_test(tc, what_cannot_be_written_anew_is_kept_until_it_can);
    tcase_add_loop_test(tc, one_that_is_cut_at_rest_is_found_out_and_what_is_lost_is_named, 0, 3);
    tcase_add_test(tc, one_that_was_mended_is_whole_for_a_start_after_a_kill);
    tcase_add_test(tc, a_database_that_was_cut_is_not_made_longer_by_its_log);
    tcase_add_loop_test(tc, nothing_is_stored_behind_what_was_cut, 0, 2);
    tcase_add_test(tc, the_witness_follows_at_rest_and_is_written_for_news_alone);
    tcase_add_test(tc, a_store_that_a_link_leads_to_is_where_it_was);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
