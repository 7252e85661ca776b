/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/gesture.h"

#include <string.h>

void gesture_init(struct gesture *g, const struct gesture_options *options, bool pressed)
{
    *g = (struct gesture){.options = *options,
                          .pressed = pressed,
                          .hold_due_ns = GESTURE_NOT_DUE,
                          .long_due_ns = GESTURE_NOT_DUE};
}

/* True when this press completes `wanted` within `within_ns`; the run then begins anew. */
static bool completes(struct gesture_run *run, unsigned wanted, int64_t within_ns, int64_t at_ns)
{
    if (run->count == wanted) {
        memmove(run->at_ns, run->at_ns + 1, (run->count - 1) * sizeof *run->at_ns);
        run->count--;
    }
    run->at_ns[run->count++] = at_ns;
    if (run->count < wanted || at_ns - run->at_ns[0] > within_ns)
        return false;
    run->count = 0;
    return true;
}

static unsigned count_press(struct gesture *g, int64_t at_ns)
{
    const struct gesture_options *o = &g->options;
    if (o->presses <= 1)
        return GESTURE_PRESS;
    return completes(&g->counted, o->presses, o->within_ns, at_ns) ? GESTURE_PRESS : 0;
}

unsigned gesture_level(struct gesture *g, bool pressed, int64_t at_ns)
{
    const struct gesture_options *o = &g->options;
    unsigned meanings = 0;
    if (pressed == g->pressed)
        return 0;
    g->pressed = pressed;
    g->hold_due_ns = g->long_due_ns = GESTURE_NOT_DUE;
    if (!pressed)
        return GESTURE_RELEASE;
    if (o->hold_ns > 0)
        g->hold_due_ns = at_ns + o->hold_ns;
    else
        meanings |= count_press(g, at_ns);
    if (o->long_ns > 0)
        g->long_due_ns = at_ns + o->long_ns;
    if (o->duress_presses > 0 &&
        completes(&g->duress, o->duress_presses, o->duress_within_ns, at_ns))
        meanings |= GESTURE_DURESS;
    return meanings;
}

unsigned gesture_settle(struct gesture *g, int64_t now_ns)
{
    unsigned meanings = 0;
    if (now_ns >= g->hold_due_ns) {
        meanings |= count_press(g, g->hold_due_ns);
        g->hold_due_ns = GESTURE_NOT_DUE;
    }
    if (now_ns >= g->long_due_ns) {
        meanings |= GESTURE_LONG;
        g->long_due_ns = GESTURE_NOT_DUE;
    }
    return meanings;
}

int64_t gesture_due_ns(const struct gesture *g)
{
    return g->hold_due_ns < g->long_due_ns ? g->hold_due_ns : g->long_due_ns;
}
