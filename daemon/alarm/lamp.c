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

static uint32_t responders_of(const struct lamp_view *view, const struct incident *incident)
{
    size_t level = incident->level < view->level_count ? incident->level : view->level_count;
    return level > 0 ? view->responders[level - 1] : 0;
}

enum indicator_pattern lamp_pattern(const struct lamp_view *view)
{
    bool alarm = false, marked = false, drill = false, test = false;
    enum incident_progress least = INCIDENT_PROGRESS_COMING;
    for (size_t i = 0; i < view->count; i++) {
        const struct incident *incidents = view->incidents[i];
        const struct incident *real = &incidents[INCIDENT_CLASS_ALARM];
        if (view->hidden[i]) {
            marked = marked || (view->marks_hidden && real->open);
            continue;
        }
        drill = drill || incidents[INCIDENT_CLASS_DRILL].open;
        test = test || incidents[INCIDENT_CLASS_TEST].open;
        if (!real->open)
            continue;
        alarm = true;
        enum incident_progress best = incident_best_progress(real, responders_of(view, real));
        if (best < least)
            least = best;
    }
    if (alarm)
        return pattern_of(least);
    if (marked)
        return view->hidden_pattern;
    if (view->health == LAMP_HEALTH_BROKEN)
        return INDICATOR_PATTERN_FAULT;
    if (view->drill || view->test)
        return view->drill ? INDICATOR_PATTERN_DRILL : INDICATOR_PATTERN_TEST;
    if (view->health == LAMP_HEALTH_DEGRADED)
        return INDICATOR_PATTERN_DEGRADED;
    return drill  ? INDICATOR_PATTERN_DRILL
           : test ? INDICATOR_PATTERN_TEST
                  : INDICATOR_PATTERN_READY;
}
