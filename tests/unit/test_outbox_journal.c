/* SPDX-License-Identifier: Apache-2.0 */
/* A kill while the disk takes nothing: what was accepted is there again, with its own number, and
 * no number is given twice. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox/journal.h"
#include "outbox/numbers.h"
#include "outbox_world.h"
#include "run_suite.h"
#include "watched_vfs.h"
#include "wire/digest.h"

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
    char command[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    ck_assert_int_eq(system(command), 0);
}

static struct fixture *begin_with_journal(void)
{
    struct fixture *f = begin();
    close_outbox(f);
    f->journal_dir = f->folder;
    open_outbox(f);
    return f;
}

/* The folder as a kill of this moment leaves it. */
static void kill_it(struct fixture *f)
{
    char left[40];
    snprintf(left, sizeof left, "%s.left", f->folder);
    run("cp -a %s %s", f->folder, left);
    watched_vfs_fail_writes(0);
    close_outbox(f);
    run("rm -rf %s", f->folder);
    run("mv %s %s", left, f->folder);
    f->stored = 0;
}

/* ... is what the next start finds. */
static void kill_and_start(struct fixture *f)
{
    kill_it(f);
    open_outbox(f);
}

static void begin_failing(struct fixture *f)
{
    put(f, 1, "state 1");
    wait_stored(f, 1);
    watched_vfs_fail_writes(100000);
}

static void store_again(struct fixture *f)
{
    for (size_t i = 0; i < f->found.restored_count; i++)
        outbox_store_again(f->outbox, &f->found.restored[i], on_stored, f);
}

static void on_loaded(void *arg, struct event *event)
{
    *(struct event **)arg = event_ref(event);
}

static struct event *load(struct fixture *f, uint64_t seq)
{
    struct event *event = NULL;
    bool came = false;
    outbox_load(f->outbox, seq, on_loaded, &event);
    for (int i = 0; i < 10000 && !came; i++) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        came = event != NULL;
        usleep(200);
    }
    ck_assert_ptr_nonnull(event);
    return event;
}

static unsigned pending_of(const struct fixture *f, size_t receiver)
{
    unsigned count = 0;
    for (size_t i = 0; i < f->found.pending_count; i++)
        count += f->found.pending[i].receiver == receiver;
    return count;
}

START_TEST(what_the_disk_did_not_take_is_found_after_a_kill)
{
    struct fixture *f = begin_with_journal();
    begin_failing(f);
    put(f, 2, "state 2");
    put(f, 3, NULL);
    kill_and_start(f);
    struct event *third = make_event(3, EVENT_CLASS_PRESS);
    ck_assert_uint_eq(f->found.restored_count, 2);
    ck_assert_uint_eq(f->found.restored[0].event->seq, 2);
    ck_assert_uint_eq(f->found.restored[1].event->seq, 3);
    ck_assert_uint_eq(f->found.last_seq, 3);
    ck_assert_uint_eq(f->found.used_seq, 3);
    ck_assert_mem_eq(f->found.head, third->digest, EVENT_DIGEST_BYTES);
    ck_assert_int_eq(f->found.newest_wall_ms, 1003);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "state 2");
    ck_assert_uint_eq(pending_of(f, 0), 3);
    ck_assert_uint_eq(pending_of(f, 1), 3);
    ck_assert_uint_eq(f->found.pending[5].seq, 3);
    ck_assert_str_eq(f->found.pending[5].alarm, third->alarm);
    ck_assert_int_eq(f->found.pending[5].class, EVENT_CLASS_PRESS);
    ck_assert_ptr_null(f->found.damage);
    event_unref(third);
    end(f);
}
END_TEST

START_TEST(it_is_sent_from_memory_and_stored_once_the_disk_takes_it)
{
    struct fixture *f = begin_with_journal();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    char text[40];
    begin_failing(f);
    put(f, 2, "state 2");
    kill_and_start(f);
    watched_vfs_fail_writes(100000);
    store_again(f);
    struct event *event = load(f, 2), *made = make_event(2, EVENT_CLASS_PRESS);
    ck_assert_str_eq(event->bytes, made->bytes);
    ck_assert_str_eq(event->id, made->id);
    event_unref(event);
    event_unref(made);
    kill_and_start(f); /* it is not on the disk yet */
    ck_assert_uint_eq(f->found.restored_count, 1);
    store_again(f);
    wait_stored(f, 1);
    ck_assert_str_eq(list(f, &query, text), "2 1 of 2");
    kill_and_start(f);
    ck_assert_uint_eq(f->found.restored_count, 0);
    ck_assert_uint_eq(f->found.last_seq, 2);
    ck_assert_uint_eq(f->found.used_seq, 2);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "state 2");
    ck_assert_uint_eq(f->found.pending_count, 4);
    end(f);
}
END_TEST

