/* SPDX-License-Identifier: Apache-2.0 */
/* Which alarms the receiver's page lists: all that nobody is done with, whatever comes after. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_suite.h"
#include "store_private.h"

#define SCHOOL "tocsin:31010600001320000001"
#define OTHER  "tocsin:31010600001320000002"

static struct store *s;
static char folder[40];
static int events;
static json_t *state;

static void open_store(void)
{
    ck_assert(store_open(folder, &s));
    sql_run(s->db, "PRAGMA synchronous=OFF"); /* what is on the disk is another test's */
}

static void setup(void)
{
    events = 0;
    snprintf(folder, sizeof folder, "/tmp/tocsin-cards-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    open_store();
}

static void teardown(void)
{
    char command[100];
    json_decref(state);
    state = NULL;
    store_close(s);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *name_of(int alarm)
{
    static char name[37];
    snprintf(name, sizeof name, "01890a5d-ac96-774b-bcce-%012d", alarm);
    return name;
}

static void put(const char *source, int alarm, enum event_nature nature, const char *type)
{
    char text[40], bytes[100];
    struct event event = {.nature = nature, .seq = ++events, .length = 1};
    struct store_entry entry;
    snprintf(event.source, sizeof event.source, "%s", source);
    snprintf(event.alarm, sizeof event.alarm, "%s", name_of(alarm));
    snprintf(event.type, sizeof event.type, "%s", type);
    snprintf(text, sizeof text, "event-%d", events);
    snprintf(event.id, sizeof event.id, "%s", text);
    int length = snprintf(bytes, sizeof bytes, "{\"type\":\"%s\"}", type);
    const struct store_evidence evidence = {
        .digest = text, .headers = "", .nonce = text, .nonce_until_s = INT64_MAX};
    ck_assert_int_eq(store_put(s, &event, bytes, (size_t)length, &evidence, &entry), STORE_NEW);
}

static void say(const char *source, int alarm, const char *verb)
{
    char type[48];
    snprintf(type, sizeof type, "tocsin.alarm.%s", verb);
    put(source, alarm, EVENT_NATURE_ALARM, type);
}

static void answer(int alarm, const char *word)
{
    ck_assert_int_gt(store_answer(s, name_of(alarm), SCHOOL, word, "op", ""), 0);
}

static const json_t *look(void)
{
    char *text = store_state(s, "police");
    json_decref(state);
    state = json_loads(text, 0, NULL);
    free(text);
    ck_assert_ptr_nonnull(state);
    return json_object_get(state, "alarms");
}

static size_t count(void)
{
    return json_array_size(look());
}

/* Its place in the list from the top; -1 if it is not there. */
static int place_of(int alarm)
{
    size_t i;
    const json_t *one, *alarms = look();
    json_array_foreach(alarms, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "alarm")), name_of(alarm)) == 0)
            return (int)i;
    }
    return -1;
}

/* "", "closed" or "rejected". */
static const char *done_with(int alarm)
{
    size_t place = (size_t)place_of(alarm); /* it looks anew, too: what was seen before is gone */
    const char *done = json_string_value(json_object_get(json_array_get(look(), place), "done"));
    return done ? done : "";
}

static int64_t not_shown(const char *what)
{
    look();
    return json_integer_value(json_object_get(json_object_get(state, "not_shown"), what));
}

static int64_t open_not_shown(const char *source)
{
    look();
    return json_integer_value(
        json_object_get(json_object_get(json_object_get(state, "not_shown"), "open"), source));
}

START_TEST(an_alarm_that_nobody_is_done_with_is_shown_whatever_comes_after_it)
{
    say(SCHOOL, 0, "raised");
    for (int alarm = 1; alarm <= 130; alarm++) {
        say(SCHOOL, alarm, "raised");
        if (alarm % 2)
            answer(alarm, "closed");
    }
    ck_assert_int_eq(place_of(0), 65); /* the last of the open ones, before all that are done */
    ck_assert_str_eq(done_with(0), "");
    ck_assert_int_eq(place_of(129), 66);
    ck_assert_uint_eq(count(), 131);
    ck_assert_int_eq(open_not_shown(SCHOOL), 0);
}
END_TEST

START_TEST(a_gateway_that_raises_without_end_hides_its_own_alone_and_that_is_said)
{
    say(OTHER, 0, "raised");
    for (int alarm = 1; alarm <= 200; alarm++)
        say(SCHOOL, alarm, "raised");
    look();
    ck_assert_uint_eq(
        json_object_size(json_object_get(json_object_get(state, "not_shown"), "open")), 0);
    for (int alarm = 201; alarm <= 1000; alarm++)
        say(SCHOOL, alarm, "raised");
    ck_assert_int_eq(place_of(0), 200);
    ck_assert_int_eq(place_of(1000), 0);
    ck_assert_int_eq(place_of(801), 199);
    ck_assert_int_eq(place_of(800), -1);
    ck_assert_int_eq(open_not_shown(SCHOOL), 800);
    ck_assert_int_eq(open_not_shown(OTHER), 0);
    say(SCHOOL, 1, "updated");
    ck_assert_int_eq(place_of(1), 0);
    ck_assert_int_eq(place_of(801), -1);
    answer(1000, "closed");
    ck_assert_int_eq(place_of(801), 199);
    ck_assert_int_eq(open_not_shown(SCHOOL), 799);
}
END_TEST

