/* SPDX-License-Identifier: Apache-2.0 */
/* What the store's thread does next, with a time that is handed in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbox/job.h"
#include "run_suite.h"

static struct job *add(struct queue *q, enum job_kind kind)
{
    struct job *job = calloc(1, sizeof *job);
    job->kind = kind;
    queue_add(q, job);
    return job;
}

static void add_many(struct queue *q, enum job_kind kind, int count)
{
    for (int i = 0; i < count; i++)
        add(q, kind);
}

/* With one job in it. */
static void begin(struct queue *q, enum job_kind kind)
{
    queue_init(q);
    ck_assert_int_eq(queue_due_ns(q), INT64_MAX);
    add(q, kind);
}

static int count(const struct job_list *list)
{
    const struct job *job;
    int jobs = 0;
    STAILQ_FOREACH(job, list, next)
    {
        jobs++;
    }
    return jobs;
}

static void free_list(struct job_list *list)
{
    struct job *job;
    while ((job = STAILQ_FIRST(list))) {
        STAILQ_REMOVE_HEAD(list, next);
        free(job);
    }
}

static void free_work(struct work *w)
{
    free_list(&w->writes);
    free_list(&w->records);
    free(w->chore);
}

static void free_queue(struct queue *q)
{
    free_list(&q->writes);
    free_list(&q->records.list);
    free_list(&q->chores);
}

/* "64w 32r": what is next at that time; "7w" when there are 7 writes, "c" for a chore. */
static void take(struct queue *q, int64_t now_ns, const char *wanted, struct work *ret_work)
{
    char text[40];
    bool is_due = queue_due_ns(q) <= now_ns;
    ck_assert_int_eq(queue_take(q, now_ns, ret_work), wanted[0] != '\0');
    ck_assert_int_eq(is_due, wanted[0] != '\0');
    size_t used = 0;
    text[0] = '\0';
    if (!STAILQ_EMPTY(&ret_work->writes))
        used += (size_t)sprintf(text, "%dw", count(&ret_work->writes));
    if (!STAILQ_EMPTY(&ret_work->records))
        used += (size_t)sprintf(text + used, "%s%dr", used ? " " : "", count(&ret_work->records));
    if (ret_work->chore)
        sprintf(text + used, "%sc", used ? " " : "");
    ck_assert_str_eq(text, wanted);
}

static void take_nothing(struct queue *q, int64_t now_ns)
{
    struct work w;
    take(q, now_ns, "", &w);
}

static void write_it(struct queue *q, int64_t now_ns, const char *wanted)
{
    struct work w;
    take(q, now_ns, wanted, &w);
    queue_note_written(q, &w, now_ns);
    free_work(&w);
}

static void refuse(struct queue *q, int64_t now_ns, const char *wanted)
{
    struct work w;
    take(q, now_ns, wanted, &w);
    queue_put_back(q, &w, now_ns);
    ck_assert(STAILQ_EMPTY(&w.writes) && STAILQ_EMPTY(&w.records));
    ck_assert(queue_fails(q));
}

START_TEST(writes_go_before_records_and_records_before_chores)
{
    struct queue q;
    begin(&q, JOB_QUERY);
    add(&q, JOB_DELIVERY);
    add(&q, JOB_UPLOAD);
    add(&q, JOB_ANSWER);
    add(&q, JOB_STATE);
    add(&q, JOB_STORE);
    write_it(&q, 1000, "3w");
    write_it(&q, 1000, "2r");
    write_it(&q, 1000, "c");
    take_nothing(&q, 1000);
    free_queue(&q);
}
END_TEST

/* A line that chatters keeps the disk busy; a press of before the restart must go out all the same.
 */
