/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that a receiver refuses: listed, and given up by a person. What could still be taken is
 * not given up by a slip: nothing of an alarm that is open, nothing that is refused for a moment
 * only, and of an alarm nothing that is not named twice, by its number and by its alarm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "iface/limits.h"
#include "operate/internal.h"

#define LIST_DEFAULT 50

struct found {
    size_t count, room;
    struct delivery_refused *all;
};

static void add(void *arg, const struct delivery_refused *refused)
{
    struct found *found = arg;
    if (found->count == found->room) {
        found->room = found->room ? 2 * found->room : 64;
        found->all = realloc(found->all, found->room * sizeof *found->all);
        if (!found->all)
            abort();
    }
    found->all[found->count++] = *refused;
}

/* The newest first. */
static int compare(const void *a, const void *b)
{
    const struct delivery_refused *left = a, *right = b;
    if (left->seq != right->seq)
        return left->seq < right->seq ? 1 : -1;
    return (left->receiver > right->receiver) - (left->receiver < right->receiver);
}

static const char *id_of(const struct operate *op, size_t receiver)
{
    return op->options.config.receivers->items[receiver].id;
}

static void write_since(const struct operate *op, const struct delivery_refused *r,
                        char ret_text[CLOCK_TEXT_SIZE])
{
    struct clock_stamp since = events_stamp(op->options.events, r->since_ms * 1000000);
    clock_format_utc(since.wall_ms, ret_text);
}

static json_t *describe(const struct operate *op, const struct delivery_refused *r)
{
    char since[CLOCK_TEXT_SIZE];
    write_since(op, r, since);
    return json_pack("{sI,ss,ss,ss,ss,ss,ss,sI,sb}", "seq", (json_int_t)r->seq, "id", r->id, "type",
                     r->type, "alarm", r->alarm, "receiver", id_of(op, r->receiver), "reason",
                     r->reason, "since", since, "attempts", (json_int_t)r->attempts, "for_good",
                     r->for_good);
}

void refused_list(void *arg, struct control_request *request, const json_t *arguments)
{
    const struct operate *op = arg;
    struct found found = {0};
    int64_t limit = LIST_DEFAULT;
    if (!queries_read_number(request, arguments, "limit", 1, LIMIT_LISTED, &limit))
        return;
    delivery_each_refused(op->options.delivery, add, &found);
    if (found.count > 0)
        qsort(found.all, found.count, sizeof *found.all, compare);
    json_t *events = json_array();
    for (size_t i = 0; i < found.count && i < (size_t)limit; i++)
        json_array_append_new(events, describe(op, &found.all[i]));
    control_reply(request,
                  json_pack("{so,sI}", "events", events, "total", (json_int_t)found.count));
    free(found.all);
}

static bool is_open(const struct operate *op, const char *alarm)
{
    const struct incident *incident = NULL;
    while ((incident = incidents_next_open(op->options.incidents, incident)) &&
           strcmp(alarm, incident->alarm) != 0)
        ;
    return incident;
}

/* Whether a person may give it up; false after an answer. */
static bool may_give_up(const struct operate *op, struct control_request *request,
                        const json_t *arguments, const struct delivery_refused *r)
{
    const char *named = json_string_value(json_object_get(arguments, "alarm"));
    unsigned long long seq = r->seq;
    if (named && strcmp(named, r->alarm) != 0)
        control_fail(request, "event %llu is not of alarm %.60s", seq, named);
    else if (r->alarm[0] && is_open(op, r->alarm))
        control_fail(request,
                     "event %llu is of an alarm that is open: nothing of that is given up "
                     "(tocsin reset closes it)",
                     seq);
    else if (r->alarm[0] && !incidents_known(op->options.incidents))
        control_fail(request,
                     "event %llu may be of an alarm that is open: not every one of before "
                     "the start is known (tocsin status says why)",
                     seq);
    else if (!r->for_good)
        control_fail(request,
                     "%s may take event %llu yet: it can be given up when it was refused "
                     "for a minute, or one of an alarm for ten (%s)",
                     id_of(op, r->receiver), seq, r->reason);
    else if (strncmp(r->type, "tocsin.alarm.", strlen("tocsin.alarm.")) == 0 && !named)
        control_fail(request,
                     "event %llu is of a real alarm, of which %s may have heard nothing: "
                     "name that, too (--alarm ALARM; tocsin events list --refused shows "
                     "it)",
                     seq, id_of(op, r->receiver));
    else if (r->in_flight)
        control_fail(request, "event %llu is being tried at this moment: ask again", seq);
    else if (!events_have_room(op->options.events))
        control_fail(request, "the disk is full: the event that tells of it would find no room "
                              "(tocsin status)");
    else
        return true;
    return false;
}

