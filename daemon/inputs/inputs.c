/* SPDX-License-Identifier: Apache-2.0 */
#include "inputs/inputs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "inputs/internal.h"

static bool is_known(const struct one_input *in)
{
    bool known = true;
    for (size_t i = 0; i < in->contact_count; i++)
        known = known && in->contacts[i].known;
    return known || in->config->kind == CONFIG_INPUT_CARD;
}

bool inputs_is_good(const struct one_input *in)
{
    return is_known(in) && in->reason[0] == '\0';
}

void inputs_tell_line(const struct one_input *in)
{
    facts_publish(in->inputs->options.facts,
                  &(struct fact){.kind = FACT_LINE,
                                 .u.line = {.input = in->index, .good = inputs_is_good(in)}});
}

static void on_hold_over(uv_timer_t *timer)
{
    struct one_input *in = timer->data;
    inputs_release(in->inputs, in->index);
}

void inputs_take(struct one_input *in, bool active, enum input_cause cause, int64_t at_ns)
{
    struct incidents *incidents = in->inputs->options.incidents;
    if (in->active != active)
        in->active_since_ns = at_ns;
    in->active = active;
    if (active && in->hold_ms > 0)
        uv_timer_start(&in->hold, on_hold_over, (uint64_t)in->hold_ms, 0);
    in->hold_ms = 0;
    if (!config_input_is_button(in->config->kind)) {
        key_switches_take(in, active, cause, at_ns);
    } else if (incidents_level(incidents, in->index, active, cause, at_ns) == 0) {
        const char *why = incidents_why_no_event(incidents, in->index, active);
        if (why)
            pressed_tell(in, why);
    }
}

const struct input_driver *inputs_driver(const struct inputs *ins, size_t input)
{
    return ins->inputs[input].driver;
}

static void set_simulated(struct one_input *in, bool pressed)
{
    if (in->contacts[0].line)
        in->driver->simulate(in->contacts[0].line,
                             pressed == (in->config->contact == CONFIG_CONTACT_OPEN));
}

int inputs_simulate(struct inputs *ins, size_t input, int64_t hold_ms, struct err *e)
{
    struct one_input *in = &ins->inputs[input];
    if (!in->contacts[0].line)
        return err_set(e, ENODEV, "input %s: %s", in->config->id, in->reason);
    if (in->active)
        return err_set(e, EBUSY, "input %s is still pressed; release it first (tocsin release %s)",
                       in->config->id, in->config->id);
    in->hold_ms = hold_ms;
    set_simulated(in, true);
    return 0;
}

void inputs_release(struct inputs *ins, size_t input)
{
    struct one_input *in = &ins->inputs[input];
    uv_timer_stop(&in->hold);
    in->hold_ms = 0;
    set_simulated(in, false);
}

void inputs_simulate_card(struct inputs *ins, size_t input, const char *digits)
{
    struct one_input *in = &ins->inputs[input];
    if (in->contacts[0].line)
        in->driver->simulate_card(in->contacts[0].line, digits);
}

static const char *stuck_reason(const struct one_input *in)
{
    /* A fault would show at the gate that a duress button is being held. */
    bool only_closed = in->config->latching || in->config->kind == CONFIG_INPUT_DURESS;
    int64_t active_ns = after_poll_ns(&in->inputs->after_poll) - in->active_since_ns;
    if (!in->active || active_ns <= in->config->stuck_after_ms * 1000000)
        return NULL;
    if (!only_closed)
        return "stays pressed: it is stuck, or its wire is broken, and it cannot raise another "
               "alarm";
    return incidents_button_open(in->inputs->options.incidents, in->index)
               ? NULL
               : "is still down: turn its key, or it cannot raise another alarm";
}

/* A button that cannot raise another alarm, because it never comes up. */
static void check_stuck(struct one_input *in)
{
    const char *reason = stuck_reason(in);
    bool is_up = inputs_is_good(in) && !in->active;
    /* What was stuck before a restart is not, once it is seen to be up. */
    if (in->stuck == (reason != NULL) && (in->seen_up || !is_up))
        return;
    in->stuck = reason != NULL;
    in->seen_up |= is_up;
    facts_state_fault(in->inputs->options.facts, FAULT_STUCK, in->config->id, reason);
}

void inputs_tick(struct inputs *ins)
{
    for (size_t i = 0; i < ins->count; i++) {
        if (config_input_is_button(ins->inputs[i].config->kind))
            check_stuck(&ins->inputs[i]);
    }
}

static void set_up(struct inputs *ins, size_t index)
{
    struct one_input *in = &ins->inputs[index];
    in->inputs = ins;
    in->index = index;
    in->config = &ins->options.config.inputs->items[index];
    in->driver = input_driver_of(in->config->driver.type);
    bool has_second = in->driver->has_second && in->driver->has_second(in->config->driver.options);
    in->contact_count = has_second ? 2 : 1;
    in->active_since_ns = clock_monotonic_ns();
    pair_init(&in->pair, in->config->changeover_ms * 1000000,
              in->config->contact == CONFIG_CONTACT_CLOSED);
    uv_timer_init(ins->options.loop, &in->hold);
    in->hold.data = in;
    ins->count++;
}

static void settle(void *arg, int64_t until_ns)
{
    struct inputs *ins = arg;
    for (size_t i = 0; i < ins->count; i++)
        contacts_settle(&ins->inputs[i], until_ns);
}

int inputs_open(const struct inputs_options *options, struct inputs **ret_inputs, struct err *e)
{
    struct inputs *ins = calloc(1, sizeof *ins);
    if (!ins)
        return err_set(e, ENOMEM, "inputs: out of memory");
    ins->options = *options;
    ins->open = true;
    after_poll_init(&ins->after_poll, options->loop, settle, ins);
    *ret_inputs = ins;
    for (size_t i = 0; i < options->config.inputs->count; i++)
        set_up(ins, i);
    for (size_t i = 0; i < ins->count; i++)
        contacts_open(&ins->inputs[i]);
    for (size_t i = 0; i < ins->count; i++)
        inputs_tell_line(&ins->inputs[i]);
    return 0;
}

void inputs_close(struct inputs *ins)
{
    if (!ins || !ins->open)
        return;
    for (size_t i = 0; i < ins->count; i++)
        contacts_close(&ins->inputs[i]);
    after_poll_close(&ins->after_poll);
    ins->open = false;
}

void inputs_free(struct inputs *ins)
{
    free(ins);
}

json_t *inputs_status(const struct inputs *ins, bool with_duress)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ins->count; i++) {
        const struct one_input *in = &ins->inputs[i];
        json_array_append_new(
            list,
            json_pack("{ss,ss,ss,ss,ss,sb,sb,ss}", "id", in->config->id, "name", in->config->name,
                      "place", in->config->place, "kind", config_input_kind_name(in->config->kind),
                      "driver", in->driver->type.name, "pressed",
                      in->active && (with_duress || in->config->kind != CONFIG_INPUT_DURESS),
                      "known", inputs_is_good(in), "fault", in->reason));
    }
    return list;
}

json_t *inputs_heartbeat(const struct inputs *ins)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ins->count; i++) {
        const struct one_input *in = &ins->inputs[i];
        json_array_append_new(list, json_pack("{ss,ss}", "id", in->config->id, "state",
                                              !inputs_is_good(in) ? "fault"
                                              : in->active        ? "pressed"
                                                                  : "normal"));
    }
    return list;
}
