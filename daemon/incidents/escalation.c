/* SPDX-License-Identifier: Apache-2.0 */
/* An alarm that nobody answers asks for more. */
#include "alarm/escalation.h"

#include "base/clock.h"
#include "incidents/internal.h"

static struct escalation_rule rule_of(const struct incidents *inc)
{
    const struct config_alarms *c = inc->options.config.alarms;
    return (struct escalation_rule){.escalate_after_ns = c->escalate_after_ms * 1000000,
                                    .undelivered_after_ns = c->undelivered_after_ms * 1000000,
                                    .groups = delivery_groups(inc->options.delivery)};
}

static bool is_due(const struct incidents *inc, const struct incident *incident, int64_t now_ns)
{
    const struct escalation_rule rule = rule_of(inc);
    return escalation_is_due(incident, delivery_asked(inc->options.delivery, incident->level),
                             &rule, now_ns);
}

static void look_whether_delivered(struct incidents *inc, struct incident *incident, int64_t now_ns)
{
    const struct escalation_rule rule = rule_of(inc);
    uint32_t asked = delivery_asked(inc->options.delivery, incident->level);
    if (incident->undelivered || !escalation_is_undelivered(incident, asked, &rule, now_ns))
        return;
    incident->undelivered = true;
    inc->unsaved = true;
    facts_publish(inc->options.facts,
                  &(struct fact){.kind = FACT_UNDELIVERED, .u.incident = {.incident = *incident}});
}

static bool escalate(struct sweep *sweep, struct incident *incident)
{
    int64_t now_ns = clock_monotonic_ns();
    if (!is_due(sweep->inc, incident, now_ns)) /* seen meanwhile */
        return false;
    steps_carry_out(sweep->inc, incident_escalate(incident, now_ns), incident, NULL, NULL);
    return true;
}

void escalation_tick(struct incidents *inc)
{
    int64_t now_ns = clock_monotonic_ns();
    struct sweep *sweep = NULL;
    struct incident *incident = NULL;
    while ((incident = panel_next_open(&inc->panel, incident))) {
        if (!incident_is_real(incident->class))
            continue;
        look_whether_delivered(inc, incident, now_ns);
        if (!is_due(inc, incident, now_ns))
            continue;
        if (!sweep)
            sweep = sweeps_new(NULL, NULL, INT64_MAX, escalate);
        sweeps_mean(sweep, incident);
    }
    if (sweep)
        sweeps_add(inc, sweep);
}
