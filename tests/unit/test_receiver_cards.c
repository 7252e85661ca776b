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

/* `seq`: its number in its gateway's chain. */
static void put_as(int64_t seq, const char *source, int alarm, enum event_nature nature,
                   const char *type)
{
    char text[40], bytes[100];
    struct event event = {.nature = nature, .seq = seq, .length = 1};
    events++;
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

static void put(const char *source, int alarm, enum event_nature nature, const char *type)
{
    put_as(events + 1, source, alarm, nature, type);
}

static void clip(const char *source, int alarm)
{
    put(source, alarm, EVENT_NATURE_MANIFEST, "tocsin.clip.manifest");
}

static void say(const char *source, int alarm, const char *verb)
{
    char type[48];
    snprintf(type, sizeof type, "tocsin.alarm.%s", verb);
    put(source, alarm, EVENT_NATURE_ALARM, type);
}

static void answer(int alarm, const char *word)
{
    ck_assert_int_gt(store_answer(s, name_of(alarm), SCHOOL, word, "op", "", INT64_MAX), 0);
}

/* By somebody who had what is there now before them, up to the event of that number. */
static int64_t answer_to(int64_t seen, int alarm, const char *word)
{
    return store_answer(s, name_of(alarm), SCHOOL, word, "op", "", seen);
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

static int64_t unknown_not_shown(const char *source)
{
    return json_integer_value(
        json_object_get(json_object_get(json_object_get(state, "not_shown"), "unknown"), source));
}

/* Whoever makes a gateway say so, of alarms that nobody pressed. */
START_TEST(clips_without_an_alarm_push_no_alarm_out_and_stand_behind_it)
{
    say(SCHOOL, 0, "raised");
    for (int alarm = 1; alarm <= 60; alarm++)
        clip(SCHOOL, alarm);
    ck_assert_int_eq(place_of(0), 0);
    ck_assert_uint_eq(count(), 1 + 10);
    ck_assert_int_eq(place_of(60), 1);
    ck_assert_int_eq(place_of(51), 10);
    ck_assert_int_eq(unknown_not_shown(SCHOOL), 50);
    ck_assert_int_eq(open_not_shown(SCHOOL), 0);
    clip(OTHER, 1000); /* nobody's is hidden by another's */
    for (int alarm = 61; alarm <= 80; alarm++)
        clip(SCHOOL, alarm);
    ck_assert_int_eq(place_of(1000), 11);
    ck_assert_int_eq(unknown_not_shown(OTHER), 0);
    for (int alarm = 2000; alarm < 2040; alarm++)
        say(SCHOOL, alarm, "raised");
    for (int alarm = 0; alarm <= 80; alarm += 80)
        answer(alarm, "closed"); /* what is done is done, whatever it was */
    ck_assert_int_eq(place_of(2000), 39);
    ck_assert_int_eq(place_of(79), 40);
    ck_assert_int_eq(place_of(80), 40 + 11);
    say(SCHOOL, 3, "raised"); /* its alarm has come */
    ck_assert_int_eq(place_of(3), 0);
}
END_TEST

/* What the page has to draw is bounded, and nobody's newest alarm is left out. */
START_TEST(of_many_gateways_the_newest_alarms_are_shown_and_some_of_each)
{
    static const struct {
        int gateways, share;
    } worlds[] = {{2, 20}, {50, 20}, {100, 10}, {1000, 1}, {3000, 1}};
    for (int alarm = 0; alarm < 30; alarm++)
        say(OTHER, alarm, "raised");
    for (int alarm = 30; alarm < 230; alarm++)
        say(SCHOOL, alarm, "raised");
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        char sql[300];
        snprintf(sql, sizeof sql,
                 "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i+1 FROM n WHERE i<%d)"
                 " INSERT OR IGNORE INTO gateway(source) SELECT 'tocsin:'||i FROM n WHERE i<=%d",
                 worlds[i].gateways, worlds[i].gateways);
        ck_assert(sql_run(s->db, sql));
        s->alarms_version = -1;
        ck_assert_uint_eq(count(), (size_t)(200 + worlds[i].share));
        ck_assert_int_eq(place_of(229), 0);
        ck_assert_int_eq(place_of(30), 199);
        ck_assert_int_eq(place_of(29), 200);
        ck_assert_int_eq(open_not_shown(OTHER), 30 - worlds[i].share);
        ck_assert_int_eq(open_not_shown(SCHOOL), 0);
    }
}
END_TEST

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
    put_as(1, SCHOOL, 1, EVENT_NATURE_ALARM, "tocsin.alarm.raised");
    put_as(3, SCHOOL, 3, EVENT_NATURE_ALARM, "tocsin.alarm.raised"); /* a gap before it */
    assert_nothing_is_stale();
    put_as(2, SCHOOL, 2, EVENT_NATURE_ALARM, "tocsin.alarm.raised"); /* and none any more */
    assert_nothing_is_stale();
    answer(1, "seen");
    assert_nothing_is_stale();
    answer(1, "closed");
    assert_nothing_is_stale();
    confirm(1);
    assert_nothing_is_stale();
    confirm(500); /* of a store that is new */
    assert_nothing_is_stale();
    put_as(4, SCHOOL, 1, EVENT_NATURE_ALARM, "tocsin.alarm.updated");
    assert_nothing_is_stale();
    put_as(5, SCHOOL, 1, EVENT_NATURE_MANIFEST, "tocsin.clip.manifest");
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

/* Whoever is asked for pictures of one alarm may send any number. */
START_TEST(of_an_alarms_clips_the_newest_are_shown_and_the_rest_counted)
{
    say(SCHOOL, 1, "raised");
    for (int i = 0; i < 203; i++)
        clip(SCHOOL, 1);
    const json_t *card = json_array_get(look(), 0), *clips = json_object_get(card, "clips");
    const json_t *first = json_object_get(json_array_get(clips, 0), "manifest");
    ck_assert_uint_eq(json_array_size(clips), 200);
    ck_assert_str_eq(json_string_value(first), "event-5");
    ck_assert_int_eq(json_integer_value(json_object_get(card, "clips_not_shown")), 3);
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

/* The page was drawn, then it was pressed again, then somebody closed what the page showed. */
START_TEST(an_answer_to_what_was_seen_does_not_end_what_came_after)
{
    say(SCHOOL, 1, "raised");
    say(SCHOOL, 2, "raised");
    say(SCHOOL, 1, "restored");
    say(SCHOOL, 1, "updated"); /* the fourth that came */
    ck_assert_int_eq(answer_to(3, 1, _i ? "closed" : "rejected"), STORE_OUTDATED);
    ck_assert_str_eq(done_with(1), "");
    ck_assert_uint_eq(json_array_size(json_object_get(json_array_get(look(), 0), "answers")), 0);
    ck_assert_int_gt(answer_to(3, 1, "coming"), 0); /* that ends nothing */
    ck_assert_int_gt(answer_to(4, 1, "closed"), 0);
    ck_assert_str_eq(done_with(1), "closed");
    say(SCHOOL, 1, "restored");
    ck_assert_int_gt(answer_to(4, 1, "closed"), 0); /* that is no press */
    json_t *answers = store_answers(s, SCHOOL);
    static const int64_t seen[] = {1, 4, 4};
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(
            json_integer_value(json_object_get(json_array_get(answers, i), "seen_seq")), seen[i]);
    json_decref(answers);
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
    ck_assert_int_eq(store_answer(s, name_of(1), SCHOOL, "closed", "op", "", INT64_MAX), -1);
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
        bool pressed_again;
    } answered[] = {{{"closed"}, "", true},
                    {{"rejected"}, "", true},
                    {{NULL}, "", false},
                    {{"closed"}, "closed", false},
                    {{"closed", "seen"}, "closed", false},
                    {{"rejected"}, "rejected", false},
                    {{"rejected", "coming"}, "", false},
                    {{"seen"}, "", false}};
    const int kinds = sizeof answered / sizeof *answered;
    for (int i = 0; i < kinds; i++) {
        say(SCHOOL, i, "raised");
        say(OTHER, i, "raised");
        for (int word = 0; word < 2 && answered[i].words[word]; word++)
            answer(i, answered[i].words[word]);
    }
    ck_assert(sql_run(s->db, "UPDATE event SET received_at='2026-01-01T00:00:00.000Z';"
                             "UPDATE answer SET at='2026-01-01T00:00:00.001Z'"));
    for (int i = 0; i < kinds; i++) {
        if (answered[i].pressed_again)
            say(SCHOOL, i, "updated");
        else
            say(SCHOOL, i, "restored");
    }
    ck_assert(sql_run(s->db, "DROP INDEX incident_real; DROP INDEX incident_newest;"
                             "DROP INDEX incident_unknown; DROP INDEX incident_done;"
                             "DROP INDEX incident_exercise; DROP INDEX event_incident;"
                             "ALTER TABLE incident DROP COLUMN done;"
                             "ALTER TABLE answer DROP COLUMN seen_seq;"
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
    tcase_add_test(tc, clips_without_an_alarm_push_no_alarm_out_and_stand_behind_it);
    tcase_add_test(tc, of_many_gateways_the_newest_alarms_are_shown_and_some_of_each);
    tcase_add_test(tc, a_look_makes_only_the_cards_that_have_changed);
    tcase_add_test(tc, whatever_changes_a_card_is_seen);
    tcase_add_test(tc, a_card_that_could_not_be_read_is_read_again);
    tcase_add_test(tc, of_an_alarms_clips_the_newest_are_shown_and_the_rest_counted);
    tcase_add_loop_test(tc, no_answer_is_one_to_a_press_that_came_after_it, 0, 2);
    tcase_add_loop_test(tc, an_answer_to_what_was_seen_does_not_end_what_came_after, 0, 2);
    tcase_add_test(tc, closed_stays_closed_and_rejected_is_open_when_somebody_comes);
    tcase_add_test(tc, an_answer_is_for_the_alarm_of_one_gateway);
    tcase_add_test(tc, an_answer_and_what_it_makes_of_its_alarm_are_written_together_or_not_at_all);
    tcase_add_test(tc, what_cannot_be_read_is_not_told_as_nothing);
    tcase_add_test(tc, a_store_of_version_2_knows_what_its_people_are_done_with);
    tcase_add_loop_test(tc, a_look_costs_the_same_however_many_are_old, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
