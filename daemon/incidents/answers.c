/* SPDX-License-Identifier: Apache-2.0 */
/* What receivers and their people have done with an incident. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "incidents/internal.h"

/* `had`: whether one of those who are asked had signed for it before. */
static void tell_progress(struct incidents *inc, const struct incident *incident, size_t receiver,
                          bool had)
{
    bool first = !had && incidents_is_delivered(inc, incident);
    inc->unsaved = true;
    facts_publish(inc->options.facts,
                  &(struct fact){
                      .kind = FACT_PROGRESS,
                      .u.progress = {.receiver = receiver, .incident = *incident, .first = first}});
}

static void answer(struct incidents *inc, struct incident *incident, size_t receiver,
                   enum incident_progress progress, bool rejected)
{
    bool had = incidents_is_delivered(inc, incident);
    if (incident_answer(incident, receiver, progress, rejected))
        tell_progress(inc, incident, receiver, had);
}

/* Of the newest press that receivers are told of. Which event that is a row of an older version did
 * not say. */
static bool is_of_newest(const struct incident *incident, const struct fact_delivered *delivered)
{
    return incident->told_seq == 0 ? delivered->class == EVENT_CLASS_PRESS
                                   : delivered->seq == incident->told_seq;
}

void answers_delivered(struct incidents *inc, const struct fact_delivered *delivered)
{
    struct incident *incident = panel_find(&inc->panel, delivered->alarm);
    if (!incident)
        return;
    if (incident_receipted(incident, delivered->receiver, delivered->seq))
        inc->unsaved = true;
    enum incident_progress progress =
        delivered->confirmed ? INCIDENT_PROGRESS_DELIVERED : INCIDENT_PROGRESS_UNCONFIRMED;
    bool had = incidents_is_delivered(inc, incident);
    if (!is_of_newest(incident, delivered)) {
        if (delivered->class == EVENT_CLASS_PRESS &&
            incident_advance_before(incident, delivered->receiver, progress))
            inc->unsaved = true;
    } else if (incident_advance(incident, delivered->receiver, progress)) {
        tell_progress(inc, incident, delivered->receiver, had);
    }
}

static void act_on(struct incidents *inc, struct incident *incident, size_t receiver,
                   const struct uplink_answer *taken)
{
    switch (taken->state) {
    case UPLINK_ANSWER_SEEN:
        answer(inc, incident, receiver, INCIDENT_PROGRESS_SEEN, false);
        break;
    case UPLINK_ANSWER_REJECTED:
        /* Somebody has looked at it; that they send nobody is theirs to say. */
        answer(inc, incident, receiver, INCIDENT_PROGRESS_SEEN, true);
        break;
    case UPLINK_ANSWER_COMING:
        answer(inc, incident, receiver, INCIDENT_PROGRESS_COMING, false);
        break;
    case UPLINK_ANSWER_CLOSED:
        /* While others have not, it is open; but nobody of these is coming any more. */
        answer(inc, incident, receiver, INCIDENT_PROGRESS_SEEN, incident->rejected[receiver]);
        steps_carry_out(
            inc,
            incident_answer_closed(incident, receiver,
                                   delivery_asked(inc->options.delivery, incident->level)),
            incident, taken->by, taken->note);
        break;
    }
}

static bool act_on_answer(struct sweep *sweep, struct incident *incident)
{
    /* Neither on what was pressed again meanwhile nor on a later one of the button. */
    if (incident->press_seq == sweep->press_seq)
        act_on(sweep->inc, incident, sweep->receiver, &sweep->answer);
    return !incident->open;
}

/* Also of an alarm that is not open here any more: or it would come for ever. */
static void record_answer(struct sweep *sweep)
{
    struct incidents *inc = sweep->inc;
    if (held_before(inc->apart, sweep->receiver, sweep->answer.answer_seq)) {
        held_add(inc->apart, sweep->receiver, &sweep->answer, true);
        return;
    }
    char *text = state_incidents(inc);
    events_record_answer(inc->options.events, sweep->receiver, &sweep->answer,
                         &(struct outbox_row){ROW_INCIDENTS, text});
    inc->unsaved = false;
    free(text);
}

static bool is_meant(const struct incidents *inc, const struct incident *incident,
                     const struct fact_answer *taken)
{
    const struct uplink_answer *said = &taken->answer;
    /* A number that no event has yet is not known to anybody. */
    bool is_made_up = said->says_seen && said->seen_seq >= events_next_seq(inc->options.events);
    if (!is_made_up &&
        incident_is_known(incident, taken->receiver, said->says_seen ? &said->seen_seq : NULL))
        return true;
    log_warning("receiver",
                "%s: what %s said of alarm %s is older than its last press: it counts "
                "for nothing",
                inc->options.config.receivers->items[taken->receiver].id,
                taken->answer.by[0] ? taken->answer.by : "somebody", incident->alarm);
    return false;
}

/* `is_done`: it is recorded alone. */
static void carry_out(struct incidents *inc, const struct fact_answer *taken, bool is_done)
{
    struct sweep *sweep = sweeps_new(NULL, NULL, INT64_MAX, act_on_answer);
    const struct incident *incident = panel_find(&inc->panel, taken->answer.alarm);
    sweep->over = record_answer;
    sweep->is_recorded = true;
    sweep->receiver = taken->receiver;
    sweep->answer = taken->answer;
    if (incident && !is_done && is_meant(inc, incident, taken)) {
        sweep->press_seq = incident->press_seq;
        sweeps_mean(sweep, incident);
    }
    /* What makes no event waits for nothing but what the same people said before; its record waits
     * for its turn. */
    if (taken->answer.state != UPLINK_ANSWER_CLOSED &&
        !sweeps_has(inc, record_answer, taken->receiver))
        sweeps_carry_out(inc, sweep);
    sweeps_add(inc, sweep);
}

