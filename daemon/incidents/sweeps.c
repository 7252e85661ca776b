/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders that may concern everything that is open: of a person at the gate, of a platform, of time;
 * and what people at receivers decide, of which one receipt may tell of many.
 * Each thing that is changed is an event with the row of all that are open, and so is the record of
 * what people said; sixty-three of them would hold the loop: one a turn, so that a press comes in
 * between. A kill between two leaves the rest as it was, here as everywhere. A platform is answered
 * when the disk has the last of it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "incidents/internal.h"

TAILQ_HEAD(sweep_list, sweep);

struct sweeps {
    struct incidents *inc;
    struct sweep_list to_do, /* the first is under way */
        done;                /* those whose answers wait for the disk */
    bool spent;              /* something was made an event, or recorded, in this turn */
};

struct sweeps *sweeps_create(struct incidents *inc)
{
    struct sweeps *sweeps = calloc(1, sizeof *sweeps);
    if (!sweeps)
        abort();
    sweeps->inc = inc;
    TAILQ_INIT(&sweeps->to_do);
    TAILQ_INIT(&sweeps->done);
    return sweeps;
}

struct sweep *sweeps_new(const char *by, const char *note, int64_t at_ns, sweep_step carry_out)
{
    struct sweep *sweep = calloc(1, sizeof *sweep);
    if (!sweep)
        abort();
    sweep->at_ns = at_ns;
    sweep->carry_out = carry_out;
    encode_copy_utf8(sweep->by, sizeof sweep->by, by);
    encode_copy_utf8(sweep->note, sizeof sweep->note, note);
    return sweep;
}

const char *sweeps_note(const struct sweep *sweep)
{
    return sweep->note[0] ? sweep->note : NULL;
}

void sweeps_mean(struct sweep *sweep, const struct incident *incident)
{
    sweep->meant[incident->class] |= UINT64_C(1) << incident->button;
}

static bool is_meant(const struct sweep *sweep, const struct incident *incident)
{
    return sweep->meant[incident->class] >> incident->button & 1;
}

static struct incident *next_of(const struct sweep *sweep)
{
    struct incident *incident = NULL;
    while ((incident = panel_next_open(&sweep->inc->panel, incident)) && !is_meant(sweep, incident))
        ;
    return incident;
}

/* Until something was made an event: true. */
static bool carry_on(struct sweep *sweep)
{
    struct incident *incident;
    bool made = false;
    while (!made && (incident = next_of(sweep))) {
        sweep->meant[incident->class] &= ~(UINT64_C(1) << incident->button);
        if (incident->last_press_ns > sweep->at_ns)
            sweep->outcome.pressed_again++;
        else
            made = sweep->carry_out(sweep, incident);
    }
    return made;
}

static void on_kept(void *arg, bool stored)
{
    struct sweep *sweep = arg;
    TAILQ_REMOVE(&sweep->inc->sweeps->done, sweep, next);
    sweep->stored = stored;
    sweep->over(sweep);
    free(sweep);
}

static void finish(struct sweeps *sweeps, struct sweep *sweep)
{
    TAILQ_REMOVE(&sweeps->to_do, sweep, next);
    if (!sweep->over || !sweep->awaited) {
        if (sweep->over)
            sweep->over(sweep);
        free(sweep);
        return;
    }
    TAILQ_INSERT_TAIL(&sweeps->done, sweep, next);
    if (!events_when_kept(sweeps->inc->options.events, on_kept, sweep))
        on_kept(sweep, false);
}

bool sweeps_any(const struct incidents *inc)
{
    return inc->panel.exercise.ending || !TAILQ_EMPTY(&inc->sweeps->to_do);
}

void sweeps_take_turn(struct incidents *inc)
{
    struct sweeps *sweeps = inc->sweeps;
    struct sweep *first;
    bool made = inc->panel.exercise.ending;
    if (made)
        panel_close_next(&inc->panel, clock_monotonic_ns());
    while (!inc->panel.exercise.ending && (first = TAILQ_FIRST(&sweeps->to_do))) {
        bool is_next = made; /* its turn is the next one */
        if (!made)
            made = carry_on(first);
        if (next_of(first) || (is_next && first->is_recorded))
            break;
        made = made || first->is_recorded;
        finish(sweeps, first);
    }
    sweeps->spent = sweeps->spent || made;
    if (sweeps_any(inc))
        after_poll_by(&inc->after_poll, clock_monotonic_ns());
}

void sweeps_end_turn(struct incidents *inc)
{
    inc->sweeps->spent = false;
}

void sweeps_add(struct incidents *inc, struct sweep *sweep)
{
    bool is_first = !sweeps_any(inc);
    sweep->inc = inc;
    TAILQ_INSERT_TAIL(&inc->sweeps->to_do, sweep, next);
    if (is_first && !inc->sweeps->spent)
        sweeps_take_turn(inc);
    else
        after_poll_by(&inc->after_poll, clock_monotonic_ns());
}

void sweeps_carry_out(struct incidents *inc, struct sweep *sweep)
{
    sweep->inc = inc;
    while (next_of(sweep))
        carry_on(sweep);
}

bool sweeps_has(const struct incidents *inc, void (*over)(struct sweep *), size_t receiver)
{
    const struct sweep *sweep = TAILQ_FIRST(&inc->sweeps->to_do);
    while (sweep && !(sweep->over == over && sweep->receiver == receiver))
        sweep = TAILQ_NEXT(sweep, next);
    return sweep;
}

static void drop_all(struct sweeps *sweeps, struct sweep_list *list)
{
    struct sweep *sweep;
    while ((sweep = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, sweep, next);
        events_forget_kept(sweeps->inc->options.events, sweep);
        free(sweep);
    }
}

void sweeps_close(struct incidents *inc)
{
    drop_all(inc->sweeps, &inc->sweeps->to_do);
    drop_all(inc->sweeps, &inc->sweeps->done);
}

void sweeps_free(struct incidents *inc)
{
    free(inc->sweeps);
}