START_TEST(what_is_to_be_sent_is_read_behind_each_transaction_however_much_is_to_be_written)
{
    struct queue q;
    begin(&q, JOB_LOAD);
    add(&q, JOB_QUERY);
    add_many(&q, JOB_LOAD, QUEUE_LOADS);
    add_many(&q, JOB_ANSWER, QUEUE_BATCH + 1);
    write_it(&q, 1, "64w");
    for (int i = 0; i < QUEUE_LOADS; i++)
        write_it(&q, 2, "c");
    ck_assert_int_eq(STAILQ_FIRST(&q.chores)->kind, JOB_QUERY); /* a question waits */
    write_it(&q, 3, "1w");
    add(&q, JOB_ANSWER);
    write_it(&q, 4, "c");
    write_it(&q, 5, "1w");
    write_it(&q, 6, "c");
    take_nothing(&q, 7);
    free_queue(&q);
}
END_TEST

START_TEST(a_press_waits_for_two_events_that_are_read_and_no_more)
{
    struct queue q;
    begin(&q, JOB_STATE);
    add_many(&q, JOB_LOAD, 9);
    write_it(&q, 1, "1w");
    add(&q, JOB_STORE);
    write_it(&q, 2, "c");
    write_it(&q, 3, "c");
    write_it(&q, 4, "1w");
    for (int i = 0; i < 7; i++) /* without a press there is no bound */
        write_it(&q, 5, "c");
    free_queue(&q);
}
END_TEST

START_TEST(a_write_is_due_when_it_could_be_begun)
{
    struct queue q;
    begin(&q, JOB_QUERY);
    add_many(&q, JOB_DELIVERY, GATHER_MAX + 1);
    ck_assert(!queue_write_is_due(&q, 1000));
    add(&q, JOB_STATE);
    ck_assert(queue_write_is_due(&q, 1000));
    refuse(&q, 1000, "1w 32r");
    ck_assert(queue_write_is_due(&q, 1000)); /* alone, without the records */
    refuse(&q, 1000, "1w");
    ck_assert(!queue_write_is_due(&q, 999 + QUEUE_RETRY_NS));
    add(&q, JOB_STORE);
    ck_assert(queue_write_is_due(&q, 1000));
    free_queue(&q);
}
END_TEST

START_TEST(records_go_with_writes_only_when_no_write_that_was_there_is_left_behind)
{
    struct queue q;
    begin(&q, JOB_STORE);
    add_many(&q, JOB_STORE, QUEUE_BATCH + 5);
    add(&q, JOB_STATE);
    add_many(&q, JOB_DELIVERY, GATHER_MAX + 1);
    write_it(&q, 1000, "64w");
    write_it(&q, 1000, "7w 32r");
    add(&q, JOB_STORE); /* what is left may wait for a moment without a press */
    write_it(&q, 1000, "1w");
    write_it(&q, 1000, "32r");
    free_queue(&q);
}
END_TEST

START_TEST(a_press_that_was_refused_with_records_is_written_alone_at_once)
{
    struct queue q;
    begin(&q, JOB_STORE);
    add_many(&q, JOB_DELIVERY, GATHER_MAX + 1);
    refuse(&q, 1000, "1w 32r");
    ck_assert_uint_eq(q.records.count, GATHER_MAX + 1);
    write_it(&q, 1000, "1w");
    ck_assert(queue_fails(&q)); /* the records still do */
    add(&q, JOB_STORE);
    write_it(&q, 1000, "1w");
    take_nothing(&q, 999 + QUEUE_RETRY_NS);
    add(&q, JOB_STORE);
    write_it(&q, 1000 + QUEUE_RETRY_NS, "1w"); /* alone, until some are written */
    write_it(&q, 1000 + QUEUE_RETRY_NS, "32r");
    ck_assert(!queue_fails(&q));
    add(&q, JOB_STORE);
    add_many(&q, JOB_DELIVERY, 32);
    write_it(&q, 1000 + QUEUE_RETRY_NS, "1w 32r");
    free_queue(&q);
}
END_TEST

