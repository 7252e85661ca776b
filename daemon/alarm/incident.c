/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/incident.h"

#include <assert.h>
#include <string.h>

/* What holds of every incident before and after each step. */
static void check(const struct incident *incident)
{
    assert(incident->class < INCIDENT_CLASSES);
    assert(!incident->open || incident->alarm[0]);
    assert(!incident->open || (incident->presses > 0 && incident->level > 0));
    (void)incident;
}

/* What only some steps may change. */
static void check_kept(const struct incident *was, const struct incident *is,
                       enum incident_action action)
{
    assert(is->button == was->button && is->class == was->class);
    assert(action == INCIDENT_ACTION_RAISED || strcmp(is->alarm, was->alarm) == 0);
    assert(action == INCIDENT_ACTION_CANCELLED || action == INCIDENT_ACTION_RAISED ||
           (action == INCIDENT_ACTION_UPDATED ? !is->cancelled : is->cancelled == was->cancelled));
    (void)was;
    (void)is;
    (void)action;
}

/* What a step may have changed, by what it says that it was. Returns that. */
static enum incident_action done(const struct incident *was, const struct incident *is,
                                 enum incident_action action)
{
    check(is);
    check_kept(was, is, action);
    switch (action) {
    case INCIDENT_ACTION_NONE:
        assert(is->open == was->open && is->presses == was->presses);
        break;
    case INCIDENT_ACTION_RAISED:
        assert(!was->open && is->open && is->presses == 1);
        break;
    case INCIDENT_ACTION_UPDATED:
        assert(was->open && is->open && is->held && is->presses == was->presses + 1);
        break;
    case INCIDENT_ACTION_RESTORED:
        assert(is->open && was->held && !is->held);
        break;
    case INCIDENT_ACTION_CANCELLED:
        assert(is->open && !was->cancelled && is->cancelled);
        break;
    case INCIDENT_ACTION_ESCALATED:
        assert(is->open && is->level == was->level + 1);
        break;
    case INCIDENT_ACTION_CLOSED:
        assert(was->open && !is->open);
        break;
    }
    return action;
}

enum incident_action incident_press(struct incident *incident, int64_t at_ns, bool at_start,
                                    const char fresh_id[UUID_TEXT_SIZE])
{
    const struct incident was = *incident;
    check(&was);
    incident->held = true;
    incident->last_press_ns = at_ns;
    if (incident->open) {
        incident->presses++;
        /* These were said of the presses before. */
        incident->cancelled = false;
        memset(incident->closing, 0, sizeof incident->closing);
        memset(incident->has_press, 0, sizeof incident->has_press);
        incident->press_seq = 0;
        return done(&was, incident, INCIDENT_ACTION_UPDATED);
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
                                  .last_press_ns = at_ns,
                                  .waits_ns = at_ns};
    memcpy(incident->alarm, fresh_id, UUID_TEXT_SIZE);
    return done(&was, incident, INCIDENT_ACTION_RAISED);
}

bool incident_tell_press(struct incident *incident, uint64_t seq, bool is_counted, uint32_t asked)
{
    enum incident_progress best = incident_best_progress(incident, UINT32_MAX);
    bool was_delivered = incident_best_progress(incident, asked) >= INCIDENT_PROGRESS_DELIVERED;
    incident->press_seq = incident->told_seq = seq;
    for (size_t i = 0; i < LIMIT_RECEIVERS && !is_counted; i++) {
        incident->before[i] = (uint8_t)incident_ever(incident, i);
        incident->progress[i] = INCIDENT_PROGRESS_HEARD;
        incident->rejected[i] = false;
    }
    /* Of one that nobody had in time that is told already; whoever presses again and again must
     * not put off that, nor who is asked next. */
    if (was_delivered) {
        incident->undelivered = false;
        incident->waits_ns = incident->last_press_ns;
    }
    if (best >= INCIDENT_PROGRESS_SEEN)
        incident->level_ns = incident->last_press_ns;
    return best >= INCIDENT_PROGRESS_SEEN;
}

enum incident_action incident_release(struct incident *incident)
{
    const struct incident was = *incident;
    check(&was);
    bool counted = incident->open && incident->held;
    incident->held = false;
    return done(&was, incident, counted ? INCIDENT_ACTION_RESTORED : INCIDENT_ACTION_NONE);
}

