/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs: from the levels of contacts to presses, key switches, cards, and what is wrong. */
#include <errno.h>
#include <string.h>

#include "inputs/inputs.h"
#include "part_world.h"
#include "run_suite.h"

/* Lines that the test moves. Options that are not NULL name a second contact. */
struct input {
    struct input_host host;
};
static struct input lines[WORLD_INPUTS + 2][2];
static size_t opened;
static int second_contact;
static struct inputs *inputs;

static bool has_second(const void *options)
{
    return options != NULL;
}

/* The test opens inputs in their order, so that a line is known by its host's owner. */
static int open_line(const void *options, enum input_contact contact, const struct input_host *host,
                     uv_loop_t *loop, struct input **ret_input, struct err *e)
{
    (void)options;
    (void)loop;
    if (opened == LIMIT_INPUTS)
        return err_set(e, EINVAL, "no such line");
    size_t at = contact == INPUT_CONTACT_FIRST ? opened++ : opened - 1;
    lines[at][contact] = (struct input){.host = *host};
    *ret_input = &lines[at][contact];
    return 0;
}

static void close_line(struct input *input)
{
    if (input)
        input->host = (struct input_host){0};
}

static void simulate(struct input *input, bool active)
{
    input->host.on_level(input->host.arg, active, virtual_ns(), INPUT_CAUSE_EDGE);
}

static void simulate_card(struct input *input, const char *digits)
{
    input->host.on_card(input->host.arg, digits, virtual_ns());
}

static const struct input_driver input_fake = {.type = {.name = "fake"},
                                               .has_second = has_second,
                                               .open = open_line,
                                               .close = close_line,
                                               .simulate = simulate,
                                               .simulate_card = simulate_card};

static int open_inputs(void)
{
    struct err e;
    struct inputs_options options = {
        .loop = &world.loop,
        .facts = world.facts,
        .config = {.inputs = &world.config.inputs, .exercises = &world.config.exercises},
        .incidents = world.incidents};
    return inputs_open(&options, &inputs, &e);
}

static void set_level(size_t input, enum input_contact contact, bool closed, enum input_cause cause)
{
    struct input_host *host = &lines[input][contact].host;
    host->on_level(host->arg, closed, virtual_ns(), cause);
    virtual_turn(world.facts, NULL);
}

/* Edges that the kernel keeps until the loop asks: a line tells all of its own before the next. */
struct edge {
    enum world_input input;
    enum input_contact contact;
    bool closed;
    int64_t after_ms;
};
static const struct edge *queued;
static size_t queued_count;
static int64_t queued_since_ns;

static void hand_over(void)
{
    for (size_t i = 0; i < queued_count; i++) {
        const struct edge *edge = &queued[i];
        struct input_host *host = &lines[edge->input][edge->contact].host;
        host->on_level(host->arg, edge->closed, queued_since_ns + edge->after_ms * 1000000,
                       INPUT_CAUSE_EDGE);
    }
}

/* The loop is busy for `ms`, in which these edges come; then it has its turn. */
static void stall(int64_t ms, const struct edge *edges, size_t count)
{
    queued = edges;
    queued_count = count;
    queued_since_ns = virtual_ns();
    virtual_stall(ms);
    virtual_turn(world.facts, hand_over);
}
#define STALL(ms, ...)                                                                             \
    stall(ms, (const struct edge[]){__VA_ARGS__},                                                  \
          sizeof((const struct edge[]){__VA_ARGS__}) / sizeof(struct edge))

/* Time for the line to settle, then the edge. */
static void move(enum world_input input, bool closed)
{
    virtual_advance(world.facts, 100);
    set_level(input, INPUT_CONTACT_FIRST, closed, INPUT_CAUSE_EDGE);
}