START_TEST(it_is_owed_to_whom_it_was_owed)
{
    struct fixture *f = begin_with_journal();
    begin_failing(f);
    outbox_set_takes(f->outbox, 1, UPLINK_TAKES(EVENT_CLASS_MANIFEST), true);
    put(f, 2, NULL);
    outbox_set_takes(f->outbox, 1, UPLINK_TAKES_ALL, true);
    put(f, 3, NULL);
    kill_and_start(f);
    ck_assert_uint_eq(pending_of(f, 0), 3);
    ck_assert_uint_eq(pending_of(f, 1), 2);
    store_again(f);
    wait_stored(f, 2);
    kill_and_start(f);
    ck_assert_uint_eq(f->found.restored_count, 0);
    ck_assert_uint_eq(pending_of(f, 0), 3);
    ck_assert_uint_eq(pending_of(f, 1), 2);
    end(f);
}
END_TEST

START_TEST(a_clip_is_owed_again)
{
    struct fixture *f = begin_with_journal();
    struct outbox_upload upload = {.clip = "c1", .camera = "gate", .length_bytes = 12};
    struct event *event = make_event(2, EVENT_CLASS_MANIFEST);
    begin_failing(f);
    outbox_store(f->outbox, event, NULL, &upload, 2, on_stored, f);
    for (int again = 0; again < 2; again++) {
        kill_and_start(f);
        ck_assert_uint_eq(f->found.upload_count, 1);
        ck_assert_uint_eq(f->found.uploads[0].seq, 2);
        ck_assert_uint_eq(f->found.uploads[0].receiver, 1);
        ck_assert_str_eq(f->found.uploads[0].manifest, event->id);
        ck_assert_str_eq(f->found.uploads[0].clip, "c1");
        ck_assert_int_eq(f->found.uploads[0].length_bytes, 12);
        ck_assert_uint_eq(f->found.restored_count, again ? 0 : 1);
        store_again(f);
        wait_stored(f, again ? 0 : 1);
    }
    event_unref(event);
    end(f);
}
END_TEST

/* Somebody, or a bit, has put another event under a number that is stored. */
START_TEST(a_journal_that_contradicts_the_database_is_damage)
{
    struct fixture *f = begin_with_journal();
    struct event *event = make_event(1, EVENT_CLASS_PRESS);
    const struct record record = {.event = event, .receivers = "police ", .upload_receivers = ""};
    struct journal_found found = {.damaged = 0};
    put(f, 1, NULL);
    wait_stored(f, 1);
    close_outbox(f);
    event->bytes[2] = 'x';
    digest_sha256(event->bytes, event->length, event->digest);
    char store[sizeof f->folder + 20];
    snprintf(store, sizeof store, "%s/outbox.db", f->folder);
    struct journal *journal = journal_create(f->folder, store, LIMIT_JOURNAL_BYTES);
    journal_begin(journal, &found.head);
    journal_put(journal, &record);
    journal_destroy(journal);
    event_unref(event);
    open_outbox(f);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "event 1 of the journal"));
    ck_assert_uint_eq(f->found.restored_count, 0);
    ck_assert_uint_eq(f->found.last_seq, 1);
    end(f);
}
END_TEST