enum incident_action incident_reset(struct incident *incident)
{
    const struct incident was = *incident;
    check(&was);
    if (!incident->open)
        return done(&was, incident, INCIDENT_ACTION_NONE);
    incident->open = false;
    return done(&was, incident, INCIDENT_ACTION_CLOSED);
}

enum incident_action incident_cancel(struct incident *incident, int64_t now_ns, int64_t window_ns)
{
    const struct incident was = *incident;
    check(&was);
    if (!incident->open || incident->cancelled || incident->raised_ns == 0 ||
        now_ns < incident->last_press_ns || /* it was said before this press */
        now_ns - incident->raised_ns > window_ns)
        return done(&was, incident, INCIDENT_ACTION_NONE);
    incident->cancelled = true;
    return done(&was, incident, INCIDENT_ACTION_CANCELLED);
}

enum incident_action incident_escalate(struct incident *incident, int64_t now_ns)
{
    const struct incident was = *incident;
    check(&was);
    if (!incident->open)
        return done(&was, incident, INCIDENT_ACTION_NONE);
    incident->level++;
    incident->level_ns = now_ns;
    return done(&was, incident, INCIDENT_ACTION_ESCALATED);
}

bool incident_advance(struct incident *incident, size_t receiver, enum incident_progress progress)
{
    assert(receiver < LIMIT_RECEIVERS);
    if (!incident->open || progress <= incident->progress[receiver])
        return false;
    incident->progress[receiver] = (uint8_t)progress;
    return true;
}

bool incident_advance_before(struct incident *incident, size_t receiver,
                             enum incident_progress progress)
{
    assert(receiver < LIMIT_RECEIVERS);
    if (!incident->open || progress <= incident->before[receiver])
        return false;
    incident->before[receiver] = (uint8_t)progress;
    return true;
}

bool incident_receipted(struct incident *incident, size_t receiver, uint64_t seq)
{
    assert(receiver < LIMIT_RECEIVERS);
    if (!incident->open || seq == 0 || seq != incident->press_seq || incident->has_press[receiver])
        return false;
    incident->has_press[receiver] = true;
    return true;
}

bool incident_is_known(const struct incident *incident, size_t receiver, const uint64_t *seen_seq)
{
    assert(receiver < LIMIT_RECEIVERS);
    if (incident->press_seq == 0)
        return false;
    return seen_seq ? *seen_seq >= incident->press_seq : incident->has_press[receiver];
}

bool incident_answer(struct incident *incident, size_t receiver, enum incident_progress progress,
                     bool rejected)
{
    assert(receiver < LIMIT_RECEIVERS && progress >= INCIDENT_PROGRESS_SEEN);
    if (!incident->open ||
        (progress == incident->progress[receiver] && rejected == incident->rejected[receiver] &&
         !incident->closing[receiver]))
        return false;
    incident->progress[receiver] = (uint8_t)progress;
    incident->rejected[receiver] = rejected;
    incident->closing[receiver] = false;
    return true;
}

enum incident_action incident_answer_closed(struct incident *incident, size_t receiver,
                                            uint32_t responders)
{
    const struct incident was = *incident;
    check(&was);
    assert(receiver < LIMIT_RECEIVERS);
    if (!incident->open)
        return done(&was, incident, INCIDENT_ACTION_NONE);
    incident->closing[receiver] = true;
    if (!(responders & 1u << receiver))
        return done(&was, incident, INCIDENT_ACTION_NONE);
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++) {
        if ((responders & 1u << i) && !incident->closing[i])
            return done(&was, incident, INCIDENT_ACTION_NONE);
    }
    return incident_reset(incident);
}

enum incident_progress incident_best_progress(const struct incident *incident, uint32_t responders)
{
    enum incident_progress best = INCIDENT_PROGRESS_HEARD;
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++) {
        if ((responders & 1u << i) && incident->progress[i] > best)
            best = (enum incident_progress)incident->progress[i];
    }
    return best;
}

enum incident_progress incident_ever(const struct incident *incident, size_t receiver)
{
    uint8_t now = incident->progress[receiver], before = incident->before[receiver];
    return (enum incident_progress)(now > before ? now : before);
}