static void set_up(void)
{
    world_begin();
    for (size_t i = 0; i < WORLD_INPUTS; i++)
        world.inputs[i].driver.type = &input_fake.type;
    world_open();
    opened = 0;
    ck_assert_int_eq(open_inputs(), 0);
    for (size_t i = 0; i < WORLD_INPUTS; i++)
        set_level(i, INPUT_CONTACT_FIRST, false, INPUT_CAUSE_START);
    world.told_count = 0;
}

static void tear_down(void)
{
    inputs_close(inputs);
    world_close();
    inputs_free(inputs);
    world_end();
}

static bool is_known(enum world_input input)
{
    json_t *status = inputs_status(inputs, true);
    bool known = json_is_true(json_object_get(json_array_get(status, (size_t)input), "known"));
    json_decref(status);
    return known;
}

START_TEST(the_first_edge_is_a_press_at_once_and_bounce_is_none)
{
    move(WORLD_GATE, true);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    ck_assert_int_eq(fake_last("tocsin.alarm.raised")->at_ns, virtual_ns());
    for (int i = 0; i < 5; i++) {
        virtual_advance(world.facts, 5);
        set_level(WORLD_GATE, INPUT_CONTACT_FIRST, i % 2, INPUT_CAUSE_EDGE);
    }
    virtual_advance(world.facts, 100);
    ck_assert_uint_eq(fake.count, 2); /* and the release, when it had settled */
    ck_assert_uint_eq(fake_count("tocsin.alarm.restored"), 1);
}
END_TEST

/* The loop was busy and the timer is late: the change that had settled before is not skipped. */
START_TEST(a_release_that_settled_unseen_makes_the_next_edge_a_press_of_its_own)
{
    struct input_host *host = &lines[WORLD_GATE][0].host;
    move(WORLD_GATE, true);
    int64_t now_ns = virtual_ns();
    host->on_level(host->arg, false, now_ns + 10000000, INPUT_CAUSE_EDGE);
    host->on_level(host->arg, true, now_ns + 200000000, INPUT_CAUSE_EDGE);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.restored"), 1);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), 1);
    ck_assert_uint_eq(world_incident(WORLD_GATE)->presses, 2);
}
END_TEST

/* The loop was busy for longer than the window, with bounce queued in the kernel. */
START_TEST(bounce_that_lies_in_the_kernel_over_a_long_turn_is_no_press)
{
    move(WORLD_GATE, true);
    STALL(60, {WORLD_GATE, 0, false, 1}, {WORLD_GATE, 0, true, 3}, {WORLD_GATE, 0, false, 8},
          {WORLD_GATE, 0, true, 9});
    virtual_advance(world.facts, 1000);
    ck_assert_uint_eq(world_incident(WORLD_GATE)->presses, 1);
    ck_assert_uint_eq(fake.count, 1);
    /* Nor is a key's bounce when it is let go, after a reset. */
    world_reset_all();
    move(WORLD_GATE, false);
    STALL(60, {WORLD_GATE, 0, true, 1}, {WORLD_GATE, 0, false, 2});
    virtual_advance(world.facts, 1000);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
}
END_TEST

START_TEST(what_a_line_came_to_rest_at_counts_from_when_it_did)
{
    move(WORLD_HELD, true);
    int64_t pressed_ns = virtual_ns();
    virtual_advance(world.facts, 10);
    set_level(WORLD_HELD, INPUT_CONTACT_FIRST, false, INPUT_CAUSE_EDGE); /* bounce, as yet */
    virtual_stall(5000);
    set_level(WORLD_HELD, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_EDGE);
    ck_assert_uint_eq(fake.count, 0); /* it was let go long before it had been held */
    virtual_advance(world.facts, 2100);
    ck_assert_uint_eq(fake.count, 1);
    ck_assert_int_eq(fake_last("tocsin.alarm.raised")->at_ns,
                     pressed_ns + (10 + 5000 + 2000) * INT64_C(1000000));
}
END_TEST

