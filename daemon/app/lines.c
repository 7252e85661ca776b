/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"
#include "drivers/input/inputs.h"

static void on_settle(uv_timer_t *timer);

static bool is_known(const struct gateway_input *in)
{
    bool known = true;
    for (size_t i = 0; i < in->contact_count; i++)
        known = known && in->contacts[i].known;
    return known || in->config->kind == CONFIG_INPUT_CARD;
}

bool lines_is_good(const struct gateway_input *in)
{
    return is_known(in) && in->reason[0] == '\0';
}

/* What is wrong with the contacts by themselves, or with what they say together. */
static void update_fault(struct gateway_input *in)
{
    const char *together = in->contact_count == 2 ? pair_fault_text(in->pair.fault) : NULL;
    snprintf(in->reason, sizeof in->reason, "%s", together ? together : "");
    for (size_t i = in->contact_count; i-- > 0;) {
        if (in->contacts[i].broken)
            snprintf(in->reason, sizeof in->reason, "%s%s", i == 1 ? "second contact: " : "",
                     in->contacts[i].reason);
    }
    faults_set(in->gateway, "line", in->config->id, in->reason[0] ? in->reason : NULL);
}

static void on_hold_over(uv_timer_t *timer)
{
    lines_release(timer->data);
}

static void take_active(struct gateway_input *in, bool active, enum input_cause cause,
                        int64_t at_ns)
{
    if (in->active != active)
        in->active_since_ms = clock_monotonic_ms();
    in->active = active;
    if (active && in->hold_ms > 0)
        uv_timer_start(&in->hold, on_hold_over, (uint64_t)in->hold_ms, 0);
    in->hold_ms = 0;
    if (config_input_is_button(in->config->kind))
        presses_level(in, active, cause, at_ns);
    else
        keys_level(in, active, cause);
}

/* The contact's accepted level. */
static void take_contact(struct gateway_contact *c, enum input_cause cause, int64_t at_ns)
{
    struct gateway_input *in = c->input;
    bool closed = c->debounce.accepted;
    if (in->contact_count == 2 && pair_contact(&in->pair, (int)c->which, closed, at_ns))
        update_fault(in);
    if (c->which == INPUT_CONTACT_FIRST)
        take_active(in, closed != (in->config->contact == CONFIG_CONTACT_CLOSED), cause, at_ns);
}

static void arm_settle(struct gateway_input *in)
{
    int64_t due_ns = in->contact_count == 2 ? in->pair.due_ns : PAIR_NOT_DUE;
    for (size_t i = 0; i < in->contact_count; i++) {
        const struct gateway_contact *c = &in->contacts[i];
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
    struct gateway_input *in = timer->data;
    int64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < in->contact_count; i++) {
        struct gateway_contact *c = &in->contacts[i];
        if (c->known && debounce_settle(&c->debounce, now_ns))
            take_contact(c, INPUT_CAUSE_READ, now_ns);
    }
    if (in->contact_count == 2 && pair_settle(&in->pair, now_ns))
        update_fault(in);
    arm_settle(in);
}