static json_t *make_data(const struct operate *op, const struct delivery_refused *r,
                         const char *who, const char *note)
{
    char since[CLOCK_TEXT_SIZE];
    write_since(op, r, since);
    return json_pack("{s{sI,ss,ss,ss*},ss,ss,ss,sI,ss,ss}", "event", "seq", (json_int_t)r->seq,
                     "id", r->id, "type", r->type, "alarm", r->alarm[0] ? r->alarm : NULL,
                     "receiver", id_of(op, r->receiver), "reason", r->reason, "since", since,
                     "attempts", (json_int_t)r->attempts, "by", who, "note", note);
}

/* The number of the event that tells of it; 0: it could not be made, and nothing was done. */
static uint64_t give_up(struct operate *op, const struct delivery_refused *r, const char *who,
                        const char *note, char *row)
{
    uint64_t seq =
        events_emit(op->options.events,
                    &(struct events_new){.type = "tocsin.delivery.given_up",
                                         .class = EVENT_CLASS_FOLLOWUP,
                                         .alarm = "",
                                         .at_ns = clock_monotonic_ns(),
                                         .data = make_data(op, r, who, note),
                                         .row = &(struct outbox_row){DELIVERY_GIVEN_UP_ROW, row}});
    if (seq == 0)
        return 0;
    log_warning("dispatch", "event %llu (%s) is given up for %s by %s: %s",
                (unsigned long long)r->seq, r->type, id_of(op, r->receiver), who, note);
    delivery_give_up(op->options.delivery, r->receiver, r->seq);
    return seq;
}

static json_t *given_up(uint64_t seq, const char *receiver)
{
    return json_pack("{sI,ss}", "given_up", (json_int_t)seq, "receiver", receiver);
}

static json_t *given_up_before(uint64_t seq, const char *receiver)
{
    json_t *answer = given_up(seq, receiver);
    json_object_set_new(answer, "already", json_true());
    return answer;
}

static void give_up_one(struct operate *op, struct control_request *request,
                        const json_t *arguments, const struct delivery_refused *r)
{
    char who[300], note[LIMIT_TEXT_BYTES + 1];
    char *row;
    if (!may_give_up(op, request, arguments, r))
        return;
    if (!(row = delivery_given_up_row(op->options.delivery, r->receiver, r->seq))) {
        control_fail(request,
                     "%d events were given up since tocsind was started: no more until it "
                     "is started anew",
                     LIMIT_GIVEN_UP);
        return;
    }
    operate_name_who(request, arguments, who, sizeof who);
    encode_copy_utf8(note, sizeof note, json_string_value(json_object_get(arguments, "note")));
    json_t *answer = given_up(r->seq, id_of(op, r->receiver));
    uint64_t told = give_up(op, r, who, note, row);
    json_object_set_new(answer, "event", json_integer((json_int_t)told));
    free(row);
    if (told > 0) {
        replies_when_kept(op, request, answer);
        return;
    }
    json_decref(answer);
    control_fail(request,
                 "the event that tells of it could not be made (the log says why): nothing "
                 "was given up");
}

