/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/incident.h"

#include <assert.h>
#include <string.h>

enum incident_action incident_press(struct incident *incident, int64_t at_ns, bool at_start,
                                    const char fresh_id[UUID_TEXT_SIZE])
{
    incident->held = true;
    incident->last_press_ns = at_ns;
    if (incident->open) {
        incident->presses++;
        return INCIDENT_ACTION_UPDATED;
    }
    *incident = (struct incident){.button = incident->button,
                                  .class = incident->class,
                                  .open = true,
                                  .held = true,
                                  .at_start = at_start,
                                  .presses = 1,
                                  .level = 1,
                                  .level_ns = at_ns,
                                  .raised_ns = at_ns,
                                  .last_press_ns = at_ns};
    memcpy(incident->alarm, fresh_id, UUID_TEXT_SIZE);
    return INCIDENT_ACTION_RAISED;
}

enum incident_action incident_release(struct incident *incident)
{
    bool counted = incident->open && incident->held;
    incident->held = false;
    return counted ? INCIDENT_ACTION_RESTORED : INCIDENT_ACTION_NONE;
}

enum incident_action incident_reset(struct incident *incident)
{
    if (!incident->open)
        return INCIDENT_ACTION_NONE;
    incident->open = false;
    return INCIDENT_ACTION_CLOSED;
}

enum incident_action incident_cancel(struct incident *incident, int64_t now_ns, int64_t window_ns)
{
    if (!incident->open || incident->cancelled || incident->raised_ns == 0 ||
        now_ns < incident->last_press_ns || /* it was said before this press */
        now_ns - incident->raised_ns > window_ns)
        return INCIDENT_ACTION_NONE;
    incident->cancelled = true;
    return INCIDENT_ACTION_CANCELLED;
}

enum incident_action incident_escalate(struct incident *incident, int64_t now_ns)
{
    if (!incident->open)
        return INCIDENT_ACTION_NONE;
    incident->level++;
    incident->level_ns = now_ns;
    return INCIDENT_ACTION_ESCALATED;
}

bool incident_advance(struct incident *incident, size_t receiver, enum incident_progress progress)
{
    assert(receiver < LIMIT_RECEIVERS);
    if (!incident->open || progress <= incident->progress[receiver])
        return false;
    incident->progress[receiver] = progress;
    return true;
}

enum incident_action incident_answer_closed(struct incident *incident, size_t receiver,
                                            uint32_t responders)
{
    assert(receiver < LIMIT_RECEIVERS);
    if (!incident->open)
        return INCIDENT_ACTION_NONE;
    incident->closing[receiver] = true;
    if (!(responders & 1u << receiver))
        return INCIDENT_ACTION_NONE;
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++) {
        if ((responders & 1u << i) && !incident->closing[i])
            return INCIDENT_ACTION_NONE;
    }
    return incident_reset(incident);
}

enum incident_progress incident_best_progress(const struct incident *incident, uint32_t responders)
{
    enum incident_progress best = INCIDENT_PROGRESS_HEARD;
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++) {
        if ((responders & 1u << i) && incident->progress[i] > best)
            best = incident->progress[i];
    }
    return best;
}
