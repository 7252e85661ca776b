/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every order of up to eight things that can happen to two buttons, one real and one for tests,
 * through debounce and incident, against a model that is told the truth: what was pressed.
 *
 * Checked after every step: a real press always has an open real incident, a test press never makes
 * one; each incident is raised once; presses counted are presses made; an incident that nobody has
 * closed is open.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/debounce.h"
#include "alarm/incident.h"

#define DEPTH     8
#define WINDOW_NS 30
#define STEP_NS   100 /* things happen further apart than the window, or it would be bounce */

enum thing {
    THING_PRESS_REAL,
    THING_RELEASE_REAL,
    THING_PRESS_TEST,
    THING_RELEASE_TEST,
    THING_RESET_REAL,
    THING_RESET_TEST,
    THING_ANSWER_CLOSED,
    THING_RESTART,
    THING_COUNT,
};

struct button {
    struct debounce debounce;
    struct incident incident;
    bool down;             /* the truth */
    bool expect_open;      /* the model */
    unsigned expect_count; /* presses of the open incident */
    unsigned raised, expect_raised;
};

static unsigned long long steps;

static void fail(const enum thing *order, int depth, const char *why)
{
    printf("FAILED: %s after", why);
    for (int i = 0; i <= depth; i++)
        printf(" %d", (int)order[i]);
    printf("\n");
    exit(1);
}

static void take(struct button *b, enum incident_action action)
{
    if (action == INCIDENT_ACTION_RAISED)
        b->raised++;
}

static void set_level(struct button *b, bool down, int64_t now)
{
    static const char id[UUID_TEXT_SIZE] = "00000000-0000-7000-8000-000000000000";
    if (down && !b->down) {
        if (!b->expect_open) {
            b->expect_raised++;
            b->expect_count = 0;
        }
        b->expect_open = true;
        b->expect_count++;
    }
    b->down = down;
    if (debounce_settle(&b->debounce, now))
        take(b, incident_level(&b->incident, b->debounce.accepted, now, id));
    if (debounce_level(&b->debounce, down, now))
        take(b, incident_level(&b->incident, b->debounce.accepted, now, id));
}

static void close_it(struct button *b, enum incident_action action, const enum thing *order, int i)
{
    if ((action == INCIDENT_ACTION_CLOSED) != b->expect_open)
        fail(order, i, "closing did not do what it said");
    b->expect_open = false;
}

static void restart(struct button *b, int64_t now)
{
    static const char id[UUID_TEXT_SIZE] = "00000000-0000-7000-8000-000000000001";
    debounce_init(&b->debounce, WINDOW_NS, b->down);
    take(b, incident_start(&b->incident, b->down, now, id));
}

static void step(struct button *real, struct button *test, const enum thing *order, int i)
{
    int64_t now = (int64_t)(i + 1) * STEP_NS;
    switch (order[i]) {
    case THING_PRESS_REAL:
        set_level(real, true, now);
        break;
    case THING_RELEASE_REAL:
        set_level(real, false, now);
        break;
    case THING_PRESS_TEST:
        set_level(test, true, now);
        break;
    case THING_RELEASE_TEST:
        set_level(test, false, now);
        break;
    case THING_RESET_REAL:
        close_it(real, incident_reset(&real->incident), order, i);
        break;
    case THING_RESET_TEST:
        close_it(test, incident_reset(&test->incident), order, i);
        break;
    case THING_ANSWER_CLOSED:
        close_it(real, incident_answer_closed(&real->incident, 0, 1), order, i);
        break;
    case THING_RESTART:
        restart(real, now);
        restart(test, now);
        break;
    case THING_COUNT:
        break;
    }
}

static void check(const struct button *b, enum incident_nature nature, const enum thing *order,
                  int i)
{
    steps++;
    if (b->incident.nature != nature)
        fail(order, i, "a real button became a test, or a test real");
    if (b->incident.open != b->expect_open)
        fail(order, i, b->expect_open ? "a press was lost" : "a press was invented");
    if (b->raised != b->expect_raised)
        fail(order, i, "an incident was raised twice or not at all");
    if (b->incident.open && b->incident.presses != b->expect_count)
        fail(order, i, "presses counted are not presses made");
}

static void explore(struct button real, struct button test, enum thing *order, int depth)
{
    for (int thing = 0; thing < THING_COUNT; thing++) {
        struct button r = real, t = test;
        order[depth] = (enum thing)thing;
        step(&r, &t, order, depth);
        check(&r, INCIDENT_NATURE_ALARM, order, depth);
        check(&t, INCIDENT_NATURE_TEST, order, depth);
        if (depth + 1 < DEPTH)
            explore(r, t, order, depth + 1);
    }
}

int main(void)
{
    struct button real = {.incident.nature = INCIDENT_NATURE_ALARM};
    struct button test = {.incident.nature = INCIDENT_NATURE_TEST};
    debounce_init(&real.debounce, WINDOW_NS, false);
    debounce_init(&test.debounce, WINDOW_NS, false);
    enum thing order[DEPTH];
    explore(real, test, order, 0);
    printf("every order of %d things: %llu states checked, all true\n", DEPTH, steps);
    return 0;
}