void answers_take(struct incidents *inc, const struct fact_answer *taken)
{
    if (inc->apart && !panel_find(&inc->panel, taken->answer.alarm))
        held_add(inc->apart, taken->receiver, &taken->answer, false);
    else
        carry_out(inc, taken, false);
}

void answers_catch_up(struct incidents *inc, struct apart *apart)
{
    struct fact_answer taken;
    bool is_done;
    while (held_next(apart, &taken, &is_done)) {
        /* One that the store has was carried out by an earlier run, before later presses, say. */
        is_done = is_done || taken.answer.answer_seq <= apart->had_answer[taken.receiver];
        carry_out(inc, &taken, is_done);
    }
}

/* For its part: others may have to say so, too. */
static bool close_for(struct sweep *sweep, struct incident *incident)
{
    struct uplink_answer said = {.state = UPLINK_ANSWER_CLOSED};
    snprintf(said.by, sizeof said.by, "%s", sweep->by);
    snprintf(said.note, sizeof said.note, "%s", sweep->note);
    sweep->inc->unsaved = true;
    sweep->outcome.changed++;
    act_on(sweep->inc, incident, sweep->receiver, &said);
    return !incident->open;
}

static void reply(struct incidents *inc, size_t receiver, uint64_t ticket,
                  enum uplink_command_kind kind, const struct uplink_reply *said)
{
    log_info("receiver", "%s: %s: %s%s", inc->options.config.receivers->items[receiver].id,
             uplink_command_name(kind), said->done ? "done" : said->reason,
             said->in_memory ? ", in memory only: no disk has it as yet" : "");
    delivery_reply(inc->options.delivery, ticket, said);
}

/* Whether it may mean alarms that the store alone has, which cannot be read: all, or one by a name
 * that is not open here. */
static bool is_meant_beyond(const struct sweep *sweep)
{
    return sweep->inc->apart && (!sweep->answer.alarm[0] || sweep->outcome.changed == 0);
}

static void reply_reset(struct sweep *sweep)
{
    const struct incidents_outcome *outcome = &sweep->outcome;
    bool is_apart = is_meant_beyond(sweep);
    struct uplink_reply said = {.done = outcome->changed > 0 && outcome->pressed_again == 0 &&
                                        !is_apart,
                                .in_memory = outcome->changed > 0 && !sweep->stored};
    if (outcome->pressed_again > 0)
        snprintf(said.reason, sizeof said.reason,
                 "%zu of them stay open: their last press was not known when it was said",
                 outcome->pressed_again);
    else if (is_apart)
        snprintf(said.reason, sizeof said.reason,
                 "%zu of those known %s closed; what was open before the gateway's start is known "
                 "when its store can be read: say it again then",
                 outcome->changed, outcome->changed == 1 ? "is" : "are");
    else
        snprintf(said.reason, sizeof said.reason, "no such alarm is open");
    reply(sweep->inc, sweep->receiver, sweep->ticket, UPLINK_COMMAND_RESET, &said);
}

/* A platform that has dealt with an alarm: as an answer of its people. Of duress nothing is closed
 * that is not named. */
static void reset(struct incidents *inc, const struct fact_command *asked, int64_t at_ns)
{
    const struct uplink_command *command = &asked->command;
    struct sweep *sweep = sweeps_new(command->by, command->note, at_ns, close_for);
    const struct incident *incident = NULL;
    sweep->over = reply_reset;
    sweep->awaited = true;
    sweep->receiver = asked->receiver;
    sweep->ticket = asked->ticket;
    memcpy(sweep->answer.alarm, command->alarm, sizeof sweep->answer.alarm);
    while ((incident = panel_next_open(&inc->panel, incident))) {
        if (strcmp(incident->alarm, command->alarm) != 0 &&
            (command->alarm[0] || incident->class == INCIDENT_CLASS_DURESS))
            continue;
        if (incident_is_known(incident, asked->receiver, 0))
            sweeps_mean(sweep, incident);
        else if (command->alarm[0] ||
                 incident_ever(incident, asked->receiver) > INCIDENT_PROGRESS_HEARD)
            sweep->outcome.pressed_again++; /* else it does not know that there is one */
    }
    sweeps_add(inc, sweep);
}

void answers_obey(struct incidents *inc, const struct fact_command *asked, int64_t at_ns)
{
    struct uplink_reply said = {.done = true};
    const struct incident *incident = NULL;
    switch (asked->command.kind) {
    case UPLINK_COMMAND_RESET:
        reset(inc, asked, at_ns); /* answered when it is done */
        return;
    case UPLINK_COMMAND_GUARD:
        said.done = false;
        snprintf(said.reason, sizeof said.reason, "a panic button cannot be disarmed");
        break;
    case UPLINK_COMMAND_QUERY:
        while ((incident = panel_next_open(&inc->panel, incident)))
            said.open_alarms += incident->class == INCIDENT_CLASS_ALARM;
        said.faulty = faults_any(inc->options.faults);
        break;
    }
    reply(inc, asked->receiver, asked->ticket, asked->command.kind, &said);
}