START_TEST(of_what_is_done_and_of_exercises_the_newest_are_shown_and_the_rest_counted)
{
    for (int alarm = 0; alarm < 103; alarm++) {
        say(SCHOOL, alarm, "raised");
        answer(alarm, alarm % 2 ? "closed" : "rejected");
    }
    for (int alarm = 200; alarm < 234; alarm++)
        put(SCHOOL, alarm, EVENT_NATURE_EXERCISE, "tocsin.drill.raised");
    ck_assert_uint_eq(count(), 130);
    ck_assert_int_eq(place_of(233), 0);
    ck_assert_int_eq(place_of(203), -1);
    ck_assert_int_eq(place_of(102), 30);
    ck_assert_int_eq(place_of(2), -1);
    ck_assert_int_eq(not_shown("done"), 3);
    ck_assert_int_eq(not_shown("exercises"), 4);
}
END_TEST

START_TEST(a_further_press_moves_a_card_up_and_nothing_else_does)
{
    static const char *const others[] = {"restored", "cancelled", "escalated", "closed"};
    say(SCHOOL, 1, "raised");
    say(SCHOOL, 2, "raised");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        say(SCHOOL, 1, others[i]);
    put(SCHOOL, 1, EVENT_NATURE_MANIFEST, "tocsin.clip.manifest");
    put(SCHOOL, 1, EVENT_NATURE_EXERCISE, "tocsin.drill.updated");
    answer(1, "seen");
    ck_assert_int_eq(place_of(1), 1);
    ck_assert(json_is_false(json_object_get(json_array_get(look(), 1), "exercise")));
    say(SCHOOL, 1, "updated");
    ck_assert_int_eq(place_of(1), 0);
    ck_assert_int_eq(place_of(2), 1);
}
END_TEST

START_TEST(what_turns_out_to_be_an_alarm_is_on_top_and_open)
{
    static const struct {
        enum event_nature nature;
        const char *type;
    } before[] = {{EVENT_NATURE_MANIFEST, "tocsin.clip.manifest"},
                  {EVENT_NATURE_EXERCISE, "tocsin.drill.raised"}};
    put(SCHOOL, 1, before[_i].nature, before[_i].type);
    answer(1, "closed");
    say(SCHOOL, 2, "raised");
    ck_assert_int_eq(place_of(2), 0);
    say(SCHOOL, 1, "restored"); /* its raised one is on its way */
    ck_assert_int_eq(place_of(1), 0);
    ck_assert_str_eq(done_with(1), "");
    ck_assert_uint_eq(count(), 2);
}
END_TEST

START_TEST(a_clip_whose_alarm_has_not_come_is_open)
{
    put(SCHOOL, 1, EVENT_NATURE_MANIFEST, "tocsin.clip.manifest");
    for (int alarm = 2; alarm < 40; alarm++)
        put(SCHOOL, alarm, EVENT_NATURE_EXERCISE, "tocsin.test.raised");
    ck_assert_int_eq(place_of(1), 0);
}
END_TEST

START_TEST(no_answer_is_one_to_a_press_that_came_after_it)
{
    static const char *const words[] = {"closed", "rejected"};
    say(SCHOOL, 1, "raised");
    say(SCHOOL, 2, "raised");
    answer(2, words[_i]);
    ck_assert_str_eq(done_with(2), words[_i]);
    ck_assert_int_eq(place_of(2), 1);
    say(SCHOOL, 2, "restored");
    ck_assert_str_eq(done_with(2), words[_i]);
    say(SCHOOL, 2, "updated");
    ck_assert_str_eq(done_with(2), "");
    ck_assert_int_eq(place_of(2), 0);
}
END_TEST

START_TEST(closed_stays_closed_and_rejected_is_open_when_somebody_comes)
{
    say(SCHOOL, 1, "raised");
    answer(1, "seen");
    ck_assert_str_eq(done_with(1), "");
    answer(1, "rejected");
    ck_assert_str_eq(done_with(1), "rejected");
    answer(1, "coming");
    ck_assert_str_eq(done_with(1), "");
    answer(1, "closed");
    answer(1, "seen");
    answer(1, "rejected");
    ck_assert_str_eq(done_with(1), "closed");
}
END_TEST

