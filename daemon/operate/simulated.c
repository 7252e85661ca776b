/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated lines and readers. Who asked for a press is answered when it has become an event that
 * is on the disk (or goes out from memory), or is known to become none. */
#include <stdlib.h>
#include <string.h>

#include "iface/limits.h"
#include "operate/internal.h"

#define HOLD_DEFAULT_MS 100
#define HOLD_MAX_MS     LIMIT_HOLD_MS

struct waiting {
    LIST_ENTRY(waiting) next;
    struct control_request *request;
    size_t input;
    uint64_t seq;  /* of its event; 0 until that is made */
    bool exercise; /* it was no alarm, but one of a drill or test: */
    enum incident_class class;
};

/* Who waits for the press of that input to be accepted; NULL if nobody does. */
static struct waiting *find_unaccepted(const struct operate *op, size_t input)
{
    struct waiting *w = LIST_FIRST(&op->waiting);
    while (w && !(w->input == input && w->seq == 0))
        w = LIST_NEXT(w, next);
    return w;
}

static struct waiting *find_seq(const struct operate *op, uint64_t seq)
{
    struct waiting *w = LIST_FIRST(&op->waiting);
    while (w && (seq == 0 || w->seq != seq))
        w = LIST_NEXT(w, next);
    return w;
}

static void forget(struct waiting *w)
{
    LIST_REMOVE(w, next);
    free(w);
}

void simulated_press(void *arg, struct control_request *request, const json_t *arguments)
{
    struct operate *op = arg;
    const json_t *hold = json_object_get(arguments, "hold_ms");
    json_int_t hold_ms = hold ? json_integer_value(hold) : HOLD_DEFAULT_MS;
    size_t input;
    struct err e;
    if (!operate_find_input(op, request, arguments, &input))
        return;
    const char *id = op->options.config.inputs->items[input].id;
    if (hold && (!json_is_integer(hold) || hold_ms < 0 || hold_ms > HOLD_MAX_MS)) {
        control_fail(request, "hold_ms must be from 0 (until released) to %d", HOLD_MAX_MS);
        return;
    }
    if (!inputs_driver(op->options.inputs, input)->simulate) {
        control_fail(request, "input %s reads cards: tocsin card %s DIGITS", id, id);
        return;
    }
    facts_tell(op->options.facts); /* what this very turn tells of the line is of earlier presses */
    if (find_unaccepted(op, input)) {
        control_fail(request, "input %s is still pressed; release it first (tocsin release %s)", id,
                     id);
        return;
    }
    struct waiting *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    *w = (struct waiting){.request = request, .input = input};
    LIST_INSERT_HEAD(&op->waiting, w, next);
    if (inputs_simulate(op->options.inputs, input, hold_ms, &e) == 0)
        return;
    control_fail(request, "%s", e.text);
    forget(w);
}

void simulated_release(void *arg, struct control_request *request, const json_t *arguments)
{
    struct operate *op = arg;
    size_t input;
    if (!operate_find_input(op, request, arguments, &input))
        return;
    if (!inputs_driver(op->options.inputs, input)->simulate) {
        control_fail(request, "input %s reads cards: nothing is pressed",
                     op->options.config.inputs->items[input].id);
        return;
    }
    facts_tell(op->options.facts); /* a press of this very turn may have been accepted */
    inputs_release(op->options.inputs, input);
    struct waiting *w = find_unaccepted(op, input);
    if (w) {
        control_fail(w->request, "released before the press was accepted");
        forget(w);
    }
    control_reply(request, NULL);
}

void simulated_card(void *arg, struct control_request *request, const json_t *arguments)
{
    struct operate *op = arg;
    const char *digits = json_string_value(json_object_get(arguments, "digits"));
    size_t length = digits ? strlen(digits) : 0, input;
    if (!operate_find_input(op, request, arguments, &input))
        return;
    if (!inputs_driver(op->options.inputs, input)->simulate_card) {
        control_fail(request, "input %s reads no cards",
                     op->options.config.inputs->items[input].id);
        return;
    }
    if (length == 0 || length > INPUT_CARD_DIGITS_MAX || strspn(digits, "0123456789") != length) {
        control_fail(request, "a card is 1 to %d digits", INPUT_CARD_DIGITS_MAX);
        return;
    }
    inputs_simulate_card(op->options.inputs, input, digits);
    control_reply(request, NULL);
}

static void take_step(struct operate *op, const struct fact_incident *step)
{
    struct waiting *w = find_unaccepted(op, step->incident.button);
    bool press = step->action == INCIDENT_ACTION_RAISED || step->action == INCIDENT_ACTION_UPDATED;
    if (!w || !press)
        return;
    w->seq = step->seq;
    w->class = step->incident.class;
    w->exercise = !incident_is_real(w->class);
}

static void take_heard(struct operate *op, const struct fact_heard *heard)
{
    struct waiting *w = find_seq(op, heard->seq);
    if (!w)
        return;
    json_t *answer = json_pack("{ss,ss,sI,ss}", "alarm", heard->alarm, "event", heard->id, "seq",
                               (json_int_t)heard->seq, "heard", operate_heard_word(heard));
    if (w->exercise)
        json_object_set_new(answer, "exercise", json_string(incident_class_name(w->class)));
    control_reply(w->request, answer);
    forget(w);
}

static void take_no_event(struct operate *op, const struct fact_pressed *pressed)
{
    struct waiting *w = find_unaccepted(op, pressed->input);
    if (!w)
        return;
    /* A key has closed alarms, a release is remembered: not said before the disk has it. */
    replies_when_kept(op, w->request, json_pack("{ss}", "text", pressed->why));
    forget(w);
}

void simulated_on_fact(struct operate *op, const struct fact *fact)
{
    if (fact->kind == FACT_INCIDENT)
        take_step(op, &fact->u.incident);
    else if (fact->kind == FACT_HEARD)
        take_heard(op, &fact->u.heard);
    else if (fact->kind == FACT_PRESSED)
        take_no_event(op, &fact->u.pressed);
}

void simulated_close(struct operate *op)
{
    struct waiting *w;
    while ((w = LIST_FIRST(&op->waiting))) {
        control_fail(w->request, "tocsind is stopping");
        forget(w);
    }
}
