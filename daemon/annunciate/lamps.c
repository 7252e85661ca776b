/* SPDX-License-Identifier: Apache-2.0 */
#include "annunciate/lamps.h"
#include "base/encode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "alarm/lamp.h"
#include "base/log.h"

/* What may change a lamp. */
#define SHOWN                                                                                      \
    (FACT_BIT(FACT_INCIDENT) | FACT_BIT(FACT_PROGRESS) | FACT_BIT(FACT_EXERCISE) |                 \
     FACT_BIT(FACT_LINK) | FACT_BIT(FACT_LINE) | FACT_BIT(FACT_CAMERA) | FACT_BIT(FACT_FAULT))

struct one_lamp {
    struct lamps *lamps;
    const struct config_indicator *config;
    const struct indicator_driver *driver;
    struct indicator *indicator; /* NULL: its driver refuses what it was given */
    enum indicator_pattern pattern;
    char reason[FACT_REASON_SIZE];
};

struct lamps {
    struct lamps_options options;
    size_t count;
    struct one_lamp lamps[LIMIT_LAMPS];
    bool changed;            /* something was told since they were worked out */
    bool drill, test;        /* an exercise runs */
    uint64_t lines, cameras; /* bit masks: of which it is proven that they work */
};

static void on_fault(void *arg, const char *reason)
{
    struct one_lamp *lamp = arg;
    encode_copy_utf8(lamp->reason, sizeof lamp->reason, reason);
    facts_state_fault(lamp->lamps->options.facts, FAULT_LAMP, lamp->config->id, reason);
}

