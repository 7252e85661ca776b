/* SPDX-License-Identifier: Apache-2.0 */
/* What receivers and their people have done with an incident. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "incidents/internal.h"

/* Whether nobody who is asked has it yet, and this is one of them. */
static bool is_first(const struct incidents *inc, const struct incident *incident, size_t receiver)
{
    return (delivery_asked(inc->options.delivery, incident->level) >> receiver & 1) &&
           !incidents_is_delivered(inc, incident);
}

static void tell_progress(struct incidents *inc, const struct incident *incident, size_t receiver,
                          bool first)
{
    inc->unsaved = true;
    facts_publish(inc->options.facts,
                  &(struct fact){
                      .kind = FACT_PROGRESS,
                      .u.progress = {.receiver = receiver, .incident = *incident, .first = first}});
}

static void answer(struct incidents *inc, struct incident *incident, size_t receiver,
                   enum incident_progress progress, bool rejected)
{
    bool first = is_first(inc, incident, receiver);
    if (incident_answer(incident, receiver, progress, rejected))
        tell_progress(inc, incident, receiver, first);
}

void answers_delivered(struct incidents *inc, const struct fact_delivered *delivered)
{
    struct incident *incident = panel_find(&inc->panel, delivered->alarm);
    if (!incident || delivered->class != EVENT_CLASS_PRESS)
        return;
    bool first = is_first(inc, incident, delivered->receiver);
    if (incident_advance(incident, delivered->receiver,
                         delivered->confirmed ? INCIDENT_PROGRESS_DELIVERED
                                              : INCIDENT_PROGRESS_UNCONFIRMED))
        tell_progress(inc, incident, delivered->receiver, first);
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

void answers_take(struct incidents *inc, const struct fact_answer *taken)
{
    struct incident *incident = panel_find(&inc->panel, taken->answer.alarm);
    if (incident) /* else closed here meanwhile; the answer is recorded all the same */
        act_on(inc, incident, taken->receiver, &taken->answer);
    char *text = state_incidents(inc);
    events_record_answer(inc->options.events, taken->receiver, &taken->answer,
                         &(struct outbox_row){ROW_INCIDENTS, text});
    inc->unsaved = false;
    free(text);
}

/* A platform that has dealt with an alarm: as an answer of its people. Of duress nothing is closed
 * that is not named. */
static bool reset(struct incidents *inc, size_t receiver, const struct uplink_command *command)
{
    struct uplink_answer answer = {.state = UPLINK_ANSWER_CLOSED};
    struct incident *incident = NULL;
    bool any = false;
    memcpy(answer.by, command->by, sizeof answer.by);
    memcpy(answer.note, command->note, sizeof answer.note);
    while ((incident = panel_next_open(&inc->panel, incident))) {
        bool named = strcmp(incident->alarm, command->alarm) == 0;
        if (!named && (command->alarm[0] || incident->class == INCIDENT_CLASS_DURESS))
            continue;
        inc->unsaved = true; /* that it says so counts, even if others must say so, too */
        act_on(inc, incident, receiver, &answer);
        any = true;
    }
    return any;
}

void answers_obey(struct incidents *inc, const struct fact_command *asked)
{
    const char *id = inc->options.config.receivers->items[asked->receiver].id;
    struct uplink_reply reply = {.done = true};
    const struct incident *incident = NULL;
    switch (asked->command.kind) {
    case UPLINK_COMMAND_RESET:
        reply.done = reset(inc, asked->receiver, &asked->command);
        snprintf(reply.reason, sizeof reply.reason, "no such alarm is open");
        break;
    case UPLINK_COMMAND_GUARD:
        reply.done = false;
        snprintf(reply.reason, sizeof reply.reason, "a panic button cannot be disarmed");
        break;
    case UPLINK_COMMAND_QUERY:
        while ((incident = panel_next_open(&inc->panel, incident)))
            reply.open_alarms += incident->class == INCIDENT_CLASS_ALARM;
        reply.faulty = faults_any(inc->options.faults);
        break;
    }
    log_info("receiver", "%s: command %d: %s", id, (int)asked->command.kind,
             reply.done ? "done" : reply.reason);
    delivery_reply(inc->options.delivery, asked->ticket, &reply);
}
