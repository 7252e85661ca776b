/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every order of up to eight things that can happen at a gate with two buttons, of which a drill
 * covers the first, through debounce, gestures, incidents and exercises, against a model that is
 * told the truth: which button was pressed when, for how long, and whether a drill was on.
 *
 * Checked after every step: a press outside the drill is a real press; a short press inside it
 * never becomes one; a long press and the duress pattern are real whatever is on; each press is
 * counted exactly once, none is invented; a drill never runs beside an open alarm, never outlives
 * its time, and leaves nothing open behind it. A restart may come at any moment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/debounce.h"
#include "alarm/panel.h"

#define DEPTH        8
#define MS           INT64_C(1000000)
#define STEP_NS      (1000 * MS) /* between things; presses of a pattern are 100 ms apart */
#define LONG_NS      (3000 * MS)
#define DRILL_NS     (60000 * MS)
#define WAIT_LONG_NS (4000 * MS)
#define WAIT_OVER_NS (100000 * MS)
#define BOUNCE_NS    (30 * MS) /* things happen further apart, or it would be bounce */
#define PATTERN      4         /* presses within a second */

enum thing {
    THING_PRESS_A,
    THING_RELEASE_A,
    THING_PRESS_B,
    THING_RELEASE_B,
    THING_PATTERN_A, /* the duress pattern on the button that is drilled */
    THING_BEGIN_DRILL,
    THING_END_DRILL,
    THING_WAIT_LONG,
    THING_WAIT_OVER,
    THING_RESET,
    THING_RESTART,
    THING_COUNT,
};

static const char *const names[THING_COUNT] = {
    "press A",   "release A", "press B",   "release B",      "pattern A", "begin drill",
    "end drill", "wait",      "wait long", "reset all open", "restart"};

struct world {
    struct panel panel;
    struct panel_button buttons[2];
    struct incident incidents[2][INCIDENT_CLASSES];
    struct debounce lines[2];
    int64_t now_ns;
    unsigned counted[2][INCIDENT_CLASSES]; /* presses that steps have told */
    unsigned overs;                        /* exercises that the panel has ended */
    /* The truth. */
    bool down[2];
    int64_t down_ns[2];    /* since when */
    bool down_in_drill[2]; /* the press that is down was one of the drill, and not yet long */
    bool drill;
    int64_t drill_until_ns;
    unsigned expected[2][INCIDENT_CLASSES];
};

static unsigned long long states;
static enum thing order[DEPTH];

static void fail(int depth, const char *why)
{
    printf("FAILED: %s, after:", why);
    for (int i = 0; i <= depth; i++)
        printf(" %s;", names[order[i]]);
    printf("\n");
    exit(1);
}

static void on_step(void *arg, const struct panel_step *step)
{
    struct world *w = arg;
    if (step->action == INCIDENT_ACTION_RAISED || step->action == INCIDENT_ACTION_UPDATED)
        w->counted[step->incident->button][step->incident->class]++;
}

static void on_over(void *arg, const struct panel_exercise *was, const char *why)
{
    struct world *w = arg;
    (void)was;
    (void)why;
    w->overs++;
}

static void on_fresh_id(void *arg, char ret_id[UUID_TEXT_SIZE])
{
    (void)arg;
    memcpy(ret_id, "00000000-0000-7000-8000-000000000000", UUID_TEXT_SIZE);
}

static bool real_is_open(const struct world *w, int button)
{
    return w->incidents[button][INCIDENT_CLASS_ALARM].open ||
           w->incidents[button][INCIDENT_CLASS_DURESS].open;
}

/* As the gateway does it: one incident of an ended drill a turn, presses come in between. */
static void on_close_later(void *arg)
{
    (void)arg;
}

static void close_rest(struct world *w)
{
    while (panel_close_next(&w->panel, w->now_ns))
        ;
}

