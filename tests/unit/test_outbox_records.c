/* SPDX-License-Identifier: Apache-2.0 */
/* What became of deliveries: gathered, written behind presses, and nothing lies if that is cut. */
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "held_disk.h"
#include "outbox/job.h"
#include "run_suite.h"
#include "wire/digest.h"

/* The rules, with a time that is handed in. */

static struct job *add(struct gather *g, uint64_t seq)
{
    struct job *job = calloc(1, sizeof *job);
    job->u.delivery.seq = seq;
    gather_add(g, job);
    return job;
}

/* "1 2 3": the seqs of a batch, which is freed. */
static const char *take_text(struct job_list *batch, char *text)
{
    struct job *job;
    size_t used = 0;
    text[0] = '\0';
    while ((job = STAILQ_FIRST(batch))) {
        STAILQ_REMOVE_HEAD(batch, next);
        used += (size_t)sprintf(text + used, "%s%llu", used ? " " : "",
                                (unsigned long long)job->u.delivery.seq);
        free(job);
    }
    return text;
}

START_TEST(after_a_pause_the_first_goes_at_once_and_the_next_when_the_pause_is_over)
{
    struct gather g;
    struct job_list batch = STAILQ_HEAD_INITIALIZER(batch);
    char text[40];
    gather_init(&g);
    ck_assert_int_eq(gather_due_ns(&g), INT64_MAX);
    add(&g, 1);
    ck_assert_int_le(gather_due_ns(&g), 0);
    gather_take(&g, &batch);
    ck_assert_int_eq(gather_due_ns(&g), INT64_MAX);
    gather_note_written(&g, 7000);
    add(&g, 2);
    ck_assert_int_eq(gather_due_ns(&g), 7000 + GATHER_PAUSE_NS);
    gather_want(&g);
    ck_assert_int_eq(gather_due_ns(&g), 0);
    gather_take(&g, &batch);
    ck_assert_str_eq(take_text(&batch, text), "1 2");
    add(&g, 3); /* who wanted them has what was there */
    ck_assert_int_eq(gather_due_ns(&g), 7000 + GATHER_PAUSE_NS);
    gather_take(&g, &batch);
    take_text(&batch, text);
}
END_TEST

/* A press that comes while the thread writes a group waits for all of its sync. */
START_TEST(of_presses_in_a_row_few_meet_a_group)
{
    enum { EVERY_MS = 5, SECONDS = 10 };
    struct gather g;
    struct job_list batch = STAILQ_HEAD_INITIALIZER(batch);
    char text[400];
    unsigned groups = 0;
    gather_init(&g);
    for (uint64_t ms = 1; ms <= SECONDS * 1000; ms++) {
        int64_t now_ns = (int64_t)ms * 1000000;
        if (ms % EVERY_MS == 0)
            add(&g, ms);
        if (gather_due_ns(&g) > now_ns)
            continue;
        groups++;
        gather_take(&g, &batch);
        gather_note_written(&g, now_ns);
        take_text(&batch, text);
    }
    gather_take(&g, &batch);
    take_text(&batch, text);
    ck_assert_uint_ge(groups, 9 * SECONDS); /* and none waits for long */
    ck_assert_uint_le(groups, 10 * SECONDS + 1);
}
END_TEST

START_TEST(a_full_group_does_not_wait_and_no_group_is_larger)
{
    struct gather g;
    struct job_list batch = STAILQ_HEAD_INITIALIZER(batch);
    char text[400];
    gather_init(&g);
    gather_note_written(&g, 7000);
    for (uint64_t seq = 1; seq < GATHER_GROUP; seq++)
        add(&g, seq);
    ck_assert_int_gt(gather_due_ns(&g), 7000);
    add(&g, GATHER_GROUP);
    ck_assert_int_eq(gather_due_ns(&g), 0);
    add(&g, GATHER_GROUP + 1);
    gather_want(&g);
    gather_take(&g, &batch);
    ck_assert_uint_eq(g.count, 1);
    ck_assert_int_eq(gather_due_ns(&g), 0); /* one that was wanted is left */
    take_text(&batch, text);
    gather_take(&g, &batch);
    ck_assert_uint_eq(g.count, 0);
    ck_assert_str_eq(take_text(&batch, text), "33");
}
END_TEST