static void limit_files(struct fixture *f, rlim_t bytes)
{
    struct rlimit limit;
    (void)f;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* The run folder is full for a moment, while the disk takes nothing either. */
START_TEST(what_the_journal_did_not_take_is_put_once_more)
{
    struct fixture *f = begin_with_journal();
    begin_failing(f);
    put(f, 2, NULL);
    limit_files(f, 200);
    put(f, 3, NULL);
    put(f, 4, "state 4");
    const char *while_full = outbox_watch_journal(f->outbox);
    limit_files(f, RLIM_INFINITY);
    ck_assert_ptr_nonnull(strstr(while_full, "write"));
    put(f, 5, NULL);
    ck_assert_str_eq(outbox_watch_journal(f->outbox), "");
    ck_assert_str_eq(outbox_watch_journal(f->outbox), "");
    kill_and_start(f);
    ck_assert_uint_eq(f->found.restored_count, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(f->found.restored[i].event->seq, i + 2);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "state 4");
    end(f);
}
END_TEST

/* That it takes the next one says nothing of those before it. */
START_TEST(a_journal_that_lacks_an_event_does_not_say_that_all_is_well)
{
    struct fixture *f = begin_with_journal();
    begin_failing(f);
    limit_files(f, 200);
    put(f, 2, NULL);
    limit_files(f, RLIM_INFINITY);
    for (uint64_t seq = 3; seq < 3 + 70; seq++) {
        limit_files(f, 200);
        put(f, seq, NULL);
        limit_files(f, RLIM_INFINITY);
    }
    put(f, 73, NULL);
    ck_assert_ptr_nonnull(strstr(outbox_watch_journal(f->outbox), "did not take every event"));
    ck_assert_str_eq(outbox_watch_journal(f->outbox), "");
    /* What is committed is not lacking. */
    limit_files(f, 200);
    put(f, 74, NULL);
    limit_files(f, RLIM_INFINITY);
    watched_vfs_fail_writes(0);
    wait_stored(f, 74);
    ck_assert_str_eq(outbox_watch_journal(f->outbox), "");
    end(f);
}
END_TEST

START_TEST(after_a_clean_stop_numbers_go_on)
{
    struct fixture *f = begin();
    ck_assert_uint_eq(f->found.used_seq, 0);
    put(f, 1, NULL);
    for (int again = 0; again < 2; again++) {
        close_outbox(f);
        open_outbox(f);
        ck_assert_uint_eq(f->found.used_seq, 1);
        ck_assert_uint_eq(f->found.row_count, 0); /* the row of numbers is nobody's else */
    }
    end(f);
}
END_TEST

/* Its log was taken away with what came after the stop, and who did it was at the journal, too. */
START_TEST(with_a_damaged_journal_no_stop_was_clean)
{
    struct fixture *f = begin_with_journal();
    put(f, 1, NULL);
    close_outbox(f);
    run("cd %s && mkdir stopped && cp outbox.db* stopped", f->folder);
    open_outbox(f);
    put(f, 2, NULL);
    wait_stored(f, 1);
    kill_it(f);
    run("cd %s && rm outbox.* && mv stopped/* . && rmdir stopped", f->folder);
    run("cd %s && for n in 0 1; do head -c 64 /dev/zero | dd of=journal.$n conv=notrunc; done",
        f->folder);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_uint_ge(f->found.used_seq, NUMBERS_STEP);
    end(f);
}
END_TEST

START_TEST(after_a_power_cut_numbers_go_on_above_what_may_have_been_given)
{
    struct fixture *f = begin();
    put(f, 1, NULL);
    wait_stored(f, 1);
    kill_and_start(f);
    ck_assert_uint_eq(f->found.last_seq, 1);
    ck_assert_uint_eq(f->found.used_seq, 2 * NUMBERS_STEP);
    kill_and_start(f); /* though none of them was given */
    ck_assert_uint_eq(f->found.used_seq, 4 * NUMBERS_STEP);
    end(f);
}
END_TEST

/* As kill_and_start, and the journal is gone. */
static void cut_and_start(struct fixture *f)
{
    kill_it(f);
    run("rm %s/journal.0 %s/journal.1", f->folder, f->folder);
    open_outbox(f);
}

/* The journal of this boot, which knows of no event but that of before, is no reason to give them.
 */
START_TEST(what_a_power_cut_left_out_stays_so_when_nothing_comes_before_the_next_start)
{
    for (int clean = 0; clean < 2; clean++) {
        struct fixture *f = begin_with_journal();
        put(f, 1, NULL);
        wait_stored(f, 1);
        cut_and_start(f);
        ck_assert_uint_eq(f->found.used_seq, 2 * NUMBERS_STEP);
        if (clean) {
            close_outbox(f);
            open_outbox(f);
        } else {
            kill_and_start(f);
        }
        ck_assert_uint_ge(f->found.used_seq, 2 * NUMBERS_STEP);
        ck_assert_uint_ge(f->found.last_seq, 1);
        end(f);
    }
}
END_TEST

/* It was not there for a while: what was sent from memory then it does not know. */
START_TEST(a_journal_of_an_earlier_run_says_nothing_of_the_newest_number)
{
    struct fixture *f = begin_with_journal();
    put(f, 1, NULL);
    wait_stored(f, 1);
    close_outbox(f);
    const char *dir = f->journal_dir;
    f->journal_dir = NULL;
    open_outbox(f);
    put(f, 2, NULL);
    wait_stored(f, 2);
    watched_vfs_fail_writes(100000);
    put(f, 3, NULL);
    f->journal_dir = dir;
    kill_and_start(f);
    ck_assert_uint_eq(f->found.last_seq, 2);
    ck_assert_uint_ge(f->found.used_seq, NUMBERS_STEP);
    end(f);
}
END_TEST

START_TEST(the_ceiling_is_far_ahead_of_what_is_given)
{
    struct fixture *f = begin();
    static const uint64_t seqs[] = {NUMBERS_STEP - 1, NUMBERS_STEP, 5 * NUMBERS_STEP + 7};
    for (unsigned i = 0; i < 3; i++) {
        const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 1};
        char text[40];
        put(f, seqs[i], NULL);
        wait_stored(f, 1);
        list(f, &query, text); /* settled */
        kill_and_start(f);
        ck_assert_uint_ge(f->found.used_seq, seqs[i] + NUMBERS_STEP);
        ck_assert_uint_eq(f->found.used_seq % NUMBERS_STEP, 0);
    }
    end(f);
}
END_TEST

