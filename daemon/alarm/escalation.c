/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/escalation.h"

bool escalation_is_due(const struct incident *incident, uint32_t asked,
                       const struct escalation_rule *rule, int64_t now_ns)
{
    return incident->open && incident->level < rule->groups &&
           incident_best_progress(incident, asked) < INCIDENT_PROGRESS_SEEN &&
           now_ns - incident->level_ns >= rule->escalate_after_ns;
}

bool escalation_is_undelivered(const struct incident *incident, uint32_t asked,
                               const struct escalation_rule *rule, int64_t now_ns)
{
    return incident->open &&
           incident_best_progress(incident, asked) < INCIDENT_PROGRESS_DELIVERED &&
           now_ns - incident->waits_ns >= rule->undelivered_after_ns;
}