START_TEST(a_hold_whose_release_lies_in_the_kernel_has_not_lasted)
{
    move(WORLD_HELD, true);
    STALL(3000, {WORLD_HELD, 0, false, 1500});
    virtual_advance(world.facts, 5000);
    ck_assert_uint_eq(fake.count, 0);
    move(WORLD_HELD, true);
    STALL(3000, {WORLD_HELD, 0, false, 2500});
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
}
END_TEST

/* What one line tells says nothing about the release that another has yet to tell. */
START_TEST(a_hold_is_not_ended_by_an_edge_of_another_line)
{
    move(WORLD_HELD, true);
    STALL(3000, {WORLD_GATE, 0, true, 2800}, {WORLD_HELD, 0, false, 1500});
    virtual_advance(world.facts, 5000);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    ck_assert_ptr_null(world_incident(WORLD_HELD));
}
END_TEST

START_TEST(a_button_whose_release_lies_in_the_kernel_is_not_stuck)
{
    move(WORLD_GATE, true);
    virtual_advance(world.facts, 59000);
    virtual_stall(5000);
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert(!faults_any(world.faults));
}
END_TEST

START_TEST(a_key_means_what_was_pressed_before_it_whichever_line_is_told_first)
{
    STALL(200, {WORLD_GATE, 0, true, 150}, {WORLD_CANCEL, 0, true, 100},
          {WORLD_RESET, 0, true, 100});
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    ck_assert(!world_incident(WORLD_GATE)->cancelled);
    move(WORLD_CANCEL, false);
    STALL(200, {WORLD_CANCEL, 0, true, 150});
    ck_assert(world_incident(WORLD_GATE)->cancelled);
}
END_TEST

START_TEST(a_contact_that_is_closed_at_rest_is_pressed_when_it_opens)
{
    world.inputs[WORLD_OFFICE].contact = CONFIG_CONTACT_CLOSED;
    move(WORLD_OFFICE, true);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 0);
    move(WORLD_OFFICE, false);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
}
END_TEST

START_TEST(a_button_that_is_found_pressed_is_an_alarm_that_says_so)
{
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    ck_assert_int_eq(open_inputs(), 0);
    set_level(WORLD_GATE, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_START);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.raised"), "cause"), "start");
}
END_TEST

START_TEST(a_line_is_good_when_its_level_is_known_and_nothing_is_wrong)
{
    ck_assert(is_known(WORLD_GATE));
    struct input_host *host = &lines[WORLD_GATE][0].host;
    host->on_fault(host->arg, "the chip is gone");
    facts_tell(world.facts);
    ck_assert(!is_known(WORLD_GATE));
    ck_assert(!world_last(FACT_LINE)->u.line.good);
    ck_assert_uint_eq(world_last(FACT_LINE)->u.line.input, WORLD_GATE);
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_LINE);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.reason, "the chip is gone");
    host->on_fault(host->arg, "\xce\xde"); /* what names it is a stranger's */
    facts_tell(world.facts);
    ck_assert(!is_known(WORLD_GATE));
    json_t *status = inputs_status(inputs, true);
    ck_assert_uint_eq(json_array_size(status), WORLD_INPUTS);
    json_decref(status);
    host->on_fault(host->arg, NULL);
    facts_tell(world.facts);
    ck_assert(is_known(WORLD_GATE));
    ck_assert(world_last(FACT_LINE)->u.line.good);
    ck_assert(!faults_any(world.faults));
}
END_TEST

START_TEST(every_line_tells_at_the_start_whether_it_is_good)
{
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    world.told_count = 0;
    world.inputs[WORLD_TAMPER].kind = CONFIG_INPUT_CARD;
    ck_assert_int_eq(open_inputs(), 0);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_LINE), WORLD_INPUTS);
    for (size_t i = 0; i < world.told_count; i++) {
        const struct fact *fact = &world.told[i];
        if (fact->kind == FACT_LINE) /* a reader of cards has no level to be known */
            ck_assert_int_eq(fact->u.line.good, fact->u.line.input == WORLD_TAMPER);
    }
}
END_TEST