START_TEST(a_start_that_cannot_be_written_down_is_with_the_first_event)
{
    struct fixture *f = begin();
    put(f, 1, NULL);
    close_outbox(f);
    watched_vfs_fail_writes(1000000); /* that this is no clean stop any more */
    open_outbox(f);
    ck_assert(f->found.numbers_unknown);
    uint64_t used = begin_numbers(f);
    watched_vfs_fail_writes(0);
    ck_assert_uint_ge(used, NUMBERS_STEP); /* what it gives, a later start may not know of */
    put(f, used + 1, NULL);
    wait_stored(f, 2);
    kill_and_start(f);
    ck_assert_uint_gt(f->found.used_seq, used);
    end(f);
}
END_TEST

/* What one power cut has left out is not left out anew, a thousand further on, by each stop. */
START_TEST(after_a_power_cut_and_clean_stops_numbers_go_on)
{
    struct fixture *f = begin();
    put(f, 1, NULL);
    wait_stored(f, 1);
    kill_and_start(f);
    for (int again = 0; again < 3; again++) {
        ck_assert_uint_eq(f->found.last_seq, 1);
        ck_assert_uint_eq(f->found.used_seq, 2 * NUMBERS_STEP);
        close_outbox(f);
        open_outbox(f);
    }
    put(f, 2 * NUMBERS_STEP + 1, NULL);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.used_seq, 2 * NUMBERS_STEP + 1);
    kill_and_start(f);
    ck_assert_uint_eq(f->found.used_seq, 4 * NUMBERS_STEP);
    end(f);
}
END_TEST

/* An SD card that died takes no word of where numbers go on; the box is switched off and on. */
START_TEST(two_starts_that_cannot_be_written_down_do_not_give_the_same_numbers)
{
    for (int clean = 0; clean < 2; clean++) {
        struct fixture *f = begin();
        uint64_t used[3];
        put(f, 1, NULL);
        wait_stored(f, 1);
        if (clean) {
            close_outbox(f);
            open_outbox(f);
        }
        for (int i = 0; i < 3; i++) {
            kill_it(f);
            watched_vfs_fail_writes(1000000);
            open_outbox(f);
            used[i] = begin_numbers(f);
            watched_vfs_fail_writes(0);
            ck_assert_uint_ge(used[i], 2 * NUMBERS_STEP);
            ck_assert_uint_lt(used[i], UINT64_C(1) << 53);
            for (int k = 0; k < i; k++)
                ck_assert_uint_ne(used[i], used[k]);
        }
        end(f);
    }
}
END_TEST

START_TEST(with_the_journal_of_this_boot_no_number_is_left_out)
{
    struct fixture *f = begin_with_journal();
    put(f, 1, NULL);
    wait_stored(f, 1);
    kill_and_start(f);
    ck_assert_uint_eq(f->found.used_seq, 1);
    run("rm %s/journal.1", f->folder);
    kill_and_start(f);
    ck_assert_uint_eq(f->found.used_seq, 2 * NUMBERS_STEP);
    end(f);
}
END_TEST