START_TEST(records_that_are_refused_keep_no_chore_from_its_turn_whoever_wants_them)
{
    struct queue q;
    begin(&q, JOB_QUERY);
    add_many(&q, JOB_DELIVERY, GATHER_GROUP + 1);
    add(&q, JOB_PRUNE);
    refuse(&q, 1000, "32r");
    write_it(&q, 1000, "c");
    write_it(&q, 1000, "c");
    add(&q, JOB_LOAD);
    write_it(&q, 1000, "c");
    add(&q, JOB_QUERY); /* which wants them once more */
    write_it(&q, 1000, "c");
    ck_assert_int_eq(queue_due_ns(&q), 1000 + QUEUE_RETRY_NS);
    write_it(&q, 1000 + QUEUE_RETRY_NS, "32r");
    free_queue(&q);
}
END_TEST

START_TEST(writes_that_are_refused_keep_their_order_and_hold_up_records_but_no_chore)
{
    struct queue q;
    struct work w;
    begin(&q, JOB_STATE);
    struct job *first = STAILQ_FIRST(&q.writes);
    take(&q, 1000, "1w", &w);
    add(&q, JOB_ANSWER); /* while the thread tries */
    queue_put_back(&q, &w, 1000);
    add(&q, JOB_DELIVERY);
    add(&q, JOB_QUERY);
    ck_assert_ptr_eq(STAILQ_FIRST(&q.writes), first);
    write_it(&q, 1000, "c");
    take_nothing(&q, 999 + QUEUE_RETRY_NS);
    take(&q, 1000 + QUEUE_RETRY_NS, "2w", &w);
    ck_assert_ptr_eq(STAILQ_FIRST(&w.writes), first);
    queue_note_written(&q, &w, 1000 + QUEUE_RETRY_NS);
    ck_assert(!queue_fails(&q));
    free_work(&w);
    write_it(&q, 1000 + QUEUE_RETRY_NS, "1r");
    free_queue(&q);
}
END_TEST

START_TEST(a_press_is_a_reason_to_try_at_once_what_was_refused_before_it)
{
    struct queue q;
    begin(&q, JOB_STATE);
    refuse(&q, 1000, "1w");
    add(&q, JOB_STATE); /* a row is none */
    take_nothing(&q, 1000);
    add(&q, JOB_STORE);
    write_it(&q, 1000, "3w");
    free_queue(&q);
}
END_TEST

START_TEST(a_chore_that_failed_keeps_no_other_from_its_turn)
{
    struct queue q;
    begin(&q, JOB_LOAD);
    struct work w;
    take(&q, 1000, "c", &w);
    queue_put_back_chore(&q, w.chore, 1000 + QUEUE_RETRY_NS);
    take_nothing(&q, 1000);
    struct job *other = add(&q, JOB_LOAD);
    struct work next;
    take(&q, 1000, "c", &next);
    ck_assert_ptr_eq(next.chore, other);
    queue_put_back_chore(&q, other, 0); /* a piece is done, and there is more */
    take(&q, 1000, "c", &next);
    ck_assert_ptr_eq(next.chore, other);
    free_work(&next);
    ck_assert_int_eq(queue_due_ns(&q), 1000 + QUEUE_RETRY_NS);
    write_it(&q, 1000 + QUEUE_RETRY_NS, "c");
    free_queue(&q);
}
END_TEST

/* It may be among what was handed over, and what waits is said to be all. */
START_TEST(a_clip_is_looked_for_when_what_is_to_be_written_is_written)
{
    static const enum job_kind looking[] = {JOB_FIND_CLIP, JOB_READ_UPLOADS};
    struct queue q;
    begin(&q, JOB_STORE);
    add(&q, looking[_i]);
    refuse(&q, 1000, "1w");
    take_nothing(&q, 1000);
    write_it(&q, 1000 + QUEUE_RETRY_NS, "1w");
    write_it(&q, 1000 + QUEUE_RETRY_NS, "c");
    free_queue(&q);
}
END_TEST

/* What was handed over before it owes what it owed, however often it is written. */
START_TEST(what_a_receiver_takes_is_the_last_of_its_transaction)
{
    struct queue q;
    begin(&q, JOB_STORE);
    add(&q, JOB_TAKES);
    add(&q, JOB_STORE);
    add(&q, JOB_STORE);
    refuse(&q, 1000, "2w");
    write_it(&q, 1000 + QUEUE_RETRY_NS, "2w");
    write_it(&q, 1000 + QUEUE_RETRY_NS, "2w");
    take_nothing(&q, 1000 + QUEUE_RETRY_NS);
}
END_TEST

