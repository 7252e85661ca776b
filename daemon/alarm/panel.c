/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/panel.h"

#include <string.h>

struct incident *panel_incident(struct panel *p, size_t button, enum incident_class class)
{
    struct incident *incident = &p->incidents[button][class];
    incident->button = button;
    incident->class = class;
    return incident;
}

static void tell(struct panel *p, enum incident_action action, struct incident *incident,
                 enum panel_cause cause, int64_t at_ns)
{
    if (action == INCIDENT_ACTION_NONE)
        return;
    const struct panel_step step = {
        .action = action, .incident = incident, .cause = cause, .at_ns = at_ns};
    p->host.step(p->host.arg, &step);
}

static const char time_is_over[] = "its time is over";

static void press(struct panel *p, size_t button, enum incident_class class, enum panel_cause cause,
                  int64_t at_ns)
{
    char id[UUID_TEXT_SIZE];
    struct incident *incident = panel_incident(p, button, class);
    p->host.fresh_id(p->host.arg, id);
    tell(p, incident_press(incident, at_ns, cause == PANEL_CAUSE_START, id), incident, cause,
         at_ns);
    if (class == INCIDENT_CLASS_ALARM)
        panel_end_exercise(p, at_ns < p->exercise.ends_ns ? "a real alarm" : time_is_over, at_ns);
}

static void release(struct panel *p, size_t button, enum panel_cause cause, int64_t at_ns)
{
    for (int class = 0; class < INCIDENT_CLASSES; class ++) {
        struct incident *incident = panel_incident(p, button, (enum incident_class) class);
        tell(p, incident_release(incident), incident, cause, at_ns);
    }
    p->buttons[button].exercised = false;
}

static bool is_exercise_press(const struct panel *p, size_t button, int64_t at_ns)
{
    const struct panel_exercise *x = &p->exercise;
    return x->running && at_ns >= x->begins_ns && at_ns < x->ends_ns &&
           (x->buttons >> button & 1) && !p->incidents[button][INCIDENT_CLASS_ALARM].open &&
           !p->incidents[button][INCIDENT_CLASS_DURESS].open;
}

static void take(struct panel *p, size_t button, unsigned meanings, enum panel_cause cause,
                 int64_t at_ns)
{
    struct panel_button *b = &p->buttons[button];
    if (meanings & GESTURE_RELEASE)
        release(p, button, cause, at_ns);
    if (meanings & GESTURE_PRESS) {
        b->exercised = b->class != INCIDENT_CLASS_TEST && is_exercise_press(p, button, at_ns);
        press(p, button, b->exercised ? p->exercise.class : b->class, cause, at_ns);
    }
    if (meanings & GESTURE_DURESS)
        press(p, button, INCIDENT_CLASS_DURESS, PANEL_CAUSE_PATTERN, at_ns);
    if ((meanings & GESTURE_LONG) && b->exercised) {
        b->exercised = false;
        press(p, button, b->class, PANEL_CAUSE_LONG, at_ns);
    }
}

static void settle_button(struct panel *p, size_t button, int64_t until_ns)
{
    struct panel_button *b = &p->buttons[button];
    for (int64_t at_ns; b->known && (at_ns = gesture_due_ns(&b->gesture)) <= until_ns;)
        take(p, button, gesture_settle(&b->gesture, at_ns), PANEL_CAUSE_LEVEL, at_ns);
}

void panel_level(struct panel *p, size_t button, bool pressed, enum panel_cause cause,
                 int64_t at_ns)
{
    struct panel_button *b = &p->buttons[button];
    if (!b->known)
        gesture_init(&b->gesture, &b->gesture.options, b->pressed);
    else
        settle_button(p, button, at_ns);
    b->known = true;
    b->pressed = pressed;
    take(p, button, gesture_level(&b->gesture, pressed, at_ns), cause, at_ns);
}