/* The truth moves on with time: long presses, and the end of the drill. */
static void pass_time(struct world *w, int64_t until_ns)
{
    if (w->drill && until_ns >= w->drill_until_ns)
        w->drill = false;
    for (int b = 0; b < 2; b++) {
        if (!w->down[b] || !w->down_in_drill[b] || until_ns - w->down_ns[b] < LONG_NS)
            continue;
        w->down_in_drill[b] = false;
        w->expected[b][INCIDENT_CLASS_ALARM]++;
        w->drill = false;
    }
    w->now_ns = until_ns;
    panel_settle(&w->panel, until_ns);
    close_rest(w);
}

static void set_line(struct world *w, int button, bool closed)
{
    struct debounce *line = &w->lines[button];
    if (debounce_settle(line, w->now_ns))
        panel_level(&w->panel, (size_t)button, line->accepted, PANEL_CAUSE_LEVEL, w->now_ns);
    if (debounce_level(line, closed, w->now_ns))
        panel_level(&w->panel, (size_t)button, line->accepted, PANEL_CAUSE_EDGE, w->now_ns);
}

static void press(struct world *w, int button)
{
    bool drilled = w->drill && button == 0 && !real_is_open(w, 0);
    w->down[button] = true;
    w->down_ns[button] = w->now_ns;
    w->down_in_drill[button] = drilled;
    w->expected[button][drilled ? INCIDENT_CLASS_DRILL : INCIDENT_CLASS_ALARM]++;
    if (!drilled)
        w->drill = false; /* an alarm ends it */
    set_line(w, button, true);
}

static void release(struct world *w, int button)
{
    w->down[button] = w->down_in_drill[button] = false;
    set_line(w, button, false);
}

static void make_pattern(struct world *w)
{
    for (int i = 0; i < PATTERN; i++) {
        press(w, 0);
        if (i == PATTERN - 1)
            w->expected[0][INCIDENT_CLASS_DURESS]++;
        pass_time(w, w->now_ns + 50 * MS);
        release(w, 0);
        pass_time(w, w->now_ns + 50 * MS);
    }
}

/* What the gateway keeps over a restart: levels and incidents; a drill is over. */
static void restart(struct world *w)
{
    w->drill = false;
    w->panel.exercise.running = false;
    for (size_t b = 0; b < 2; b++) {
        struct panel_button *button = &w->buttons[b];
        w->down_in_drill[b] = false;
        button->known = button->exercised = false;
        incident_reset(&w->incidents[b][INCIDENT_CLASS_DRILL]);
        debounce_init(&w->lines[b], BOUNCE_NS, w->down[b]);
        panel_level(&w->panel, b, w->down[b], PANEL_CAUSE_START, w->now_ns);
    }
}

static void reset_all(struct world *w)
{
    for (int b = 0; b < 2; b++) {
        for (int class = 0; class < INCIDENT_CLASSES; class ++)
            incident_reset(&w->incidents[b][class]);
    }
}

/* Whether it can happen now, or would change nothing. */
static bool is_possible(const struct world *w, enum thing thing)
{
    switch (thing) {
    case THING_PRESS_A:
    case THING_PATTERN_A:
        return !w->down[0];
    case THING_RELEASE_A:
        return w->down[0];
    case THING_PRESS_B:
        return !w->down[1];
    case THING_RELEASE_B:
        return w->down[1];
    case THING_BEGIN_DRILL:
    case THING_WAIT_LONG:
    case THING_RESET:
    case THING_RESTART:
    case THING_COUNT:
        return true;
    case THING_END_DRILL:
    case THING_WAIT_OVER:
        return w->drill;
    }
    return true;
}

static void begin_drill(struct world *w, int depth)
{
    bool may = !w->drill && !real_is_open(w, 0) && !real_is_open(w, 1);
    bool did =
        panel_begin_exercise(&w->panel, INCIDENT_CLASS_DRILL, 1, w->now_ns, w->now_ns + DRILL_NS);
    if (did != may)
        fail(depth, did ? "a drill began beside an alarm or a drill" : "a drill was refused");
    if (did) {
        w->drill = true;
        w->drill_until_ns = w->now_ns + DRILL_NS;
    }
}

