/* SPDX-License-Identifier: Apache-2.0 */
/* From the levels of contacts to what an input says: bounce off, two contacts against each other.
 */
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "inputs/internal.h"

/* A line is good when all its contacts were read and none waits for the other: what was told before
 * a restart is not taken back before that. */
static void state_line(struct one_input *in)
{
    bool waits = in->contact_count == 2 && (in->move_count > 0 || in->pair.due_ns != PAIR_NOT_DUE);
    bool was_good = in->line_good;
    in->line_good = inputs_is_good(in) && (was_good || !waits);
    if (in->reason[0] || in->line_good != was_good)
        facts_state_fault(in->inputs->options.facts, FAULT_LINE, in->config->id,
                          in->reason[0] ? in->reason : NULL);
}

/* What is wrong with the contacts by themselves, or with what they say together. */
static void update_fault(struct one_input *in)
{
    const char *together = in->contact_count == 2 ? pair_fault_text(in->pair.fault) : NULL;
    snprintf(in->reason, sizeof in->reason, "%s", together ? together : "");
    for (size_t i = in->contact_count; i-- > 0;) {
        if (in->contacts[i].broken)
            snprintf(in->reason, sizeof in->reason, "%s%s", i == 1 ? "second contact: " : "",
                     in->contacts[i].reason);
    }
    state_line(in);
    inputs_tell_line(in);
}

static void take_move(struct one_input *in, const struct contact_move *move)
{
    if (pair_settle(&in->pair, move->at_ns))
        update_fault(in); /* told, though this move may end it */
    if (pair_contact(&in->pair, (int)move->which, move->closed, move->at_ns))
        update_fault(in);
}

static void take_oldest_move(struct one_input *in)
{
    const struct contact_move oldest = in->moves[0];
    memmove(in->moves, in->moves + 1, --in->move_count * sizeof *in->moves);
    take_move(in, &oldest);
}

/* Of two contacts each tells all that it has seen, one after the other: what they say together is
 * looked at in the order in which it was, when both have told. No press waits for that. */
static void keep_move(struct one_input *in, const struct contact_move *move)
{
    if (in->move_count == MOVES_KEPT)
        take_oldest_move(in);
    size_t at = in->move_count++;
    for (; at > 0 && in->moves[at - 1].at_ns > move->at_ns; at--)
        in->moves[at] = in->moves[at - 1];
    in->moves[at] = *move;
}

/* The contact's accepted level. */
static void take_contact(struct contact *c, enum input_cause cause, int64_t at_ns)
{
    struct one_input *in = c->input;
    bool closed = c->debounce.accepted;
    if (in->contact_count == 2)
        keep_move(in, &(struct contact_move){.which = c->which, .closed = closed, .at_ns = at_ns});
    if (c->which == INPUT_CONTACT_FIRST)
        inputs_take(in, closed != (in->config->contact == CONFIG_CONTACT_CLOSED), cause, at_ns);
}

/* What the contact has come to rest at, as of when it did: a hold or an edge that came after that
 * finds it so, however late it is looked at. */
static void settle_contact(struct contact *c, int64_t until_ns)
{
    int64_t due_ns = c->debounce.due_ns;
    if (c->known && debounce_settle(&c->debounce, until_ns))
        take_contact(c, INPUT_CAUSE_READ, due_ns);
}

static void ask_to_settle(struct one_input *in)
{
    struct after_poll *after_poll = &in->inputs->after_poll;
    for (size_t i = 0; i < in->contact_count; i++) {
        if (in->contacts[i].known)
            after_poll_by(after_poll, in->contacts[i].debounce.due_ns);
    }
    if (in->contact_count == 2)
        after_poll_by(after_poll, in->pair.due_ns);
    if (in->move_count > 0)
        after_poll_by(after_poll, in->moves[0].at_ns);
}

void contacts_settle(struct one_input *in, int64_t until_ns)
{
    for (size_t i = 0; i < in->contact_count; i++)
        settle_contact(&in->contacts[i], until_ns);
    while (in->move_count > 0 && in->moves[0].at_ns <= until_ns)
        take_oldest_move(in);
    if (in->contact_count == 2 && pair_settle(&in->pair, until_ns))
        update_fault(in);
    if (!in->line_good && inputs_is_good(in))
        state_line(in);
    ask_to_settle(in);
}

static void on_level(void *arg, bool active, int64_t at_ns, enum input_cause cause)
{
    struct contact *c = arg;
    struct one_input *in = c->input;
    if (!c->known) {
        c->known = true;
        debounce_init(&c->debounce, in->config->debounce_ms * 1000000, active);
        take_contact(c, INPUT_CAUSE_START, at_ns);
        inputs_tell_line(in);
        state_line(in);
    } else {
        settle_contact(c, at_ns);
        if (debounce_level(&c->debounce, active, at_ns))
            take_contact(c, cause, at_ns);
    }
    ask_to_settle(in);
}

static void on_card(void *arg, const char *digits, int64_t at_ns)
{
    struct contact *c = arg;
    (void)at_ns;
    key_switches_card(c->input, digits);
}

static void on_fault(void *arg, const char *reason)
{
    struct contact *c = arg;
    c->broken = reason != NULL;
    encode_copy_utf8(c->reason, sizeof c->reason, reason);
    update_fault(c->input);
}

/* One that cannot be opened must not make the others deaf. */
static void open_contact(struct one_input *in, enum input_contact which)
{
    struct contact *c = &in->contacts[which];
    struct err e;
    struct input_host host = {
        .on_level = on_level, .on_card = on_card, .on_fault = on_fault, .arg = c};
    c->input = in;
    c->which = which;
    if (in->driver->open(in->config->driver.options, which, &host, in->inputs->options.loop,
                         &c->line, &e) == 0)
        return;
    c->line = NULL;
    log_error("input", "%s: %s", in->config->id, e.text);
    on_fault(c, e.text);
}

void contacts_open(struct one_input *in)
{
    for (size_t i = 0; i < in->contact_count; i++)
        open_contact(in, (enum input_contact)i);
}

void contacts_close(struct one_input *in)
{
    for (size_t i = 0; i < in->contact_count; i++) {
        in->driver->close(in->contacts[i].line);
        in->contacts[i].line = NULL;
    }
    uv_close((uv_handle_t *)&in->hold, NULL);
}
