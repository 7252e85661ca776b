/* SPDX-License-Identifier: Apache-2.0 */
/* When an alarm that nobody answers asks for more: pure, from the incident and the time. */
#ifndef TOCSIN_ALARM_ESCALATION_H
#define TOCSIN_ALARM_ESCALATION_H

#include "alarm/incident.h"

struct escalation_rule {
    int64_t escalate_after_ns;    /* nobody has seen it: the next group is asked */
    int64_t undelivered_after_ns; /* no responder has signed for it: other means */
    unsigned groups;              /* the highest that there is */
};

/* `asked`: bit mask of the responders of groups 1 … incident->level. */
bool escalation_is_due(const struct incident *incident, uint32_t asked,
                       const struct escalation_rule *rule, int64_t now_ns);
bool escalation_is_undelivered(const struct incident *incident, uint32_t asked,
                               const struct escalation_rule *rule, int64_t now_ns);

#endif
