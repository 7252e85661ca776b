/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/lamp.h"

static enum indicator_pattern pattern_of(enum incident_progress progress)
{
    switch (progress) {
    case INCIDENT_PROGRESS_HEARD:
        return INDICATOR_PATTERN_HEARD;
    case INCIDENT_PROGRESS_UNCONFIRMED:
        return INDICATOR_PATTERN_UNCONFIRMED;
    case INCIDENT_PROGRESS_DELIVERED:
        return INDICATOR_PATTERN_DELIVERED;
    case INCIDENT_PROGRESS_SEEN:
        return INDICATOR_PATTERN_SEEN;
    case INCIDENT_PROGRESS_COMING:
        return INDICATOR_PATTERN_COMING;
    }
    return INDICATOR_PATTERN_HEARD;
}

enum indicator_pattern lamp_pattern(const struct lamp_view *view)
{
    bool alarm = false, test = false;
    enum incident_progress least = INCIDENT_PROGRESS_COMING;
    for (size_t i = 0; i < view->count; i++) {
        const struct incident *incident = &view->incidents[i];
        if (!incident->open || view->hidden[i])
            continue;
        if (incident->nature == INCIDENT_NATURE_TEST) {
            test = true;
            continue;
        }
        alarm = true;
        enum incident_progress best = incident_best_progress(incident, view->responders);
        if (best < least)
            least = best;
    }
    if (alarm)
        return pattern_of(least);
    if (test)
        return INDICATOR_PATTERN_TEST;
    return view->proven ? INDICATOR_PATTERN_READY : INDICATOR_PATTERN_DEGRADED;
}