START_TEST(two_contacts_that_contradict_each_other_are_a_fault)
{
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    world.inputs[WORLD_GATE].driver.options = &second_contact;
    ck_assert_int_eq(open_inputs(), 0);
    set_level(WORLD_GATE, INPUT_CONTACT_FIRST, false, INPUT_CAUSE_START);
    ck_assert(!is_known(WORLD_GATE));
    set_level(WORLD_GATE, INPUT_CONTACT_SECOND, true, INPUT_CAUSE_START);
    ck_assert(is_known(WORLD_GATE));
    /* The first alone says pressed, at once. */
    move(WORLD_GATE, true);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    virtual_advance(world.facts, 150);
    ck_assert(is_known(WORLD_GATE));
    virtual_advance(world.facts, 100);
    ck_assert(!is_known(WORLD_GATE));
    ck_assert_ptr_nonnull(strstr(world_last(FACT_FAULT)->u.fault.reason, "closed"));
    virtual_advance(world.facts, 100);
    set_level(WORLD_GATE, INPUT_CONTACT_SECOND, false, INPUT_CAUSE_EDGE);
    ck_assert(is_known(WORLD_GATE));
    /* The second says by no edge of its own that somebody presses, or has let go. */
    size_t events = fake_count("tocsin.alarm.raised") + fake_count("tocsin.alarm.updated") +
                    fake_count("tocsin.alarm.restored");
    for (int i = 0; i < 4; i++) {
        set_level(WORLD_GATE, INPUT_CONTACT_SECOND, i % 2 == 0, INPUT_CAUSE_EDGE);
        virtual_advance(world.facts, 100);
    }
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised") + fake_count("tocsin.alarm.updated") +
                          fake_count("tocsin.alarm.restored"),
                      events);
    struct input_host *host = &lines[WORLD_GATE][1].host;
    host->on_fault(host->arg, "gone");
    facts_tell(world.facts);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.reason, "second contact: gone");
}
END_TEST

/* Each contact tells its whole press before the other does. */
START_TEST(two_contacts_that_tell_of_a_press_one_after_the_other_agree)
{
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    world.inputs[WORLD_GATE].driver.options = &second_contact;
    ck_assert_int_eq(open_inputs(), 0);
    set_level(WORLD_GATE, INPUT_CONTACT_FIRST, false, INPUT_CAUSE_START);
    set_level(WORLD_GATE, INPUT_CONTACT_SECOND, true, INPUT_CAUSE_START);
    world.told_count = 0;
    STALL(1000, {WORLD_GATE, 0, true, 100}, {WORLD_GATE, 0, false, 500}, {WORLD_GATE, 1, false, 90},
          {WORLD_GATE, 1, true, 510});
    virtual_advance(world.facts, 1000);
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    /* They contradicted each other for too long in the middle of it: that is still seen. */
    STALL(2000, {WORLD_GATE, 0, true, 100}, {WORLD_GATE, 0, false, 1500},
          {WORLD_GATE, 1, false, 1000}, {WORLD_GATE, 1, true, 1510});
    virtual_advance(world.facts, 1000);
    ck_assert_uint_ge(world_count(FACT_FAULT), 1);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), 1);
    /* More than are kept: the oldest are looked at, none is lost. */
    for (int i = 0; i < 200; i++) {
        virtual_stall(100);
        struct input_host *host = &lines[WORLD_GATE][1].host;
        host->on_level(host->arg, i % 2 == 0 ? false : true, virtual_ns(), INPUT_CAUSE_EDGE);
    }
    virtual_advance(world.facts, 1000);
    ck_assert_ptr_nonnull(strstr(world_last(FACT_FAULT_STATED)->u.fault.reason, "only one"));
}
END_TEST

