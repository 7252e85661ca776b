/* SPDX-License-Identifier: Apache-2.0 */
#include "annunciate_world.h"

#include <errno.h>

#include "run_suite.h"

struct indicator indicators[2];
struct output sirens[2];
size_t indicator_count, siren_count;

static int open_indicator(const void *options, const struct indicator_host *host, uv_loop_t *loop,
                          struct indicator **ret_indicator, struct err *e)
{
    (void)loop;
    if (options)
        return err_set(e, EINVAL, "cannot be opened");
    struct indicator *indicator = &indicators[indicator_count++];
    *indicator = (struct indicator){.host = *host};
    *ret_indicator = indicator;
    return 0;
}

unsigned lamp_shown;

static void show(struct indicator *indicator, enum indicator_pattern pattern)
{
    lamp_shown++;
    indicator->pattern = pattern;
}

static void close_indicator(struct indicator *indicator)
{
    if (indicator)
        indicator->pattern = INDICATOR_PATTERN_OFF;
}

static const struct indicator_driver indicator_fake = {
    .type = {.name = "fake"}, .open = open_indicator, .show = show, .close = close_indicator};

static int open_siren(const void *options, const struct output_host *host, uv_loop_t *loop,
                      struct output **ret_output, struct err *e)
{
    (void)loop;
    if (options)
        return err_set(e, EINVAL, "cannot be opened");
    struct output *siren = &sirens[siren_count++];
    *siren = (struct output){.host = *host};
    *ret_output = siren;
    return 0;
}

static void set_siren(struct output *siren, bool on)
{
    siren->on = on;
}

static void close_siren(struct output *siren)
{
    if (siren)
        siren->on = false;
}

static const struct output_driver output_fake = {
    .type = {.name = "fake"}, .open = open_siren, .set = set_siren, .close = close_siren};

struct lamps *lamps;
struct outputs *outputs;

static void open_both(void)
{
    struct err e;
    struct lamps_options lamp_options = {.loop = &world.loop,
                                         .facts = world.facts,
                                         .config = {.indicators = &world.config.indicators,
                                                    .inputs = &world.config.inputs,
                                                    .receivers = &world.config.receivers,
                                                    .cameras = &world.config.cameras},
                                         .incidents = world.incidents,
                                         .delivery = FAKE_DELIVERY,
                                         .faults = world.faults};
    struct outputs_options output_options = {
        .loop = &world.loop,
        .facts = world.facts,
        .config = {.outputs = &world.config.outputs, .inputs = &world.config.inputs},
        .incidents = world.incidents};
    indicator_count = siren_count = 0;
    ck_assert_int_eq(lamps_open(&lamp_options, &lamps, &e), 0);
    ck_assert_int_eq(outputs_open(&output_options, &outputs, &e), 0);
}

/* Lines and cameras that work, as inputs and clips tell it. */
void prove_all(void)
{
    for (size_t i = 0; i < WORLD_INPUTS; i++)
        facts_publish(world.facts,
                      &(struct fact){.kind = FACT_LINE, .u.line = {.input = i, .good = true}});
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_CAMERA, .u.camera = {.camera = 0, .online = true}});
    facts_tell(world.facts);
}

void annunciate_begin(void)
{
    world_begin();
    world.lamps[0] = (struct config_indicator){.id = "lamp", .driver.type = &indicator_fake.type};
    world.config.indicators.count = 1;
    world.config.indicators.items = world.lamps;
    world.outputs[0] = (struct config_output){
        .id = "siren", .on = 1u << CONFIG_OUTPUT_RAISED, .driver.type = &output_fake.type};
    world.config.outputs.count = 1;
    world.config.outputs.items = world.outputs;
    fake.proven = 3;
    world_open();
    fake.proven = 3;
    open_both();
    prove_all();
}

static void close_both(void)
{
    outputs_close(outputs);
    lamps_close(lamps);
}

void annunciate_end(void)
{
    close_both();
    world_close();
    outputs_free(outputs);
    lamps_free(lamps);
    world_end();
}

void annunciate_restart(void)
{
    close_both();
    ck_assert(!sirens[0].on);
    outputs_free(outputs);
    lamps_free(lamps);
    world_restart();
    open_both();
    facts_tell(world.facts);
}