START_TEST(what_a_receiver_takes_is_written_at_once_and_nothing_struck_out_before_it_is_recorded)
{
    struct queue q;
    struct work w;
    begin(&q, JOB_TAKES);
    write_it(&q, 1000, "1w");
    add(&q, JOB_DELIVERY);
    refuse(&q, 1000, "1r");
    add(&q, JOB_TAKES);
    take(&q, 1000, "1w", &w); /* the records do not go with it */
    struct job *job = STAILQ_FIRST(&w.writes);
    job->kind = JOB_STRIKE;
    queue_put_back_chore(&q, job, 0);
    add(&q, JOB_DELIVERY);
    add(&q, JOB_LOAD);
    write_it(&q, 1000, "c"); /* which passes it */
    take_nothing(&q, 1000);
    take(&q, 1000 + QUEUE_RETRY_NS, "2r", &w);
    queue_note_written(&q, &w, 1000 + QUEUE_RETRY_NS);
    free_work(&w);
    add(&q, JOB_DELIVERY); /* it waits for none that came later */
    take(&q, 1001 + QUEUE_RETRY_NS, "c", &w);
    ck_assert_ptr_eq(w.chore, job);
    free_work(&w);
    free_queue(&q);
}
END_TEST

static bool join(struct queue *q, const char *name, const char *text)
{
    struct job_row row = {.text = strdup(text)};
    snprintf(row.name, sizeof row.name, "%s", name);
    bool has_joined = queue_join_row(q, &row);
    if (!has_joined)
        free(row.text);
    return has_joined;
}

static void check_row(const struct job *job, size_t i, const char *name, const char *text)
{
    ck_assert_str_eq(job->u.state.rows[i].name, name);
    ck_assert_str_eq(job->u.state.rows[i].text, text);
}

START_TEST(a_row_takes_the_place_of_its_older_text_unless_something_came_in_between)
{
    static const enum job_kind between[] = {JOB_STORE, JOB_ANSWER, JOB_BARRIER, JOB_TAKES};
    struct queue q;
    struct work w;
    begin(&q, JOB_STATE);
    struct job *job = STAILQ_FIRST(&q.writes);
    ck_assert(join(&q, "a", "1"));
    ck_assert(join(&q, "b", "1"));
    ck_assert(join(&q, "a", "2"));
    ck_assert(join(&q, "c", "1"));
    ck_assert(join(&q, "d", "1"));
    ck_assert(!join(&q, "e", "1")); /* there is no room */
    ck_assert(join(&q, "d", "2"));
    check_row(job, 0, "a", "2");
    check_row(job, 1, "b", "1");
    check_row(job, 3, "d", "2");
    for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
        add(&q, between[i]);
        ck_assert(!join(&q, "a", "3"));
    }
    take(&q, 1000, "5w", &w);
    ck_assert(!join(&q, "a", "4")); /* the thread has it in its hands */
    queue_put_back(&q, &w, 1000);
    add(&q, JOB_STATE);
    ck_assert(join(&q, "a", "5"));
    check_row(job, 0, "a", "2");
    for (size_t i = 0; i < JOB_ROWS_MAX; i++)
        free(job->u.state.rows[i].text);
    take(&q, 1000 + QUEUE_RETRY_NS, "5w", &w);
    free_work(&w);
    take(&q, 1000 + QUEUE_RETRY_NS, "1w", &w);
    STAILQ_FOREACH(job, &w.writes, next)
    {
        if (!STAILQ_NEXT(job, next))
            free(job->u.state.rows[0].text);
    }
    free_work(&w);
    free_queue(&q);
}
END_TEST

static struct job *add_event(struct queue *q, uint64_t seq, const char *name, const char *text)
{
    struct job *job = add(q, JOB_STORE);
    job->arg = (void *)(uintptr_t)seq;
    snprintf(job->u.store.row.name, sizeof job->u.store.row.name, "%s", name);
    job->u.store.row.text = text ? strdup(text) : NULL;
    return job;
}

