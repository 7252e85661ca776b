/* SPDX-License-Identifier: Apache-2.0 */
/* What people do at the gate beside asking for help, and contacts that tell of a fault. */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "iface/limits.h"
#include "inputs/internal.h"

#define CARD_COUNTS_MS LIMIT_CARD_MS /* a card shown this long before a key says who turned it */

static void name_who(const struct one_input *in, char *ret_who, size_t size)
{
    const struct inputs *ins = in->inputs;
    bool shown = ins->card.digits[0] && clock_monotonic_ms() - ins->card.at_ms <= CARD_COUNTS_MS;
    snprintf(ret_who, size, "%s (%s%s%s)", in->config->name, in->config->id, shown ? ", card " : "",
             shown ? ins->card.digits : "");
}

static void begin_drill(const struct one_input *in)
{
    struct incidents *incidents = in->inputs->options.incidents;
    struct incidents_exercise drill = {
        .class = INCIDENT_CLASS_DRILL,
        .buttons = incidents_every_button(incidents, INCIDENT_CLASS_DRILL),
        .length_ms = in->inputs->options.config.exercises->drill_limit_ms};
    char who[300];
    struct err e; /* logged where it is refused */
    name_who(in, who, sizeof who);
    drill.by = who;
    bool is_announced = incidents_begin_exercise(incidents, &drill, &e) == 0;
    pressed_tell(in, is_announced ? "the drill is announced; it begins when that is receipted"
                                  : e.text);
}

static void turn_drill_switch(const struct one_input *in, bool active, enum input_cause cause)
{
    /* A switch that was left on must be turned anew: a restart begins no drill. */
    if (active && cause == INPUT_CAUSE_START)
        log_warning("drill", "%s was found switched on: turn it off and on to begin a drill",
                    in->config->id);
    else if (active)
        begin_drill(in);
    else
        incidents_end_exercise(in->inputs->options.incidents, INCIDENT_CLASS_DRILL,
                               "the switch was turned back");
}

static void state_contact(const struct one_input *in, enum fault_code code, const char *what,
                          bool active)
{
    char text[FACT_TEXT_SIZE];
    if (active)
        pressed_tell(in, what);
    snprintf(text, sizeof text, "%s, %s: %s", in->config->name, in->config->place, what);
    facts_state_fault(in->inputs->options.facts, code, in->config->id, active ? text : NULL);
}

static void tell_outcome(const struct one_input *in, const struct incidents_outcome *outcome,
                         const char *done)
{
    char text[FACT_REASON_SIZE];
    snprintf(text, sizeof text, "%zu alarm%s %s", outcome->changed,
             plural((long long)outcome->changed), done);
    pressed_tell(in, text);
}

static void on_reset(void *arg, const struct incidents_outcome *outcome)
{
    tell_outcome(arg, outcome, "closed");
}

static void on_cancelled(void *arg, const struct incidents_outcome *outcome)
{
    tell_outcome(arg, outcome, "cancelled");
}

static void turn_key(struct one_input *in, bool active, enum input_cause cause, int64_t at_ns)
{
    struct incidents *incidents = in->inputs->options.incidents;
    char who[300];
    if (!active || cause == INPUT_CAUSE_START)
        return; /* held since before the start: nobody turns it now */
    name_who(in, who, sizeof who);
    struct incidents_order order = {.by = who, .at_ns = at_ns, .arg = in};
    if (in->config->kind == CONFIG_INPUT_RESET) {
        order.done = on_reset;
        incidents_reset_all(incidents, &order);
    } else {
        order.note = "by the key at the gate";
        order.done = on_cancelled;
        incidents_cancel(incidents, &order);
    }
}

void key_switches_take(struct one_input *in, bool active, enum input_cause cause, int64_t at_ns)
{
    switch (in->config->kind) {
    case CONFIG_INPUT_TAMPER:
        state_contact(in, FAULT_TAMPER, "somebody is at the case or its wires", active);
        break;
    case CONFIG_INPUT_MAINS:
        state_contact(in, FAULT_MAINS, "the mains have failed; the gateway runs from its battery",
                      active);
        break;
    case CONFIG_INPUT_BATTERY:
        state_contact(in, FAULT_BATTERY, "the battery is low: the gateway will stop", active);
        break;
    case CONFIG_INPUT_DRILL_SWITCH:
        turn_drill_switch(in, active, cause);
        break;
    case CONFIG_INPUT_RESET:
    case CONFIG_INPUT_CANCEL:
        turn_key(in, active, cause, at_ns);
        break;
    case CONFIG_INPUT_PANIC:
    case CONFIG_INPUT_DURESS:
    case CONFIG_INPUT_MEDICAL:
    case CONFIG_INPUT_FIRE:
    case CONFIG_INPUT_TEST:
    case CONFIG_INPUT_CARD:
        break;
    }
}

void key_switches_card(struct one_input *in, const char *digits)
{
    struct inputs *ins = in->inputs;
    struct fact fact = {.kind = FACT_CARD, .u.card = {.input = in->index}};
    snprintf(ins->card.digits, sizeof ins->card.digits, "%s", digits);
    ins->card.at_ms = clock_monotonic_ms();
    log_info("card", "%s: a card was read", in->config->id);
    snprintf(fact.u.card.digits, sizeof fact.u.card.digits, "%s", digits);
    facts_publish(ins->options.facts, &fact);
}