static uint64_t all_of(size_t count)
{
    return count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

static enum lamp_health health_of(const struct lamps *l)
{
    const struct lamps_config *config = &l->options.config;
    uint32_t proven = delivery_proven(l->options.delivery);
    bool reached = (delivery_asked(l->options.delivery, 1) & proven) != 0;
    /* Whether a press would be heard here, kept, and taken by somebody who sends help. */
    if (!reached || l->lines != all_of(config->inputs->count) ||
        faults_any_grave(l->options.faults))
        return LAMP_HEALTH_BROKEN;
    return proven == all_of(config->receivers->count) &&
                   l->cameras == all_of(config->cameras->count) && !faults_any(l->options.faults)
               ? LAMP_HEALTH_PROVEN
               : LAMP_HEALTH_DEGRADED;
}

static enum indicator_pattern pattern_of_silent(enum config_silent_shows shows)
{
    switch (shows) {
    case CONFIG_SILENT_DEGRADED:
        return INDICATOR_PATTERN_DEGRADED;
    case CONFIG_SILENT_TEST:
        return INDICATOR_PATTERN_TEST;
    case CONFIG_SILENT_PROGRESS:
    case CONFIG_SILENT_NOTHING:
    case CONFIG_SILENT_OFF:
        break;
    }
    return INDICATOR_PATTERN_OFF;
}

static enum indicator_pattern pattern_for(const struct lamps *l, const struct one_lamp *lamp)
{
    const struct lamps_config *config = &l->options.config;
    enum config_silent_shows shows = lamp->config->silent_shows;
    bool hidden[LIMIT_INPUTS];
    uint32_t responders[LIMIT_GROUPS];
    size_t levels = delivery_groups(l->options.delivery);
    for (size_t i = 0; i < config->inputs->count; i++)
        hidden[i] = config->inputs->items[i].silent && shows != CONFIG_SILENT_PROGRESS;
    for (size_t i = 0; i < levels; i++)
        responders[i] = delivery_asked(l->options.delivery, (unsigned)i + 1);
    struct lamp_view view = {.count = config->inputs->count,
                             .incidents = incidents_all(l->options.incidents),
                             .hidden = hidden,
                             .marks_hidden = shows > CONFIG_SILENT_NOTHING,
                             .hidden_pattern = pattern_of_silent(shows),
                             .responders = responders,
                             .level_count = levels,
                             .drill = l->drill,
                             .test = l->test,
                             .health = health_of(l)};
    return lamp_pattern(&view);
}

static void show_all(struct lamps *l)
{
    l->changed = false;
    for (size_t i = 0; i < l->count; i++) {
        struct one_lamp *lamp = &l->lamps[i];
        enum indicator_pattern pattern = pattern_for(l, lamp);
        if (pattern == lamp->pattern)
            continue;
        lamp->pattern = pattern;
        if (lamp->indicator)
            lamp->driver->show(lamp->indicator, pattern);
        facts_publish(l->options.facts, &(struct fact){.kind = FACT_LAMP, .u.pattern = pattern});
    }
}

static void set_bit(uint64_t *mask, size_t bit, bool on)
{
    *mask &= ~(UINT64_C(1) << bit);
    *mask |= (uint64_t)on << bit;
}

static void on_fact(void *self, const struct fact *fact)
{
    struct lamps *l = self;
    if (fact->kind == FACT_SETTLED) {
        if (l->changed)
            show_all(l);
        return;
    }
    l->changed = true;
    if (fact->kind == FACT_LINE)
        set_bit(&l->lines, fact->u.line.input, fact->u.line.good);
    else if (fact->kind == FACT_CAMERA)
        set_bit(&l->cameras, fact->u.camera.camera, fact->u.camera.online);
    else if (fact->kind == FACT_EXERCISE) {
        bool runs = fact->u.exercise.step == FACT_EXERCISE_BEGUN;
        l->drill = runs && fact->u.exercise.class == INCIDENT_CLASS_DRILL;
        l->test = runs && fact->u.exercise.class == INCIDENT_CLASS_TEST;
    }
}

/* One that cannot be opened must not keep the others dark. */
static void open_lamp(struct lamps *l, const struct config_indicator *config)
{
    struct one_lamp *lamp = &l->lamps[l->count++];
    struct err e;
    *lamp = (struct one_lamp){.lamps = l, .config = config, .pattern = INDICATOR_PATTERN_OFF};
    lamp->driver = indicator_driver_of(config->driver.type);
    struct indicator_host host = {.on_fault = on_fault, .arg = lamp};
    if (lamp->driver->open(config->driver.options, &host, l->options.loop, &lamp->indicator, &e) ==
        0)
        return;
    lamp->indicator = NULL;
    log_error("lamp", "%s: %s", config->id, e.text);
    on_fault(lamp, e.text);
}

int lamps_open(const struct lamps_options *options, struct lamps **ret_lamps, struct err *e)
{
    struct lamps *l = calloc(1, sizeof *l);
    if (!l)
        return err_set(e, ENOMEM, "lamps: out of memory");
    l->options = *options;
    l->changed = true;
    *ret_lamps = l;
    facts_subscribe(options->facts, SHOWN | FACT_BIT(FACT_SETTLED), on_fact, l);
    facts_wake(options->facts);
    for (size_t i = 0; i < options->config.indicators->count; i++)
        open_lamp(l, &options->config.indicators->items[i]);
    return 0;
}

void lamps_look_again(struct lamps *l)
{
    l->changed = true;
    facts_wake(l->options.facts);
}

void lamps_close(struct lamps *l)
{
    for (size_t i = 0; l && i < l->count; i++)
        l->lamps[i].driver->close(l->lamps[i].indicator);
    if (l)
        l->count = 0;
}

void lamps_free(struct lamps *l)
{
    free(l);
}

json_t *lamps_status(const struct lamps *l)
{
    json_t *list = json_array();
    for (size_t i = 0; i < l->count; i++)
        json_array_append_new(list, json_pack("{ss,ss,ss}", "id", l->lamps[i].config->id, "pattern",
                                              indicator_pattern_name(l->lamps[i].pattern), "fault",
                                              l->lamps[i].reason));
    return list;
}
