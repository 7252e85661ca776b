/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/incident.h"

#include <assert.h>
#include <string.h>

static enum incident_action press(struct incident *incident, int64_t at_ns, bool at_start,
                                  const char *fresh_id)
{
    incident->pressed = true;
    incident->last_press_ns = at_ns;
    if (incident->open) {
        incident->presses++;
        return INCIDENT_ACTION_UPDATED;
    }
    incident->open = true;
    incident->at_start = at_start;
    incident->presses = 1;
    incident->raised_ns = at_ns;
    incident->raised_wall_ms = 0;
    memcpy(incident->alarm, fresh_id, UUID_TEXT_SIZE);
    memset(incident->progress, 0, sizeof incident->progress);
    memset(incident->closing, 0, sizeof incident->closing);
    return INCIDENT_ACTION_RAISED;
}

static enum incident_action release(struct incident *incident)
{
    incident->pressed = false;
    return incident->open ? INCIDENT_ACTION_RESTORED : INCIDENT_ACTION_NONE;
}

enum incident_action incident_start(struct incident *incident, bool active, int64_t at_ns,
                                    const char fresh_id[UUID_TEXT_SIZE])
{
    if (active == incident->pressed)
        return INCIDENT_ACTION_NONE;
    return active ? press(incident, at_ns, true, fresh_id) : release(incident);
}

enum incident_action incident_level(struct incident *incident, bool active, int64_t at_ns,
                                    const char fresh_id[UUID_TEXT_SIZE])
{
    if (active == incident->pressed)
        return INCIDENT_ACTION_NONE;
    return active ? press(incident, at_ns, false, fresh_id) : release(incident);
}

enum incident_action incident_reset(struct incident *incident)
{
    if (!incident->open)
        return INCIDENT_ACTION_NONE;
    incident->open = false;
    return INCIDENT_ACTION_CLOSED;
}

bool incident_advance(struct incident *incident, size_t receiver, enum incident_progress progress)
{
    assert(receiver < INCIDENT_RECEIVERS_MAX);
    if (!incident->open || progress <= incident->progress[receiver])
        return false;
    incident->progress[receiver] = progress;
    return true;
}

enum incident_action incident_answer_closed(struct incident *incident, size_t receiver,
                                            uint32_t responders)
{
    assert(receiver < INCIDENT_RECEIVERS_MAX);
    if (!incident->open)
        return INCIDENT_ACTION_NONE;
    incident->closing[receiver] = true;
    if (!(responders & 1u << receiver))
        return INCIDENT_ACTION_NONE;
    for (size_t i = 0; i < INCIDENT_RECEIVERS_MAX; i++) {
        if ((responders & 1u << i) && !incident->closing[i])
            return INCIDENT_ACTION_NONE;
    }
    return incident_reset(incident);
}

enum incident_progress incident_best_progress(const struct incident *incident, uint32_t responders)
{
    enum incident_progress best = INCIDENT_PROGRESS_HEARD;
    for (size_t i = 0; i < INCIDENT_RECEIVERS_MAX; i++) {
        if ((responders & 1u << i) && incident->progress[i] > best)
            best = incident->progress[i];
    }
    return best;
}