START_TEST(a_button_that_never_comes_up_is_stuck_a_latching_one_when_its_alarm_is_closed)
{
    world.inputs[WORLD_OFFICE].latching = true;
    move(WORLD_GATE, true);
    move(WORLD_OFFICE, true);
    move(WORLD_DURESS, true);
    virtual_advance(world.facts, 59000);
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
    virtual_advance(world.facts, 2000);
    inputs_tick(inputs);
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_FAULT), 1);
    ck_assert_uint_eq(world_count(FACT_FAULT_STATED), 1);
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_STUCK);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.subject, "gate");
    incidents_reset(world.incidents, world_incident(WORLD_OFFICE), "Li", NULL);
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.subject, "office");
    move(WORLD_GATE, false);
    move(WORLD_OFFICE, false);
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert(!faults_any(world.faults));
}
END_TEST

START_TEST(a_press_that_is_no_event_says_why)
{
    move(WORLD_HELD, true);
    ck_assert_uint_eq(world_count(FACT_PRESSED), 0);
    move(WORLD_HELD, false);
    ck_assert_ptr_nonnull(strstr(world_last(FACT_PRESSED)->u.pressed.why, "held long enough"));
    ck_assert_uint_eq(world_last(FACT_PRESSED)->u.pressed.input, WORLD_HELD);
    move(WORLD_RESET, true);
    ck_assert_str_eq(world_last(FACT_PRESSED)->u.pressed.why, "done");
}
END_TEST

START_TEST(a_simulated_press_lasts_its_time)
{
    struct err e;
    virtual_advance(world.facts, 100);
    ck_assert_int_eq(inputs_simulate(inputs, WORLD_GATE, 500, &e), 0);
    ck_assert_int_eq(inputs_simulate(inputs, WORLD_GATE, 500, &e), -EBUSY);
    virtual_advance(world.facts, 400);
    ck_assert(world_incident(WORLD_GATE)->held);
    virtual_advance(world.facts, 200);
    ck_assert(!world_incident(WORLD_GATE)->held);
    ck_assert_int_eq(inputs_simulate(inputs, WORLD_GATE, 0, &e), 0);
    virtual_advance(world.facts, 10000);
    ck_assert(world_incident(WORLD_GATE)->held);
    inputs_release(inputs, WORLD_GATE);
    facts_tell(world.facts);
    ck_assert(!world_incident(WORLD_GATE)->held);
}
END_TEST

START_TEST(the_reset_key_closes_and_the_cancel_key_says_mistake_with_the_card_shown_before)
{
    move(WORLD_GATE, true);
    inputs_simulate_card(inputs, WORLD_TAMPER, "4711");
    facts_tell(world.facts);
    ck_assert_str_eq(world_last(FACT_CARD)->u.card.digits, "4711");
    move(WORLD_CANCEL, true);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.cancelled"), "by"),
                     "name of cancel (cancel, card 4711)");
    move(WORLD_CANCEL, false);
    ck_assert_uint_eq(fake_count("tocsin.alarm.cancelled"), 1);
    virtual_advance(world.facts, 30000);
    move(WORLD_RESET, true);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.closed"), "by"), "name of reset (reset)");
    ck_assert_ptr_null(world_incident(WORLD_GATE));
}
END_TEST

START_TEST(keys_that_are_found_turned_do_nothing)
{
    move(WORLD_GATE, true);
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    ck_assert_int_eq(open_inputs(), 0);
    set_level(WORLD_RESET, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_START);
    set_level(WORLD_CANCEL, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_START);
    set_level(WORLD_DRILL, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_START);
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    ck_assert(!world_incident(WORLD_GATE)->cancelled);
    ck_assert_uint_eq(world_count(FACT_EXERCISE), 0);
}
END_TEST

START_TEST(the_drill_switch_begins_and_ends_a_drill)
{
    move(WORLD_DRILL, true);
    ck_assert_uint_eq(fake_count("tocsin.drill.started"), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.started"), "by"), "name of drill (drill)");
    move(WORLD_DRILL, false);
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.ended"), "why"),
                     "the switch was turned back");
}
END_TEST

