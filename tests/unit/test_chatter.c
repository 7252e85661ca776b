/* SPDX-License-Identifier: Apache-2.0 */
/* A line that presses itself: what each press costs. */
#include "alarm/chatter.h"
#include "base/text.h"
#include "part_world.h"
#include "run_suite.h"

static size_t written; /* texts that were made */

char *__real_text_take(struct text *t);
char *__wrap_text_take(struct text *t);
char *__wrap_text_take(struct text *t)
{
    written++;
    return __real_text_take(t);
}

static void set_up(void)
{
    world_begin();
    world_open();
}

static void tear_down(void)
{
    world_close();
    world_end();
}

/* What one more press of the gate's line costs, or its release: events, and the row as text. */
static void assert_costs(void (*move)(enum world_input), size_t events, unsigned rows)
{
    size_t made = fake.count;
    unsigned saved = fake_saved("incidents");
    move(WORLD_GATE);
    ck_assert_uint_eq(fake.count, made + events);
    ck_assert_uint_eq(fake_saved("incidents"), saved + rows);
}

/* Ten thousand presses must not be twenty thousand events, nor is the row written twice for one. */
START_TEST(a_press_of_a_chattering_line_costs_its_row_and_no_event)
{
    for (int i = 0; i < CHATTER_PRESSES; i++) {
        assert_costs(world_press, 1, 1);
        assert_costs(world_release, 1, 1);
    }
    assert_costs(world_press, 1, 1); /* the fault */
    assert_costs(world_release, 0, 1);
    for (int i = 0; i < 5; i++) {
        assert_costs(world_press, 0, 1);
        assert_costs(world_release, 0, 1);
    }
}
END_TEST

START_TEST(what_chattering_lines_do_in_one_turn_is_one_row)
{
    for (int i = 0; i < CHATTER_PRESSES + 1; i++) {
        for (enum world_input button = WORLD_GATE; button <= WORLD_DURESS; button++) {
            world_press(button);
            world_release(button);
        }
    }
    unsigned saved = fake_saved("incidents");
    size_t made = fake.count;
    for (enum world_input button = WORLD_GATE; button <= WORLD_DURESS; button++)
        incidents_level(world.incidents, button, true, INPUT_CAUSE_EDGE, virtual_ns());
    facts_tell(world.facts);
    ck_assert_uint_eq(fake.count, made);
    ck_assert_uint_eq(fake_saved("incidents"), saved + 1);
}
END_TEST

/* What a press costs does not grow with the alarms that are open beside it. */
START_TEST(a_press_makes_text_of_its_own_incident_alone)
{
    world_press(WORLD_GATE);
    world_press(WORLD_OFFICE);
    world_press(WORLD_DURESS);
    for (int i = 0; i < 3; i++) {
        written = 0;
        world_release(WORLD_GATE);
        world_press(WORLD_GATE);
        ck_assert_uint_eq(written, 4); /* each time the row, and the gate's incident */
        written = 0;
        world_answer(1, UPLINK_ANSWER_SEEN, world_incident(WORLD_GATE)->alarm);
        ck_assert_uint_le(written, 2);
    }
    ck_assert_uint_eq(world_incident(WORLD_GATE)->presses, 4);
}
END_TEST

START_TEST(the_row_always_holds_every_open_incident_as_it_is)
{
    static const enum world_input buttons[] = {WORLD_GATE, WORLD_OFFICE, WORLD_DURESS};
    for (int round = 1; round <= 3; round++) {
        for (size_t i = 0; i < 3; i++) {
            world_press(buttons[i]);
            world_release(buttons[i]);
            json_t *row = json_loads(fake_row("incidents"), 0, NULL);
            const json_t *list = json_object_get(row, "incidents");
            ck_assert_uint_eq(json_array_size(list), round == 1 ? i + 1 : 3);
            for (size_t j = 0; j < json_array_size(list); j++)
                ck_assert_int_eq(
                    json_integer_value(json_object_get(json_array_get(list, j), "presses")),
                    j <= i ? round : round - 1);
            json_decref(row);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chatter");
    TCase *tc = tcase_create("chatter");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_press_of_a_chattering_line_costs_its_row_and_no_event);
    tcase_add_test(tc, what_chattering_lines_do_in_one_turn_is_one_row);
    tcase_add_test(tc, a_press_makes_text_of_its_own_incident_alone);
    tcase_add_test(tc, the_row_always_holds_every_open_incident_as_it_is);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