START_TEST(the_thread_is_woken_when_it_must_look_anew)
{
    struct gather g;
    struct job_list batch = STAILQ_HEAD_INITIALIZER(batch);
    char text[400];
    gather_init(&g);
    for (unsigned i = 1; i <= GATHER_GROUP + 1; i++) {
        bool must = i == 1 || i == GATHER_GROUP;
        ck_assert_int_eq(gather_add(&g, calloc(1, sizeof(struct job))), must);
    }
    for (int i = 0; i < 2; i++)
        gather_take(&g, &batch);
    ck_assert_uint_eq(g.count, 0);
    take_text(&batch, text);
}
END_TEST

START_TEST(what_could_not_be_written_is_the_oldest_again_and_waits_whoever_wants_it)
{
    struct gather g;
    struct job_list batch = STAILQ_HEAD_INITIALIZER(batch);
    char text[40];
    gather_init(&g);
    gather_note_written(&g, 7000);
    add(&g, 1);
    add(&g, 2);
    gather_take(&g, &batch);
    add(&g, 3);
    gather_want(&g);
    gather_put_back(&g, &batch, 9000);
    ck_assert(STAILQ_EMPTY(&batch));
    ck_assert_uint_eq(g.count, 3);
    ck_assert(!gather_has_written(&g, 1));
    ck_assert_int_eq(gather_due_ns(&g), 9000);
    gather_take(&g, &batch);
    gather_note_written(&g, 9000);
    ck_assert(gather_has_written(&g, 3));
    ck_assert_str_eq(take_text(&batch, text), "1 2 3");
}
END_TEST

/* From here on: the outbox with its thread, on a disk that is held. */

static char *shown; /* the answer to the question that was asked last */

static void stop_and_end(struct fixture *f)
{
    stop(f);
    end(f);
    free(shown);
}

static void on_question(void *arg, const struct outbox_answer *answer)
{
    ck_assert_ptr_null(answer->error);
    free(shown);
    shown = strndup(answer->text, answer->length);
    tell(arg, 'q');
}

static void store_it(struct fixture *f, uint64_t seq, outbox_done_handler done)
{
    struct event *event = calloc(1, sizeof *event + 16);
    event->references = 1;
    event->seq = seq;
    event->class = EVENT_CLASS_PRESS;
    uuid_v7((int64_t)seq * 1000, event->id);
    event->length = (size_t)sprintf(event->bytes, "{\"seq\":%d}", (int)seq);
    digest_sha256(event->bytes, event->length, event->digest);
    outbox_store(f->outbox, event, NULL, NULL, 0, done, f);
    event_unref(event);
}

static void record(struct fixture *f, uint64_t seq, size_t receiver)
{
    struct uplink_result result = {
        .outcome = UPLINK_OUTCOME_STORED, .receipt = "{}", .receipt_length = 2};
    outbox_record_delivery(f->outbox, seq, receiver, 1, &result);
}

/* Event 1 is stored, and the thread stands in the commit of event 2. */
static struct fixture *begin_held(void)
{
    struct fixture *f = begin();
    start(f);
    store_it(f, 1, on_a);
    turn_until(f, "a");
    watched_vfs_hold_syncs(true);
    store_it(f, 2, on_a);
    wait_held();
    return f;
}