static void on_level(void *arg, bool active, int64_t at_ns, enum input_cause cause)
{
    struct gateway_contact *c = arg;
    struct gateway_input *in = c->input;
    if (!c->known) {
        c->known = true;
        debounce_init(&c->debounce, in->config->debounce_ms * 1000000, active);
        take_contact(c, INPUT_CAUSE_START, at_ns);
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
    struct gateway_contact *c = arg;
    (void)at_ns;
    keys_card(c->input, digits);
}

static void on_fault(void *arg, const char *reason)
{
    struct gateway_contact *c = arg;
    c->broken = reason != NULL;
    snprintf(c->reason, sizeof c->reason, "%s", reason ? reason : "");
    update_fault(c->input);
}

void lines_simulate(struct gateway_input *in, int64_t hold_ms, struct control_request *request)
{
    if (in->press_request || in->active) {
        control_fail(request, "input %s is still pressed; release it first (tocsin release %s)",
                     in->config->id, in->config->id);
        return;
    }
    /* So soon after a release this is bounce until the line has settled: the answer comes then. */
    in->press_request = request;
    in->hold_ms = hold_ms;
    in->driver->simulate(in->contacts[0].line, in->config->contact == CONFIG_CONTACT_OPEN);
}

void lines_release(struct gateway_input *in)
{
    uv_timer_stop(&in->hold);
    in->hold_ms = 0;
    in->driver->simulate(in->contacts[0].line, in->config->contact == CONFIG_CONTACT_CLOSED);
}

/* A button that cannot raise another alarm, because it never comes up. */
static void check_stuck(struct gateway_input *in)
{
    bool open = false;
    for (int class = 0; class < INCIDENT_CLASSES; class ++)
        open = open || in->gateway->incidents[in->index][class].open;
    bool stuck =
        in->active && clock_monotonic_ms() - in->active_since_ms > in->config->stuck_after_ms;
    /* A fault would show at the gate that a duress button is being held. */
    bool only_closed = in->config->latching || in->config->kind == CONFIG_INPUT_DURESS;
    if (stuck && only_closed && !open)
        faults_set(in->gateway, "stuck", in->config->id,
                   "is still down: turn its key, or it cannot raise another alarm");
    else if (stuck && !only_closed)
        faults_set(in->gateway, "stuck", in->config->id,
                   "stays pressed: it is stuck, or its wire is broken, and it cannot raise another "
                   "alarm");
    else
        faults_set(in->gateway, "stuck", in->config->id, NULL);
}

void lines_tick(struct gateway *gw)
{
    for (size_t i = 0; i < gw->input_count; i++) {
        if (config_input_is_button(gw->inputs[i].config->kind))
            check_stuck(&gw->inputs[i]);
    }
}

static int open_contact(struct gateway_input *in, enum input_contact which, struct err *e)
{
    struct gateway_contact *c = &in->contacts[which];
    struct input_host host = {
        .on_level = on_level, .on_card = on_card, .on_fault = on_fault, .arg = c};
    c->input = in;
    c->which = which;
    int result =
        in->driver->open(in->config->driver.options, which, &host, &in->gateway->loop, &c->line, e);
    return err_prefix(e, result, "input %s", in->config->id);
}

static void prepare(struct gateway *gw, size_t index)
{
    struct gateway_input *in = &gw->inputs[index];
    in->gateway = gw;
    in->index = index;
    in->config = &gw->config->inputs[index];
    in->driver = input_driver_of(in->config->driver.type);
    bool has_second = in->driver->has_second && in->driver->has_second(in->config->driver.options);
    in->contact_count = has_second ? 2 : 1;
    in->active_since_ms = clock_monotonic_ms();
    pair_init(&in->pair, in->config->changeover_ms * 1000000,
              in->config->contact == CONFIG_CONTACT_CLOSED);
    uv_timer_init(&gw->loop, &in->settle);
    uv_timer_init(&gw->loop, &in->hold);
    in->settle.data = in->hold.data = in;
}

int lines_open(struct gateway *gw, struct err *e)
{
    for (size_t i = 0; i < gw->input_count; i++)
        prepare(gw, i);
    gw->inputs_open = true;
    for (size_t i = 0; i < gw->input_count; i++) {
        for (size_t k = 0; k < gw->inputs[i].contact_count; k++) {
            int result = open_contact(&gw->inputs[i], (enum input_contact)k, e);
            if (result != 0)
                return result;
        }
    }
    return 0;
}

void lines_close(struct gateway *gw)
{
    for (size_t i = 0; gw->inputs_open && i < gw->input_count; i++) {
        struct gateway_input *in = &gw->inputs[i];
        for (size_t k = 0; k < in->contact_count; k++) {
            in->driver->close(in->contacts[k].line);
            in->contacts[k].line = NULL;
        }
        uv_close((uv_handle_t *)&in->settle, NULL);
        uv_close((uv_handle_t *)&in->hold, NULL);
    }
    gw->inputs_open = false;
}
