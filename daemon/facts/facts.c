/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/facts.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"

#define FIRST_ROOM 32

static_assert(FACT_KINDS <= 32, "masks of kinds are uint32_t");

struct subscriber {
    uint32_t kinds;
    facts_handler on_fact;
    void *self;
};

struct facts {
    bool in_loop, telling, closed;
    bool awake; /* a turn is to be ended, though nothing may be waiting */
    uv_prepare_t prepare;
    uv_check_t check;
    size_t subscriber_count;
    struct subscriber subscribers[FACTS_SUBSCRIBERS_MAX];
    struct fact *waiting; /* [first, end) of `room` */
    size_t first, end, room;
    size_t told; /* in this turn */
};

static void on_prepare(uv_prepare_t *prepare)
{
    facts_tell(prepare->data);
}

static void on_check(uv_check_t *check)
{
    facts_tell(check->data);
}

int facts_create(uv_loop_t *loop, struct facts **ret_facts, struct err *e)
{
    struct facts *f = calloc(1, sizeof *f);
    if (!f)
        return err_set(e, ENOMEM, "facts: out of memory");
    if (loop) {
        f->in_loop = true;
        f->prepare.data = f->check.data = f;
        uv_prepare_init(loop, &f->prepare);
        uv_check_init(loop, &f->check);
        uv_prepare_start(&f->prepare, on_prepare);
        uv_check_start(&f->check, on_check);
        /* Whoever only looks on does not keep the loop alive. */
        uv_unref((uv_handle_t *)&f->prepare);
        uv_unref((uv_handle_t *)&f->check);
    }
    *ret_facts = f;
    return 0;
}

void facts_subscribe(struct facts *f, uint32_t kinds, facts_handler on_fact, void *self)
{
    if (f->subscriber_count == FACTS_SUBSCRIBERS_MAX)
        abort();
    f->subscribers[f->subscriber_count++] =
        (struct subscriber){.kinds = kinds, .on_fact = on_fact, .self = self};
}

static void make_room(struct facts *f)
{
    if (f->end < f->room)
        return;
    f->room = f->room ? f->room * 2 : FIRST_ROOM;
    f->waiting = reallocarray(f->waiting, f->room, sizeof *f->waiting);
    if (!f->waiting)
        abort();
}

/* What strangers wrote, and what was cut to fit. */
static void make_texts_utf8(struct fact *fact)
{
    char *text = fact->kind == FACT_INCIDENT || fact->kind == FACT_UNDELIVERED ? fact->u.incident.by
                 : fact->kind == FACT_EXERCISE ? fact->u.exercise.text
                 : fact->kind == FACT_FAULT_STATED || fact->kind == FACT_FAULT ||
                         fact->kind == FACT_FAULT_REPORTED
                     ? fact->u.fault.reason
                 : fact->kind == FACT_ATTEMPT_FAILED || fact->kind == FACT_UPLOAD_FAILED
                     ? fact->u.failed.reason
                 : fact->kind == FACT_OUTPUT ? fact->u.output.why
                                             : NULL;
    if (!text)
        return;
    encode_trim_utf8(text);
    encode_make_utf8(text);
}

void facts_publish(struct facts *f, const struct fact *fact)
{
    if (f->closed)
        return;
    f->awake = true;
    make_room(f);
    struct fact *copy = &f->waiting[f->end++];
    *copy = *fact;
    make_texts_utf8(copy);
    if (copy->at_ns == 0)
        copy->at_ns = clock_monotonic_ns();
}

void facts_wake(struct facts *f)
{
    f->awake = !f->closed;
}

void facts_state_fault(struct facts *f, enum fault_code code, const char *subject,
                       const char *reason)
{
    struct fact fact = {.kind = FACT_FAULT_STATED,
                        .u.fault = {.code = code, .broken = reason != NULL}};
    snprintf(fact.u.fault.subject, sizeof fact.u.fault.subject, "%s", subject ? subject : "");
    snprintf(fact.u.fault.reason, sizeof fact.u.fault.reason, "%s", reason ? reason : "");
    facts_publish(f, &fact);
}

static void tell_one(struct facts *f, const struct fact *fact)
{
    if (++f->told > FACTS_A_TURN_MAX) {
        log_error("facts", "a turn does not end: fact %d is told for ever", (int)fact->kind);
        abort();
    }
    for (size_t i = 0; i < f->subscriber_count && !f->closed; i++) {
        if (f->subscribers[i].kinds & FACT_BIT(fact->kind))
            f->subscribers[i].on_fact(f->subscribers[i].self, fact);
    }
}

static void tell_waiting(struct facts *f)
{
    while (f->first < f->end) {
        const struct fact fact = f->waiting[f->first++]; /* a handler may move the queue */
        tell_one(f, &fact);
    }
    f->first = f->end = 0;
}

static void tell_end(struct facts *f, enum fact_kind kind)
{
    const struct fact fact = {.kind = kind, .at_ns = clock_monotonic_ns()};
    tell_one(f, &fact);
}

void facts_tell(struct facts *f)
{
    if (f->telling)
        return;
    f->telling = true;
    f->told = 0;
    while (f->awake) {
        while (f->awake) {
            f->awake = false;
            tell_waiting(f);
            tell_end(f, FACT_SETTLED);
        }
        tell_end(f, FACT_TURN_OVER);
    }
    f->telling = false;
}

void facts_close(struct facts *f)
{
    if (!f || f->closed)
        return;
    f->closed = true;
    f->awake = false;
    f->first = f->end = 0;
    if (!f->in_loop)
        return;
    uv_close((uv_handle_t *)&f->prepare, NULL);
    uv_close((uv_handle_t *)&f->check, NULL);
}

void facts_free(struct facts *f)
{
    if (!f)
        return;
    free(f->waiting);
    free(f);
}