/* Lets syncs pass until that is told and the thread stands in the next one; how many passed. */
static unsigned pass_until(struct fixture *f, const char *told)
{
    unsigned passed = 0;
    for (; strcmp(f->told, told) != 0 && passed < 5; passed++) {
        unsigned before = watched_vfs_counts().log_syncs;
        watched_vfs_let_one_sync_pass();
        while (watched_vfs_counts().log_syncs == before)
            usleep(200);
        wait_held();
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    ck_assert_str_eq(f->told, told);
    return passed;
}

START_TEST(a_press_is_committed_before_records_that_were_handed_over_first)
{
    struct fixture *f = begin_held();
    record(f, 1, 0);
    store_it(f, 3, on_b);
    pass_until(f, "aa");
    ck_assert_uint_eq(pass_until(f, "aab"), 1);
    wait_held(); /* and they are a transaction of their own, after it */
    watched_vfs_hold_syncs(false);
    stop_and_end(f);
}
END_TEST

START_TEST(too_many_records_go_with_the_next_press_behind_it)
{
    struct fixture *f = begin_held();
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    for (uint64_t seq = 3; seq <= GATHER_MAX + 1; seq++)
        store_it(f, seq, seq == GATHER_MAX + 1 ? on_a : NULL);
    watched_vfs_hold_syncs(false);
    turn_until(f, "aaa");
    watched_vfs_hold_syncs(true);
    store_it(f, GATHER_MAX + 2, on_a);
    wait_held();
    for (uint64_t seq = 1; seq <= GATHER_MAX + 1; seq++)
        record(f, seq, 0);
    store_it(f, GATHER_MAX + 3, on_b);
    pass_until(f, "aaaa");
    unsigned before = watched_vfs_counts().log_syncs;
    watched_vfs_hold_syncs(false);
    turn_until(f, "aaaab");
    outbox_query(f->outbox, &query, on_question, f);
    turn_until(f, "aaaabq");
    /* The press with the first group, then the other groups. */
    ck_assert_uint_eq(watched_vfs_counts().log_syncs - before, GATHER_MAX / GATHER_GROUP + 1);
    stop_and_end(f);
}
END_TEST

START_TEST(what_was_recorded_before_a_question_is_in_its_answer)
{
    struct fixture *f = begin();
    struct outbox_query query = {.kind = OUTBOX_QUERY_EXPORT};
    start(f);
    for (uint64_t seq = 1; seq <= 20; seq++) {
        memset(f->told, 0, sizeof f->told);
        store_it(f, seq, NULL);
        record(f, seq, 0);
        record(f, seq, 1);
        query.after = seq - 1;
        outbox_query(f->outbox, &query, on_question, f);
        turn_until(f, "q");
        ck_assert_msg(!strstr(shown, "pending"), "%s", shown);
    }
    stop_and_end(f);
}
END_TEST

START_TEST(what_was_recorded_is_not_struck_out_when_its_receiver_takes_less)
{
    struct fixture *f = begin_held();
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    record(f, 1, 1);
    outbox_set_takes(f->outbox, 1, UPLINK_TAKES(EVENT_CLASS_MANIFEST), false);
    watched_vfs_hold_syncs(false);
    turn_until(f, "aa");
    outbox_query(f->outbox, &query, on_question, f);
    turn_until(f, "aaq");
    ck_assert_ptr_nonnull(strstr(shown, "\"education\",\"state\":\"stored\""));
    stop_and_end(f);
}
END_TEST

START_TEST(a_stop_writes_what_was_gathered_without_a_pause)
{
    struct fixture *f = begin_held();
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    record(f, 1, 0);
    outbox_query(f->outbox, &query, on_question, f);
    watched_vfs_hold_syncs(false);
    turn_until(f, "aaq");
    record(f, 1, 1); /* in the pause */
    record(f, 2, 0);
    record(f, 2, 1);
    stop(f);
    start(f);
    ck_assert_uint_eq(f->found.last_seq, 2);
    ck_assert_uint_eq(f->found.pending_count, 0);
    stop_and_end(f);
}
END_TEST

/* In a process that is then killed. */
static void record_and_die(struct fixture *f)
{
    start(f);
    store_it(f, 1, on_a);
    turn_until(f, "a");
    watched_vfs_hold_syncs(true);
    store_it(f, 2, NULL);
    wait_held();
    record(f, 1, 0);
    kill(getpid(), SIGKILL);
}

START_TEST(after_a_kill_what_was_not_written_is_not_called_delivered_and_can_be_delivered_again)
{
    struct fixture *f = begin();
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    int status;
    pid_t pid = fork();
    if (pid == 0)
        record_and_die(f);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    start(f);
    ck_assert_uint_ge(f->found.pending_count, 2); /* event 1 at both; the commit of 2 was open */
    ck_assert_uint_eq(f->found.pending[0].seq, 1);
    ck_assert_uint_eq(f->found.pending[1].seq, 1);
    outbox_query(f->outbox, &query, on_question, f);
    turn_until(f, "q");
    ck_assert_ptr_nonnull(strstr(shown, "\"police\",\"state\":\"pending\""));
    record(f, 1, 0);
    outbox_query(f->outbox, &query, on_question, f);
    turn_until(f, "qq");
    ck_assert_ptr_nonnull(strstr(shown, "\"police\",\"state\":\"stored\",\"attempts\":1"));
    stop_and_end(f);
}
END_TEST

START_TEST(a_press_does_not_wait_for_records_that_the_disk_refuses)
{
    struct fixture *f = begin();
    start(f);
    store_it(f, 1, on_a);
    turn_until(f, "a");
    watched_vfs_fail_syncs(1);
    record(f, 1, 0);
    turn_until(f, "a!"); /* they are tried again in half a second, and now there is a press */
    store_it(f, 2, on_b);
    turn_until(f, "a!b."); /* the fault is over when they are written */
    stop(f);
    start(f);
    ck_assert_uint_eq(f->found.pending_count, 3);
    stop_and_end(f);
}
END_TEST

/* Called by the thread with the lock held; see CMakeLists.txt. */
static atomic_uint waits_before_a_write;
/* The thread sleeps as long as nothing comes; what comes finds that it was quiet for long. */
static atomic_bool is_long_quiet;

int __real_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t ns);
int __wrap_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t ns);

