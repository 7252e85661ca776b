/* SPDX-License-Identifier: Apache-2.0 */
/* From the levels of contacts to what an input says: bounce off, two contacts against each other.
 */
#include <stdio.h>

#include "base/clock.h"
#include "inputs/internal.h"

static void on_settle(uv_timer_t *timer);

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
    facts_state_fault(in->inputs->options.facts, FAULT_LINE, in->config->id,
                      in->reason[0] ? in->reason : NULL);
    inputs_tell_line(in);
}

/* The contact's accepted level. */
static void take_contact(struct contact *c, enum input_cause cause, int64_t at_ns)
{
    struct one_input *in = c->input;
    bool closed = c->debounce.accepted;
    if (in->contact_count == 2 && pair_contact(&in->pair, (int)c->which, closed, at_ns))
        update_fault(in);
    if (c->which == INPUT_CONTACT_FIRST)
        inputs_take(in, closed != (in->config->contact == CONFIG_CONTACT_CLOSED), cause, at_ns);
}

static void arm_settle(struct one_input *in)
{
    int64_t due_ns = in->contact_count == 2 ? in->pair.due_ns : PAIR_NOT_DUE;
    for (size_t i = 0; i < in->contact_count; i++) {
        const struct contact *c = &in->contacts[i];
        if (c->known && c->debounce.due_ns < due_ns)
            due_ns = c->debounce.due_ns;
    }
    if (due_ns == INT64_MAX) {
        uv_timer_stop(&in->settle);
        return;
    }
    int64_t wait_ns = due_ns - clock_monotonic_ns();
    /* A millisecond more than needed, so that it is due when the timer comes. */
    uv_timer_start(&in->settle, on_settle, wait_ns > 0 ? (uint64_t)(wait_ns / 1000000) + 1 : 1, 0);
}

static void on_settle(uv_timer_t *timer)
{
    struct one_input *in = timer->data;
    int64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < in->contact_count; i++) {
        struct contact *c = &in->contacts[i];
        if (c->known && debounce_settle(&c->debounce, now_ns))
            take_contact(c, INPUT_CAUSE_READ, now_ns);
    }
    if (in->contact_count == 2 && pair_settle(&in->pair, now_ns))
        update_fault(in);
    arm_settle(in);
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
    } else {
        if (debounce_settle(&c->debounce, at_ns))
            take_contact(c, INPUT_CAUSE_READ, at_ns);
        if (debounce_level(&c->debounce, active, at_ns))
            take_contact(c, cause, at_ns);
    }
    arm_settle(in);
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
    snprintf(c->reason, sizeof c->reason, "%s", reason ? reason : "");
    update_fault(c->input);
}

static int open_contact(struct one_input *in, enum input_contact which, struct err *e)
{
    struct contact *c = &in->contacts[which];
    struct input_host host = {
        .on_level = on_level, .on_card = on_card, .on_fault = on_fault, .arg = c};
    c->input = in;
    c->which = which;
    int result = in->driver->open(in->config->driver.options, which, &host,
                                  in->inputs->options.loop, &c->line, e);
    return err_prefix(e, result, "input %s", in->config->id);
}

int contacts_open(struct one_input *in, struct err *e)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < in->contact_count; i++)
        result = open_contact(in, (enum input_contact)i, e);
    return result;
}

void contacts_close(struct one_input *in)
{
    for (size_t i = 0; i < in->contact_count; i++) {
        in->driver->close(in->contacts[i].line);
        in->contacts[i].line = NULL;
    }
    uv_close((uv_handle_t *)&in->settle, NULL);
    uv_close((uv_handle_t *)&in->hold, NULL);
}
