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

/* What is open of the incidents that a lamp shows. */
struct shown {
    bool alarm, drill, test;
    bool marked; /* a hidden alarm, for a lamp that marks these */
    enum incident_progress least;
};

static void note_alarm(const struct lamp_view *view, const struct incident *real,
                       struct shown *shown)
{
    enum incident_progress best = incident_best_progress(real, responders_of(view, real));
    shown->alarm = true;
    if (best < shown->least)
        shown->least = best;
}

static struct shown look(const struct lamp_view *view)
{
    struct shown shown = {.least = INCIDENT_PROGRESS_COMING};
    for (size_t i = 0; i < view->count; i++) {
        const struct incident *incidents = view->incidents[i];
        const struct incident *real = &incidents[INCIDENT_CLASS_ALARM];
        if (view->hidden[i]) {
            shown.marked = shown.marked || (view->marks_hidden && real->open);
            continue;
        }
        shown.drill = shown.drill || incidents[INCIDENT_CLASS_DRILL].open;
        shown.test = shown.test || incidents[INCIDENT_CLASS_TEST].open;
        if (real->open)
            note_alarm(view, real, &shown);
    }
    return shown;
}

/* Of what sends nobody. */
static enum indicator_pattern pattern_of_exercise(bool drill, bool test,
                                                  enum indicator_pattern otherwise)
{
    if (drill)
        return INDICATOR_PATTERN_DRILL;
    return test ? INDICATOR_PATTERN_TEST : otherwise;
}

enum indicator_pattern lamp_pattern(const struct lamp_view *view)
{
    struct shown shown = look(view);
    if (shown.alarm)
        return pattern_of(shown.least);
    if (shown.marked)
        return view->hidden_pattern;
    if (view->health == LAMP_HEALTH_BROKEN)
        return INDICATOR_PATTERN_FAULT;
    if (view->drill || view->test)
        return pattern_of_exercise(view->drill, view->test, INDICATOR_PATTERN_READY);
    if (view->health == LAMP_HEALTH_DEGRADED)
        return INDICATOR_PATTERN_DEGRADED;
    return pattern_of_exercise(shown.drill, shown.test, INDICATOR_PATTERN_READY);
}