int __wrap_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t ns)
{
    struct outbox *ob = (struct outbox *)((char *)cond - offsetof(struct outbox, wake));
    if (mutex == &ob->lock && !STAILQ_EMPTY(&ob->queue.writes))
        waits_before_a_write++;
    bool is_asleep = mutex == &ob->lock && is_long_quiet;
    int result =
        __real_uv_cond_timedwait(cond, mutex, is_asleep ? (uint64_t)patience_ms() * 1000000 : ns);
    if (is_asleep)
        ob->written_ns -= INT64_C(1000000000);
    return result;
}

START_TEST(a_press_that_has_come_goes_before_the_log_is_moved)
{
    struct fixture *f = begin();
    is_long_quiet = true;
    start(f);
    store_it(f, 1, on_a);
    turn_until(f, "a");
    struct watched_counts before = watched_vfs_counts();
    store_it(f, 2, on_b);
    turn_until(f, "ab");
    ck_assert_uint_eq(watched_vfs_counts().log_syncs, before.log_syncs + 1);
    ck_assert_uint_eq(watched_vfs_counts().db_syncs, before.db_syncs);
    is_long_quiet = false;
    stop(f);
    end(f);
}
END_TEST

START_TEST(a_press_that_is_there_when_records_fail_does_not_wait_for_their_next_try)
{
    struct fixture *f = begin();
    start(f);
    store_it(f, 1, on_a);
    turn_until(f, "a");
    watched_vfs_hold_syncs(true);
    record(f, 1, 0);
    wait_held(); /* in the commit of the record, which will fail */
    store_it(f, 2, on_b);
    watched_vfs_fail_syncs(1);
    watched_vfs_hold_syncs(false);
    turn_until(f, "a!b.");
    ck_assert_uint_eq(waits_before_a_write, 0);
    stop_and_end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_records");
    TCase *rules = tcase_create("rules"), *disk = tcase_create("disk");
    tcase_add_test(rules, after_a_pause_the_first_goes_at_once_and_the_next_when_the_pause_is_over);
    tcase_add_test(rules, of_presses_in_a_row_few_meet_a_group);
    tcase_add_test(rules, a_full_group_does_not_wait_and_no_group_is_larger);
    tcase_add_test(rules, the_thread_is_woken_when_it_must_look_anew);
    tcase_add_test(rules, what_could_not_be_written_is_the_oldest_again_and_waits_whoever_wants_it);
    tcase_add_test(disk, a_press_is_committed_before_records_that_were_handed_over_first);
    tcase_add_test(disk, too_many_records_go_with_the_next_press_behind_it);
    tcase_add_test(disk, what_was_recorded_before_a_question_is_in_its_answer);
    tcase_add_test(disk, what_was_recorded_is_not_struck_out_when_its_receiver_takes_less);
    tcase_add_test(disk, a_stop_writes_what_was_gathered_without_a_pause);
    tcase_add_test(
        disk, after_a_kill_what_was_not_written_is_not_called_delivered_and_can_be_delivered_again);
    tcase_add_test(disk, a_press_does_not_wait_for_records_that_the_disk_refuses);
    tcase_add_test(disk, a_press_that_has_come_goes_before_the_log_is_moved);
    tcase_add_test(disk, a_press_that_is_there_when_records_fail_does_not_wait_for_their_next_try);
    suite_add_tcase(suite, rules);
    suite_add_tcase(suite, disk);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