START_TEST(where_the_store_is_damaged_events_go_past_what_needs_all_of_it)
{
    static const enum job_kind passed[] = {JOB_ANSWER, JOB_BARRIER, JOB_JOINED};
    struct queue q;
    struct work w;
    begin(&q, JOB_STATE);
    struct job *rows = STAILQ_FIRST(&q.writes);
    ck_assert(join(&q, "a", "1"));
    ck_assert(join(&q, "b", "1"));
    struct job *first = add_event(&q, 1, "c", "1");
    struct job *answer = add(&q, JOB_ANSWER);
    answer->u.answer.row = (struct job_row){"b", strdup("2")};
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        add(&q, passed[i]);
    struct job *second = add_event(&q, 2, "b", "3");
    ck_assert(!join(&q, "b", "4"));
    struct job *later = add(&q, JOB_STATE);
    ck_assert(join(&q, "b", "4"));
    q.events_first = true;
    take(&q, 1000, "2w", &w);
    ck_assert_ptr_eq(STAILQ_FIRST(&w.writes), first);
    ck_assert_ptr_eq(STAILQ_NEXT(first, next), second);
    check_row(rows, 0, "a", "1");
    ck_assert_ptr_null(rows->u.state.rows[1].text); /* or it would be written over the newer one */
    ck_assert_ptr_null(answer->u.answer.row.text);
    check_row(later, 0, "b", "4");
    free(first->u.store.row.text);
    free(second->u.store.row.text);
    free_work(&w);
    take(&q, 1000, "6w", &w); /* what is left is tried as ever */
    free(rows->u.state.rows[0].text);
    free(later->u.state.rows[0].text);
    free_work(&w);
    free_queue(&q);
}
END_TEST

START_TEST(but_not_past_what_they_depend_on)
{
    struct queue q;
    struct work w;
    begin(&q, JOB_STATE);
    add_many(&q, JOB_STORE, QUEUE_BATCH + 1);
    struct job *clip = add(&q, JOB_STORE);
    strcpy(clip->u.store.upload.clip, "a clip");
    add(&q, JOB_STORE);
    q.events_first = true;
    take(&q, 1000, "64w", &w);
    free_work(&w);
    take(&q, 1000, "1w", &w);
    ck_assert_ptr_ne(STAILQ_FIRST(&w.writes), clip);
    free_work(&w);
    take(&q, 1000, "3w", &w);
    free_work(&w);
    add(&q, JOB_STATE);
    add(&q, JOB_TAKES);
    add(&q, JOB_STORE);
    take(&q, 1000, "2w", &w);
    free_work(&w);
    free_queue(&q);
}
END_TEST

START_TEST(a_stop_writes_all_at_once_writes_before_records_and_does_no_chore)
{
    struct queue q;
    begin(&q, JOB_STORE);
    refuse(&q, 1000, "1w");
    add_many(&q, JOB_DELIVERY, GATHER_GROUP + 1);
    add(&q, JOB_LOAD);
    queue_stop(&q, 5000);
    write_it(&q, 2000, "1w");
    write_it(&q, 2000, "32r");
    write_it(&q, 2000, "1r"); /* without a pause */
    take_nothing(&q, INT64_MAX - 1);
    free_queue(&q);
}
END_TEST

START_TEST(what_is_refused_at_a_stop_is_tried_again_soon)
{
    struct queue q;
    begin(&q, JOB_DELIVERY);
    refuse(&q, 1000, "1r");
    queue_stop(&q, 5000);
    refuse(&q, 2000, "1r");
    ck_assert_int_eq(queue_due_ns(&q), 2000 + QUEUE_STOP_RETRY_NS);
    write_it(&q, 2000 + QUEUE_STOP_RETRY_NS, "1r");
    free_queue(&q);
}
END_TEST