START_TEST(contacts_that_tell_of_faults_do)
{
    static const struct {
        enum config_input_kind kind;
        enum fault_code code;
    } kinds[] = {{CONFIG_INPUT_TAMPER, FAULT_TAMPER},
                 {CONFIG_INPUT_MAINS, FAULT_MAINS},
                 {CONFIG_INPUT_BATTERY, FAULT_BATTERY}};
    world.inputs[WORLD_TAMPER].kind = kinds[_i].kind;
    move(WORLD_TAMPER, true);
    const struct fact *fact = world_last(FACT_FAULT);
    ck_assert_int_eq(fact->u.fault.code, kinds[_i].code);
    ck_assert_str_eq(fact->u.fault.subject, "tamper");
    ck_assert_ptr_nonnull(strstr(fact->u.fault.reason, "place of tamper"));
    move(WORLD_TAMPER, false);
    ck_assert(!faults_any(world.faults));
}
END_TEST

START_TEST(a_held_duress_button_shows_to_nobody_who_looks_over_a_shoulder)
{
    move(WORLD_DURESS, true);
    for (int with = 0; with < 2; with++) {
        json_t *status = inputs_status(inputs, with);
        const json_t *one = json_array_get(status, WORLD_DURESS);
        ck_assert_int_eq(json_is_true(json_object_get(one, "pressed")), with);
        json_decref(status);
    }
    json_t *heartbeat = inputs_heartbeat(inputs);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_array_get(heartbeat, WORLD_DURESS), "state")),
        "pressed");
    ck_assert_str_eq(
        json_string_value(json_object_get(json_array_get(heartbeat, WORLD_GATE), "state")),
        "normal");
    json_decref(heartbeat);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inputs");
    TCase *tc = tcase_create("inputs");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, the_first_edge_is_a_press_at_once_and_bounce_is_none);
    tcase_add_test(tc, a_release_that_settled_unseen_makes_the_next_edge_a_press_of_its_own);
    tcase_add_test(tc, bounce_that_lies_in_the_kernel_over_a_long_turn_is_no_press);
    tcase_add_test(tc, what_a_line_came_to_rest_at_counts_from_when_it_did);
    tcase_add_test(tc, a_hold_whose_release_lies_in_the_kernel_has_not_lasted);
    tcase_add_test(tc, a_hold_is_not_ended_by_an_edge_of_another_line);
    tcase_add_test(tc, a_button_whose_release_lies_in_the_kernel_is_not_stuck);
    tcase_add_test(tc, a_key_means_what_was_pressed_before_it_whichever_line_is_told_first);
    tcase_add_test(tc, two_contacts_that_tell_of_a_press_one_after_the_other_agree);
    tcase_add_test(tc, a_contact_that_is_closed_at_rest_is_pressed_when_it_opens);
    tcase_add_test(tc, a_button_that_is_found_pressed_is_an_alarm_that_says_so);
    tcase_add_test(tc, a_line_is_good_when_its_level_is_known_and_nothing_is_wrong);
    tcase_add_test(tc, every_line_tells_at_the_start_whether_it_is_good);
    tcase_add_test(tc, two_contacts_that_contradict_each_other_are_a_fault);
    tcase_add_test(tc,
                   a_button_that_never_comes_up_is_stuck_a_latching_one_when_its_alarm_is_closed);
    tcase_add_test(tc, a_press_that_is_no_event_says_why);
    tcase_add_test(tc, a_simulated_press_lasts_its_time);
    tcase_add_test(tc,
                   the_reset_key_closes_and_the_cancel_key_says_mistake_with_the_card_shown_before);
    tcase_add_test(tc, keys_that_are_found_turned_do_nothing);
    tcase_add_test(tc, the_drill_switch_begins_and_ends_a_drill);
    tcase_add_loop_test(tc, contacts_that_tell_of_faults_do, 0, 3);
    tcase_add_test(tc, a_held_duress_button_shows_to_nobody_who_looks_over_a_shoulder);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
