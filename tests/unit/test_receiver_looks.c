/* SPDX-License-Identifier: Apache-2.0 */
/* What a look at the receiver's alarms makes anew and what it costs: all that changed, no more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receiver_cards_world.h"
#include "run_suite.h"

static int made; /* questions for one card's events */

static int count_made(unsigned kind, void *arg, void *statement, void *text)
{
    (void)kind;
    (void)arg;
    (void)text;
    made += strncmp(sqlite3_sql(statement), "SELECT id,seq,type", 18) == 0;
    return 0;
}

static int cards_made(void)
{
    made = 0;
    sqlite3_trace_v2(s->view, SQLITE_TRACE_STMT, count_made, NULL);
    look();
    sqlite3_trace_v2(s->view, 0, NULL, NULL);
    return made;
}

/* A press is seen as soon as it is here, whatever else is open. */
START_TEST(a_look_makes_only_the_cards_that_have_changed)
{
    for (int alarm = 0; alarm < 30; alarm++)
        say(SCHOOL, alarm, "raised");
    ck_assert_int_eq(cards_made(), 30);
    say(SCHOOL, 200, "raised");
    ck_assert_int_eq(cards_made(), 1);
    say(SCHOOL, 7, "updated");
    answer(8, "closed");
    say(OTHER, 7, "raised"); /* of that name, and another's */
    ck_assert_int_eq(cards_made(), 3);
    ck_assert_int_eq(cards_made(), 0);
    for (int alarm = 300; alarm < 300 + KEPT_CHANGES_MAX; alarm++)
        say(OTHER, alarm, "raised");
    ck_assert_int_eq(cards_made(), 200); /* they, as far as they are shown */
    for (int alarm = 600; alarm < 601 + KEPT_CHANGES_MAX; alarm++)
        say(OTHER, alarm, "raised"); /* more than are remembered: all */
    ck_assert_int_eq(cards_made(), (int)count());
}
END_TEST

/* The state as it is kept is what it would be if it was made anew. */
static void assert_nothing_is_stale(void)
{
    char *kept = store_state(s, "police");
    kept_finish(&s->cards);
    s->alarms_version = -1;
    char *anew = store_state(s, "police");
    ck_assert_str_eq(kept, anew);
    free(kept);
    free(anew);
}

static void confirm(int64_t answer_seq)
{
    bool changed;
    pthread_mutex_lock(&s->lock);
    ck_assert(store_begin(s));
    ck_assert(store_confirm_answers(s, SCHOOL, answer_seq, &changed));
    ck_assert(changed);
    ck_assert(store_end(s, true));
    store_note_change(s);
    pthread_mutex_unlock(&s->lock);
}

START_TEST(whatever_changes_a_card_is_seen)
{
    struct store_entry entry;
    char manifest[20];
    put_as(1, SCHOOL, 1, EVENT_KIND_ALARM, "tocsin.alarm.raised");
    put_as(3, SCHOOL, 3, EVENT_KIND_ALARM, "tocsin.alarm.raised"); /* a gap before it */
    assert_nothing_is_stale();
    put_as(2, SCHOOL, 2, EVENT_KIND_ALARM, "tocsin.alarm.raised"); /* and none any more */
    assert_nothing_is_stale();
    answer(1, "seen");
    assert_nothing_is_stale();
    answer(1, "closed");
    assert_nothing_is_stale();
    confirm(1);
    assert_nothing_is_stale();
    confirm(500); /* of a store that is new */
    assert_nothing_is_stale();
    put_as(4, SCHOOL, 1, EVENT_KIND_ALARM, "tocsin.alarm.updated");
    assert_nothing_is_stale();
    put_as(5, SCHOOL, 1, EVENT_KIND_MANIFEST, "tocsin.clip.manifest");
    snprintf(manifest, sizeof manifest, "event-%d", events);
    assert_nothing_is_stale();
    ck_assert(store_complete_clip(s, manifest, &entry));
    assert_nothing_is_stale();
    ck_assert_int_gt(store_answer(s, name_of(2), NULL, "rejected", "op", "", INT64_MAX), 0);
    assert_nothing_is_stale();
}
END_TEST

START_TEST(a_card_that_could_not_be_read_is_read_again)
{
    say(SCHOOL, 1, "raised");
    answer(1, "seen");
    ck_assert(sql_run(s->db, "ALTER TABLE answer RENAME TO elsewhere"));
    ck_assert_int_eq(place_of(1), 0); /* shown all the same */
    ck_assert(sql_run(s->db, "ALTER TABLE elsewhere RENAME TO answer"));
    const json_t *answers = json_object_get(json_array_get(look(), 0), "answers");
    ck_assert_uint_eq(json_array_size(answers), 1);
}
END_TEST

/* What the view's statements cost, in steps of SQLite's machine; counts are apart. */
struct cost {
    int64_t steps;
    int64_t counting;
};

static int add_cost(unsigned kind, void *arg, void *statement, void *ns)
{
    struct cost *cost = arg;
    (void)kind;
    (void)ns;
    bool counts = strstr(sqlite3_sql(statement), "count(*)") != NULL;
    *(counts ? &cost->counting : &cost->steps) +=
        sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
}

static struct cost cost_of_a_look(void)
{
    struct cost cost = {0};
    sqlite3_trace_v2(s->view, SQLITE_TRACE_PROFILE, add_cost, &cost);
    look();
    sqlite3_trace_v2(s->view, 0, NULL, NULL);
    return cost;
}

/* `done`: SQL of what they are. */
static void add_old(int from, int to, const char *done)
{
    char sql[1000];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i+1 FROM n WHERE i<%d)"
             " INSERT INTO event(id,source,seq,type,alarm,time,clock,digest,prev,headers,"
             " received_at,bytes,chain) SELECT 'old-'||i,'" SCHOOL "',100000+i,"
             " 'tocsin.alarm.raised',printf('01890a5d-ac96-774b-bcce-%%012d',i),'','','','','','',"
             " '{}','' FROM n;"
             "INSERT INTO incident(alarm,source,kind,shown_seq,done) SELECT alarm,source,2,"
             " receiver_seq,%s FROM event WHERE seq BETWEEN 100000+%d AND 100000+%d",
             from, to, done, from, to);
    ck_assert(sql_run(s->db, sql));
    say(SCHOOL, 999999, "updated");
}

START_TEST(a_look_costs_the_same_however_many_are_old)
{
    static const char *const done[] = {"'closed'", "NULL"};
    say(SCHOOL, 999999, "raised");
    add_old(1, 1000, done[_i]);
    struct cost few = cost_of_a_look();
    add_old(1001, 20000, done[_i]);
    struct cost many = cost_of_a_look();
    ck_assert_int_gt(few.steps, 1000); /* it was a fair question */
    ck_assert_int_lt(many.steps, few.steps + few.steps / 10);
    ck_assert_int_lt(many.counting, 20 * 20000); /* an index alone is walked, and once */
    ck_assert_int_eq(place_of(999999), 0);
    ck_assert_int_eq(_i ? open_not_shown(SCHOOL) + 199 : not_shown("done") + 100, 20000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receiver_looks");
    TCase *tc = tcase_create("looks");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_look_makes_only_the_cards_that_have_changed);
    tcase_add_test(tc, whatever_changes_a_card_is_seen);
    tcase_add_test(tc, a_card_that_could_not_be_read_is_read_again);
    tcase_add_loop_test(tc, a_look_costs_the_same_however_many_are_old, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