/* Nobody knows what they are written over. */
START_TEST(while_apart_no_write_is_taken_and_then_all_of_them_in_one_transaction)
{
    struct queue q;
    struct work w;
    begin(&q, JOB_STORE);
    q.apart = true;
    add(&q, JOB_TAKES);
    add_many(&q, JOB_STORE, QUEUE_BATCH);
    ck_assert_int_eq(queue_write_due_ns(&q), INT64_MAX);
    ck_assert(!queue_write_is_due(&q, INT64_MAX));
    ck_assert(!queue_take(&q, 1, &w));
    add(&q, JOB_DELIVERY);
    add(&q, JOB_QUERY); /* which no record holds up that cannot be written */
    ck_assert(queue_take(&q, 1, &w));
    ck_assert_ptr_nonnull(w.chore);
    ck_assert_int_eq(count(&w.writes) + count(&w.records), 0);
    free_work(&w);
    queue_stop(&q, 1000);
    ck_assert(!queue_take(&q, 1, &w));
    queue_join(&q);
    add(&q, JOB_JOINED);
    add(&q, JOB_TAKES);
    add(&q, JOB_STORE);
    for (int again = 0; again < 2; again++) { /* one that is refused stays one */
        ck_assert(queue_take(&q, INT64_MAX, &w));
        ck_assert_int_eq(count(&w.writes), QUEUE_BATCH + 3);
        ck_assert_int_eq(STAILQ_FIRST(&q.writes)->kind, JOB_TAKES);
        if (again == 0)
            queue_put_back(&q, &w, 1);
    }
    free_work(&w);
    free_queue(&q);
}
END_TEST

/* Half of it would be neither what the store had nor what it is to have. */
START_TEST(what_joins_a_late_store_is_written_whole_though_that_is_damaged)
{
    struct queue q;
    begin(&q, JOB_STORE);
    q.events_first = true;
    add(&q, JOB_STATE);
    add(&q, JOB_STORE);
    queue_join(&q);
    add(&q, JOB_JOINED);
    write_it(&q, 1000, "4w");
    free_queue(&q);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_queue");
    TCase *tc = tcase_create("queue");
    tcase_add_test(tc, writes_go_before_records_and_records_before_chores);
    tcase_add_test(
        tc, what_is_to_be_sent_is_read_behind_each_transaction_however_much_is_to_be_written);
    tcase_add_test(tc, a_press_waits_for_two_events_that_are_read_and_no_more);
    tcase_add_test(tc, a_write_is_due_when_it_could_be_begun);
    tcase_add_test(tc, records_go_with_writes_only_when_no_write_that_was_there_is_left_behind);
    tcase_add_test(tc, a_press_that_was_refused_with_records_is_written_alone_at_once);
    tcase_add_test(tc, records_that_are_refused_keep_no_chore_from_its_turn_whoever_wants_them);
    tcase_add_test(tc, writes_that_are_refused_keep_their_order_and_hold_up_records_but_no_chore);
    tcase_add_test(tc, a_press_is_a_reason_to_try_at_once_what_was_refused_before_it);
    tcase_add_test(tc, a_chore_that_failed_keeps_no_other_from_its_turn);
    tcase_add_loop_test(tc, a_clip_is_looked_for_when_what_is_to_be_written_is_written, 0, 2);
    tcase_add_test(tc, what_a_receiver_takes_is_the_last_of_its_transaction);
    tcase_add_test(
        tc, what_a_receiver_takes_is_written_at_once_and_nothing_struck_out_before_it_is_recorded);
    tcase_add_test(tc, a_row_takes_the_place_of_its_older_text_unless_something_came_in_between);
    tcase_add_test(tc, where_the_store_is_damaged_events_go_past_what_needs_all_of_it);
    tcase_add_test(tc, but_not_past_what_they_depend_on);
    tcase_add_test(tc, a_stop_writes_all_at_once_writes_before_records_and_does_no_chore);
    tcase_add_test(tc, what_is_refused_at_a_stop_is_tried_again_soon);
    tcase_add_test(tc, while_apart_no_write_is_taken_and_then_all_of_them_in_one_transaction);
    tcase_add_test(tc, what_joins_a_late_store_is_written_whole_though_that_is_damaged);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
