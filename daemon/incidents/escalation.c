/* SPDX-License-Identifier: Apache-2.0 */
/* An alarm that nobody answers asks for more. */
#include "alarm/escalation.h"

#include "base/clock.h"
#include "incidents/internal.h"

static void look_at(struct incidents *inc, struct incident *incident,
                    const struct escalation_rule *rule)
{
    bool *told = &inc->own[incident->button].undelivered[incident->class];
    int64_t now_ns = clock_monotonic_ns();
    uint32_t asked = delivery_asked(inc->options.delivery, incident->level);
    if (!*told && escalation_is_undelivered(incident, asked, rule, now_ns)) {
        *told = true;
        inc->unsaved = true;
        facts_publish(inc->options.facts, &(struct fact){.kind = FACT_UNDELIVERED,
                                                         .u.incident = {.incident = *incident}});
    }
    if (escalation_is_due(incident, asked, rule, now_ns))
        steps_carry_out(inc, incident_escalate(incident, now_ns), incident, NULL, NULL);
}

void escalation_tick(struct incidents *inc)
{
    const struct config_alarms *c = inc->options.config.alarms;
    const struct escalation_rule rule = {.escalate_after_ns = c->escalate_after_ms * 1000000,
                                         .undelivered_after_ns = c->undelivered_after_ms * 1000000,
                                         .groups = delivery_groups(inc->options.delivery)};
    struct incident *incident = NULL;
    while ((incident = panel_next_open(&inc->panel, incident))) {
        if (incident_is_real(incident->class))
            look_at(inc, incident, &rule);
    }
}
