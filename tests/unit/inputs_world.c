/* SPDX-License-Identifier: Apache-2.0 */
#include "inputs_world.h"

#include <errno.h>

#include "run_suite.h"

struct input lines[WORLD_INPUTS + 2][2];
size_t opened, refused = SIZE_MAX;
int second_contact;
struct inputs *inputs;

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
    size_t at = contact == INPUT_CONTACT_FIRST ? opened++ : opened - 1;
    if (at == refused)
        return err_set(e, EINVAL, "no such line");
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

int open_inputs(void)
{
    struct err e;
    struct inputs_options options = {
        .loop = &world.loop,
        .facts = world.facts,
        .config = {.inputs = &world.config.inputs, .exercises = &world.config.exercises},
        .incidents = world.incidents};
    return inputs_open(&options, &inputs, &e);
}

void set_level(size_t input, enum input_contact contact, bool closed, enum input_cause cause)
{
    struct input_host *host = &lines[input][contact].host;
    host->on_level(host->arg, closed, virtual_ns(), cause);
    virtual_turn(world.facts, NULL);
}

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

void stall(int64_t ms, const struct edge *edges, size_t count)
{
    queued = edges;
    queued_count = count;
    queued_since_ns = virtual_ns();
    virtual_stall(ms);
    virtual_turn(world.facts, hand_over);
}
void move(enum world_input input, bool closed)
{
    virtual_advance(world.facts, 100);
    set_level(input, INPUT_CONTACT_FIRST, closed, INPUT_CAUSE_EDGE);
}

void inputs_begin(void)
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

void inputs_end(void)
{
    inputs_close(inputs);
    world_close();
    inputs_free(inputs);
    world_end();
}