void panel_catch_up(struct panel *p, int64_t at_ns)
{
    for (size_t i = 0; i < p->button_count; i++) {
        if (!p->buttons[i].pressed)
            release(p, i, PANEL_CAUSE_LEVEL, at_ns);
    }
}

static void settle_at(struct panel *p, int64_t at_ns)
{
    if (p->exercise.running && at_ns >= p->exercise.ends_ns)
        panel_end_exercise(p, time_is_over, at_ns);
    for (size_t i = 0; i < p->button_count; i++)
        settle_button(p, i, at_ns);
}

void panel_settle(struct panel *p, int64_t until_ns)
{
    for (int64_t at_ns; (at_ns = panel_due_ns(p)) <= until_ns;)
        settle_at(p, at_ns);
}

int64_t panel_due_ns(const struct panel *p)
{
    int64_t due_ns = p->exercise.running ? p->exercise.ends_ns : GESTURE_NOT_DUE;
    for (size_t i = 0; i < p->button_count; i++) {
        int64_t one_ns = gesture_due_ns(&p->buttons[i].gesture);
        if (p->buttons[i].known && one_ns < due_ns)
            due_ns = one_ns;
    }
    return due_ns;
}

bool panel_begin_exercise(struct panel *p, enum incident_class class, uint64_t buttons,
                          int64_t begins_ns, int64_t ends_ns)
{
    if (p->exercise.running || p->exercise.ending || panel_any_real(p))
        return false;
    p->exercise = (struct panel_exercise){.running = true,
                                          .class = class,
                                          .buttons = buttons,
                                          .begins_ns = begins_ns,
                                          .ends_ns = ends_ns};
    return true;
}

void panel_end_exercise(struct panel *p, const char *why, int64_t at_ns)
{
    if (!p->exercise.running)
        return;
    p->exercise.running = false;
    p->exercise.ending = why;
    if (p->host.close_later)
        p->host.close_later(p->host.arg);
    else
        while (panel_close_next(p, at_ns))
            ;
}

static struct incident *next_to_close(struct panel *p)
{
    const struct panel_exercise *x = &p->exercise;
    for (size_t i = 0; i < p->button_count; i++) {
        /* What a button for tests has raised is its own, and stays until a person resets it. */
        struct incident *incident = panel_incident(p, i, x->class);
        if ((x->buttons >> i & 1) && p->buttons[i].class != INCIDENT_CLASS_TEST && incident->open)
            return incident;
    }
    return NULL;
}

bool panel_close_next(struct panel *p, int64_t at_ns)
{
    if (!p->exercise.ending)
        return false;
    struct incident *incident = next_to_close(p);
    if (incident)
        tell(p, incident_reset(incident), incident, PANEL_CAUSE_TIME, at_ns);
    if (next_to_close(p))
        return true;
    const struct panel_exercise was = p->exercise;
    p->exercise.ending = NULL;
    p->host.exercise_over(p->host.arg, &was, was.ending);
    return false;
}

struct incident *panel_next_open(const struct panel *p, const struct incident *last)
{
    struct incident *incidents = &p->incidents[0][0];
    size_t count = p->button_count * INCIDENT_CLASSES;
    for (size_t i = last ? (size_t)(last - incidents) + 1 : 0; i < count; i++) {
        if (incidents[i].open)
            return &incidents[i];
    }
    return NULL;
}

struct incident *panel_find(const struct panel *p, const char *alarm)
{
    struct incident *incident = NULL;
    while (alarm && (incident = panel_next_open(p, incident)) &&
           strcmp(incident->alarm, alarm) != 0)
        ;
    return incident;
}

bool panel_any_real(const struct panel *p)
{
    struct incident *incident = NULL;
    while ((incident = panel_next_open(p, incident)) && !incident_is_real(incident->class))
        ;
    return incident != NULL;
}

bool panel_any_open(const struct panel *p)
{
    return panel_next_open(p, NULL) != NULL;
}