/* Nothing of it is pending for them: what does the store say? */
static void explain_stored(struct control_request *request, const json_t *arguments,
                           const json_t *event)
{
    const char *named = json_string_value(json_object_get(arguments, "receiver"));
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(arguments, "seq"));
    const char *id = NULL, *state = "";
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(event, "receivers"), i, one)
    {
        const char *this = json_string_value(json_object_get(one, "id"));
        if (!this || (named && strcmp(this, named) != 0) || strcmp(state, "given-up") == 0)
            continue;
        id = this;
        state = json_string_value(json_object_get(one, "state"));
    }
    if (!event)
        control_fail(request, "no event %llu here (tocsin events list)", (unsigned long long)seq);
    else if (!id)
        control_fail(request, "event %llu is not for %s", (unsigned long long)seq,
                     named ? named : "any receiver");
    else if (strcmp(state, "given-up") == 0)
        control_reply(request, given_up_before(seq, id));
    else if (strcmp(state, "pending") == 0)
        control_fail(request, "event %llu waits for %s and is not refused", (unsigned long long)seq,
                     id);
    else
        control_fail(request, "%s has event %llu already: there is nothing to give up",
                     named ? named : "every receiver", (unsigned long long)seq);
}

/* What the receivers that are meant say of an event. */
struct standings {
    size_t refusing, given_up, waiting; /* how many */
    size_t first_given_up, first_waiting;
    struct delivery_refused refused; /* by the first that does */
};

static void look_at(const struct operate *op, size_t receiver, uint64_t seq, struct standings *s)
{
    struct delivery_refused refused;
    switch (delivery_look(op->options.delivery, receiver, seq, &refused)) {
    case DELIVERY_STANDING_NONE:
        break;
    case DELIVERY_STANDING_WAITS:
        if (s->waiting++ == 0)
            s->first_waiting = receiver;
        break;
    case DELIVERY_STANDING_REFUSED:
        if (s->refusing++ == 0)
            s->refused = refused;
        break;
    case DELIVERY_STANDING_GIVEN_UP:
        if (s->given_up++ == 0)
            s->first_given_up = receiver;
        break;
    }
}

/* False after an answer: there is no such receiver. */
static bool look_at_all(const struct operate *op, struct control_request *request,
                        const json_t *arguments, uint64_t seq, struct standings *ret_standings)
{
    const struct config_receivers *receivers = op->options.config.receivers;
    const char *named = json_string_value(json_object_get(arguments, "receiver"));
    bool is_known = !named;
    for (size_t i = 0; i < receivers->count; i++) {
        if (named && strcmp(receivers->items[i].id, named) != 0)
            continue;
        is_known = true;
        look_at(op, i, seq, ret_standings);
    }
    if (!is_known)
        control_fail(request, "no receiver %.60s here (tocsin status names them)", named);
    return is_known;
}

/* Who does it and why is part of what everybody is told; false after an answer. */
static bool read_order(struct control_request *request, const json_t *arguments, int64_t *ret_seq)
{
    const char *by = json_string_value(json_object_get(arguments, "by"));
    const char *note = json_string_value(json_object_get(arguments, "note"));
    if (!queries_read_number(request, arguments, "seq", 1, INT64_MAX, ret_seq))
        return false;
    if (*ret_seq > 0 && by && by[0] && note && note[0])
        return true;
    control_fail(request, "say which event, who gives it up, and why: tocsin events give-up SEQ "
                          "--by NAME --note TEXT");
    return false;
}

void refused_give_up(void *arg, struct control_request *request, const json_t *arguments)
{
    struct operate *op = arg;
    struct standings s = {0};
    int64_t seq = 0;
    if (!read_order(request, arguments, &seq) ||
        !look_at_all(op, request, arguments, (uint64_t)seq, &s))
        return;
    if (s.refusing > 1)
        control_fail(request,
                     "%zu receivers refuse event %lld: say for which of them it is given "
                     "up (--receiver NAME)",
                     s.refusing, (long long)seq);
    else if (s.refusing == 1)
        give_up_one(op, request, arguments, &s.refused);
    else if (s.given_up > 0)
        replies_when_kept(op, request, given_up_before((uint64_t)seq, id_of(op, s.first_given_up)));
    else if (s.waiting > 0)
        control_fail(request,
                     "event %lld waits for %s and is not refused: it is tried until it is "
                     "there",
                     (long long)seq, id_of(op, s.first_waiting));
    else
        queries_look_up(op, request, arguments, (uint64_t)seq, explain_stored);
}
