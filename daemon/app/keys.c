/* SPDX-License-Identifier: Apache-2.0 */
/* What people do at the gate beside asking for help, and contacts that tell of a fault. */
#include <stdio.h>
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"
#include "base/log.h"

#define CARD_COUNTS_MS 30000 /* a card shown this long before a key says who turned it */

static void name_who(const struct gateway_input *in, char *ret_who, size_t size)
{
    const struct gateway *gw = in->gateway;
    bool shown = gw->card.digits[0] && clock_monotonic_ms() - gw->card.at_ms <= CARD_COUNTS_MS;
    snprintf(ret_who, size, "%s (%s%s%s)", in->config->name, in->config->id, shown ? ", card " : "",
             shown ? gw->card.digits : "");
}

size_t keys_cancel(struct gateway *gw, const char *alarm, const char *by, const char *note)
{
    size_t count = 0;
    int64_t now_ns = clock_monotonic_ns(),
            window_ns = gw->config->alarms.cancel_window_ms * 1000000;
    struct incident *incident = NULL;
    while ((incident = panel_next_open(&gw->panel, incident))) {
        /* Whoever is forced to cancel must not take the duress alarm back with it. */
        if (incident->class == INCIDENT_CLASS_DURESS ||
            (alarm && strcmp(alarm, incident->alarm) != 0) ||
            incident_cancel(incident, now_ns, window_ns) != INCIDENT_ACTION_CANCELLED)
            continue;
        presses_carry_out(gw, INCIDENT_ACTION_CANCELLED, incident, by, note);
        count++;
    }
    return count;
}

static void reset_all(struct gateway *gw, const char *by)
{
    struct incident *incident = NULL;
    while ((incident = panel_next_open(&gw->panel, incident))) {
        if (incident->class != INCIDENT_CLASS_DURESS)
            presses_carry_out(gw, incident_reset(incident), incident, by, NULL);
    }
}

static void turn_drill_switch(struct gateway_input *in, bool active, enum input_cause cause)
{
    struct gateway *gw = in->gateway;
    char who[300];
    name_who(in, who, sizeof who);
    /* A switch that was left on must be turned anew: a restart begins no drill. */
    if (active && cause == INPUT_CAUSE_START)
        log_warning("drill", "%s was found switched on: turn it off and on to begin a drill",
                    in->config->id);
    else if (active)
        exercises_begin(gw, INCIDENT_CLASS_DRILL, exercises_every_button(gw, INCIDENT_CLASS_DRILL),
                        gw->config->exercises.drill_limit_ms, who, NULL, NULL);
    else
        exercises_end(gw, INCIDENT_CLASS_DRILL, "the switch was turned back");
}

static void tell_contact(struct gateway_input *in, bool active)
{
    static const char *const reasons[] = {
        [CONFIG_INPUT_TAMPER] = "somebody is at the case or its wires",
        [CONFIG_INPUT_MAINS] = "the mains have failed; the gateway runs from its battery",
        [CONFIG_INPUT_BATTERY] = "the battery is low: the gateway will stop",
    };
    char text[400];
    enum config_input_kind kind = in->config->kind;
    snprintf(text, sizeof text, "%s, %s: %s", in->config->name, in->config->place, reasons[kind]);
    faults_set(in->gateway, config_input_kind_name(kind), in->config->id, active ? text : NULL);
    lamps_update(in->gateway);
}

void keys_level(struct gateway_input *in, bool active, enum input_cause cause)
{
    char who[300];
    switch (in->config->kind) {
    case CONFIG_INPUT_TAMPER:
    case CONFIG_INPUT_MAINS:
    case CONFIG_INPUT_BATTERY:
        tell_contact(in, active);
        break;
    case CONFIG_INPUT_DRILL_SWITCH:
        turn_drill_switch(in, active, cause);
        break;
    case CONFIG_INPUT_RESET:
    case CONFIG_INPUT_CANCEL:
        if (!active || cause == INPUT_CAUSE_START)
            break; /* held since before the start: nobody turns it now */
        name_who(in, who, sizeof who);
        if (in->config->kind == CONFIG_INPUT_RESET)
            reset_all(in->gateway, who);
        else
            keys_cancel(in->gateway, NULL, who, "by the key at the gate");
        break;
    case CONFIG_INPUT_PANIC:
    case CONFIG_INPUT_DURESS:
    case CONFIG_INPUT_MEDICAL:
    case CONFIG_INPUT_FIRE:
    case CONFIG_INPUT_TEST:
    case CONFIG_INPUT_CARD:
        break;
    }
    if (in->press_request) {
        control_reply(in->press_request, json_pack("{ss}", "text", "done"));
        in->press_request = NULL;
    }
}

void keys_card(struct gateway_input *in, const char *digits)
{
    struct gateway *gw = in->gateway;
    snprintf(gw->card.digits, sizeof gw->card.digits, "%s", digits);
    gw->card.at_ms = clock_monotonic_ms();
    log_info("card", "%s: a card was read", in->config->id);
    watch_tell(gw, &(struct watch_line){.what = "card", .input = in->config->id, .text = digits});
}