START_TEST(an_answer_is_for_the_alarm_of_one_gateway)
{
    say(OTHER, 1, "raised");
    say(SCHOOL, 1, "raised");
    answer(1, "closed");
    const json_t *alarms = look(), *first = json_array_get(alarms, 0);
    ck_assert_str_eq(json_string_value(json_object_get(first, "source")), OTHER);
    ck_assert(json_is_null(json_object_get(first, "done")));
    ck_assert_str_eq(done_with(1), ""); /* of the one above */
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_array_get(json_object_get(state, "alarms"), 1), "done")),
                     "closed");
}
END_TEST

START_TEST(an_answer_and_what_it_makes_of_its_alarm_are_written_together_or_not_at_all)
{
    say(SCHOOL, 1, "raised");
    ck_assert(sql_run(s->db, "CREATE TRIGGER full BEFORE UPDATE ON incident BEGIN"
                             " SELECT RAISE(ABORT,'full'); END"));
    ck_assert_int_eq(store_answer(s, name_of(1), SCHOOL, "closed", "op", ""), -1);
    ck_assert(sql_run(s->db, "DROP TRIGGER full"));
    json_t *answers = store_answers(s, SCHOOL);
    ck_assert_uint_eq(json_array_size(answers), 0);
    json_decref(answers);
    answer(1, "closed");
}
END_TEST

START_TEST(what_cannot_be_read_is_not_told_as_nothing)
{
    say(SCHOOL, 1, "raised");
    ck_assert(sql_run(s->db, "ALTER TABLE incident RENAME TO elsewhere"));
    ck_assert_ptr_null(store_state(s, "police"));
    ck_assert(sql_run(s->db, "ALTER TABLE elsewhere RENAME TO incident"));
    ck_assert_int_eq(place_of(1), 0);
}
END_TEST

START_TEST(a_store_of_version_2_knows_what_its_people_are_done_with)
{
    static const struct {
        const char *words[2], *done;
    } answered[] = {{{NULL}, ""},
                    {{"closed"}, "closed"},
                    {{"closed", "seen"}, "closed"},
                    {{"rejected"}, "rejected"},
                    {{"rejected", "coming"}, ""},
                    {{"seen"}, ""}};
    const int kinds = sizeof answered / sizeof *answered;
    for (int i = 0; i < kinds; i++) {
        say(SCHOOL, i, "raised");
        say(OTHER, i, "raised");
        for (int word = 0; word < 2 && answered[i].words[word]; word++)
            answer(i, answered[i].words[word]);
    }
    ck_assert(sql_run(s->db, "DROP INDEX incident_open; DROP INDEX incident_done;"
                             "DROP INDEX incident_exercise; DROP INDEX event_incident;"
                             "ALTER TABLE incident DROP COLUMN done;"
                             "CREATE INDEX incident_order ON incident(kind, shown_seq);"
                             "CREATE INDEX event_alarm ON event(alarm);"
                             "PRAGMA user_version=2"));
    store_close(s);
    open_store();
    size_t at, others = 0;
    const json_t *one, *alarms = look();
    ck_assert_uint_eq(json_array_size(alarms), 2 * (size_t)kinds);
    json_array_foreach(alarms, at, one)
    {
        const char *done = json_string_value(json_object_get(one, "done"));
        const char *alarm = json_string_value(json_object_get(one, "alarm"));
        bool ours = strcmp(json_string_value(json_object_get(one, "source")), SCHOOL) == 0;
        others += !ours;
        ck_assert_str_eq(done ? done : "", ours ? answered[atoi(alarm + 24)].done : "");
    }
    ck_assert_uint_eq(others, (size_t)kinds);
    store_close(s);
    open_store(); /* and no second time */
    ck_assert_uint_eq(count(), 2 * (size_t)kinds);
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
    Suite *suite = suite_create("receiver_cards");
    TCase *tc = tcase_create("cards");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_alarm_that_nobody_is_done_with_is_shown_whatever_comes_after_it);
    tcase_add_test(tc, a_gateway_that_raises_without_end_hides_its_own_alone_and_that_is_said);
    tcase_add_test(tc, of_what_is_done_and_of_exercises_the_newest_are_shown_and_the_rest_counted);
    tcase_add_test(tc, a_further_press_moves_a_card_up_and_nothing_else_does);
    tcase_add_loop_test(tc, what_turns_out_to_be_an_alarm_is_on_top_and_open, 0, 2);
    tcase_add_test(tc, a_clip_whose_alarm_has_not_come_is_open);
    tcase_add_loop_test(tc, no_answer_is_one_to_a_press_that_came_after_it, 0, 2);
    tcase_add_test(tc, closed_stays_closed_and_rejected_is_open_when_somebody_comes);
    tcase_add_test(tc, an_answer_is_for_the_alarm_of_one_gateway);
    tcase_add_test(tc, an_answer_and_what_it_makes_of_its_alarm_are_written_together_or_not_at_all);
    tcase_add_test(tc, what_cannot_be_read_is_not_told_as_nothing);
    tcase_add_test(tc, a_store_of_version_2_knows_what_its_people_are_done_with);
    tcase_add_loop_test(tc, a_look_costs_the_same_however_many_are_old, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
