/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/escalation.h"

#include "app/gateway.h"
#include "base/clock.h"

uint32_t escalation_asked(const struct gateway *gw, unsigned level)
{
    uint32_t asked = 0;
    for (size_t i = 0; i < gw->receiver_count; i++) {
        const struct config_receiver *r = gw->receivers[i].config;
        if (r->responder && r->group <= (int64_t)level)
            asked |= 1u << i;
    }
    return asked;
}

static void look_at(struct gateway *gw, size_t input, enum incident_class class,
                    const struct escalation_rule *rule)
{
    struct incident *incident = &gw->incidents[input][class];
    bool *told = &gw->inputs[input].undelivered[class];
    int64_t now_ns = clock_monotonic_ns();
    uint32_t asked = escalation_asked(gw, incident->level);
    if (!*told && escalation_is_undelivered(incident, asked, rule, now_ns)) {
        *told = true;
        outputs_trigger(gw, CONFIG_OUTPUT_UNDELIVERED, incident);
    }
    if (escalation_is_due(incident, asked, rule, now_ns))
        presses_carry_out(gw, incident_escalate(incident, now_ns), incident, NULL, NULL);
}

void escalation_tick(struct gateway *gw)
{
    const struct config_alarms *c = &gw->config->alarms;
    const struct escalation_rule rule = {.escalate_after_ns = c->escalate_after_ms * 1000000,
                                         .undelivered_after_ns = c->undelivered_after_ms * 1000000,
                                         .groups = gw->groups};
    for (size_t i = 0; i < gw->input_count; i++) {
        look_at(gw, i, INCIDENT_CLASS_ALARM, &rule);
        look_at(gw, i, INCIDENT_CLASS_DURESS, &rule);
    }
}