static void happen(struct world *w, enum thing thing, int depth)
{
    switch (thing) {
    case THING_PRESS_A:
        press(w, 0);
        break;
    case THING_RELEASE_A:
        release(w, 0);
        break;
    case THING_PRESS_B:
        press(w, 1);
        break;
    case THING_RELEASE_B:
        release(w, 1);
        break;
    case THING_PATTERN_A:
        make_pattern(w);
        break;
    case THING_BEGIN_DRILL:
        begin_drill(w, depth);
        break;
    case THING_END_DRILL:
        w->drill = false;
        panel_end_exercise(&w->panel, "a person", w->now_ns);
        break;
    case THING_WAIT_LONG:
        pass_time(w, w->now_ns + WAIT_LONG_NS);
        break;
    case THING_WAIT_OVER:
        pass_time(w, w->now_ns + WAIT_OVER_NS);
        break;
    case THING_RESET:
        reset_all(w);
        break;
    case THING_RESTART:
        restart(w);
        break;
    case THING_COUNT:
        break;
    }
}

static void check(const struct world *w, int depth)
{
    states++;
    for (int b = 0; b < 2; b++) {
        for (int class = 0; class < INCIDENT_CLASSES; class ++) {
            if (w->counted[b][class] == w->expected[b][class])
                continue;
            bool real = incident_is_real((enum incident_class) class);
            fail(depth, w->counted[b][class] < w->expected[b][class]
                            ? real ? "a real press was lost" : "a press of the drill was lost"
                        : real ? "a real press was invented"
                               : "a real press became a drill's");
        }
    }
    if (w->panel.exercise.running != w->drill)
        fail(depth, w->drill ? "the drill ended too soon" : "the drill goes on");
    if (w->panel.exercise.running &&
        (w->incidents[0][INCIDENT_CLASS_ALARM].open || w->incidents[1][INCIDENT_CLASS_ALARM].open))
        fail(depth, "a drill runs beside an alarm");
    if (!w->panel.exercise.running && w->incidents[0][INCIDENT_CLASS_DRILL].open)
        fail(depth, "the drill has left an incident open");
    if (w->incidents[1][INCIDENT_CLASS_DRILL].open || w->incidents[0][INCIDENT_CLASS_TEST].open)
        fail(depth, "an incident of a class that nothing has asked for");
}

static void bind_world(struct world *w)
{
    w->panel.host = (struct panel_host){.step = on_step,
                                        .exercise_over = on_over,
                                        .fresh_id = on_fresh_id,
                                        .close_later = on_close_later,
                                        .arg = w};
    w->panel.buttons = w->buttons;
    w->panel.incidents = w->incidents;
}

static void explore(const struct world *from, int depth)
{
    for (int thing = 0; thing < THING_COUNT; thing++) {
        if (!is_possible(from, (enum thing)thing))
            continue;
        struct world w = *from;
        bind_world(&w);
        order[depth] = (enum thing)thing;
        pass_time(&w, w.now_ns + STEP_NS);
        /* Time may have made it impossible: the drill is over meanwhile. */
        if (is_possible(&w, (enum thing)thing))
            happen(&w, (enum thing)thing, depth);
        close_rest(&w);
        check(&w, depth);
        if (depth + 1 < DEPTH)
            explore(&w, depth + 1);
    }
}

int main(void)
{
    static struct world world;
    world.panel.button_count = 2;
    bind_world(&world);
    for (size_t b = 0; b < 2; b++) {
        world.buttons[b].class = INCIDENT_CLASS_ALARM;
        world.buttons[b].gesture.options = (struct gesture_options){
            .duress_presses = PATTERN, .duress_within_ns = 1000 * MS, .long_ns = LONG_NS};
        debounce_init(&world.lines[b], BOUNCE_NS, false);
        panel_level(&world.panel, b, false, PANEL_CAUSE_START, 0);
    }
    explore(&world, 0);
    printf("every order of %d things at two buttons: %llu states checked, all true\n", DEPTH,
           states);
    return 0;
}