START_TEST(a_journal_that_is_taken_away_is_written_anew)
{
    struct fixture *f = begin_with_journal();
    ck_assert_str_eq(outbox_watch_journal(f->outbox), "");
    begin_failing(f);
    put(f, 2, NULL);
    put(f, 3, NULL);
    run("rm %s/journal.0 %s/journal.1", f->folder, f->folder);
    ck_assert_str_eq(outbox_watch_journal(f->outbox), "");
    kill_and_start(f);
    ck_assert_uint_eq(f->found.restored_count, 2);
    end(f);
}
END_TEST

START_TEST(without_a_folder_for_it_there_is_a_reason_and_presses_go_on)
{
    struct fixture *f = begin();
    close_outbox(f);
    f->journal_dir = "/nonexistent/tocsin";
    open_outbox(f);
    ck_assert_ptr_nonnull(strstr(outbox_watch_journal(f->outbox), "/nonexistent/tocsin"));
    put(f, 1, NULL);
    wait_stored(f, 1);
    end(f);
}
END_TEST

/* The folder could not be searched at the start; what is in it then, nobody reads any more. */
START_TEST(a_journal_that_no_start_could_read_is_told_when_it_is_put_aside)
{
    struct fixture *f = begin_with_journal();
    char later[60];
    begin_failing(f);
    put(f, 2, NULL);
    snprintf(later, sizeof later, "%s/later", f->folder);
    run("mkdir %s.away", later);
    run("cp %s/journal.* %s.away", f->folder, later);
    f->journal_dir = later;
    kill_and_start(f);
    f->damage[0] = '\0';
    run("mv %s.away %s", later, later);
    ck_assert_str_eq(outbox_watch_journal(f->outbox), "");
    ck_assert_ptr_nonnull(strstr(f->damage, "journal.0.unread"));
    f->damage[0] = '\0';
    ck_assert_str_eq(outbox_watch_journal(f->outbox), "");
    ck_assert_str_eq(f->damage, "");
    end(f);
}
END_TEST

/* What was given up at a stop is in the journal. */
START_TEST(what_a_stop_could_not_write_is_found_at_the_next_start)
{
    struct fixture *f = begin_with_journal();
    begin_failing(f);
    put(f, 2, NULL);
    ck_assert_uint_eq(outbox_close(f->outbox, 0), 1);
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    watched_vfs_fail_writes(0);
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 1);
    ck_assert_uint_eq(f->found.used_seq, 2);
    end(f);
}
END_TEST

static void set_up(void)
{
    watched_vfs_install(NULL);
}

int main(void)
{
    Suite *suite = suite_create("outbox_journal");
    TCase *tests = tcase_create("journal");
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, what_the_disk_did_not_take_is_found_after_a_kill);
    tcase_add_test(tests, it_is_sent_from_memory_and_stored_once_the_disk_takes_it);
    tcase_add_test(tests, it_is_owed_to_whom_it_was_owed);
    tcase_add_test(tests, a_clip_is_owed_again);
    tcase_add_test(tests, a_journal_that_contradicts_the_database_is_damage);
    tcase_add_test(tests, what_the_journal_did_not_take_is_put_once_more);
    tcase_add_test(tests, a_journal_that_lacks_an_event_does_not_say_that_all_is_well);
    tcase_add_test(tests, after_a_clean_stop_numbers_go_on);
    tcase_add_test(tests, after_a_power_cut_and_clean_stops_numbers_go_on);
    tcase_add_test(tests, with_a_damaged_journal_no_stop_was_clean);
    tcase_add_test(tests, after_a_power_cut_numbers_go_on_above_what_may_have_been_given);
    tcase_add_test(tests,
                   what_a_power_cut_left_out_stays_so_when_nothing_comes_before_the_next_start);
    tcase_add_test(tests, a_journal_of_an_earlier_run_says_nothing_of_the_newest_number);
    tcase_add_test(tests, the_ceiling_is_far_ahead_of_what_is_given);
    tcase_add_test(tests, a_start_that_cannot_be_written_down_is_with_the_first_event);
    tcase_add_test(tests, two_starts_that_cannot_be_written_down_do_not_give_the_same_numbers);
    tcase_add_test(tests, with_the_journal_of_this_boot_no_number_is_left_out);
    tcase_add_test(tests, a_journal_that_is_taken_away_is_written_anew);
    tcase_add_test(tests, without_a_folder_for_it_there_is_a_reason_and_presses_go_on);
    tcase_add_test(tests, a_journal_that_no_start_could_read_is_told_when_it_is_put_aside);
    tcase_add_test(tests, what_a_stop_could_not_write_is_found_at_the_next_start);
    return run_suite(suite);
}
