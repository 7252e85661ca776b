/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The panel: every button, every open incident and the exercise (a drill or a test) that may be
 * running, as one pure machine. What goes in are settled levels, time and what people order; what
 * comes out are the steps of incidents.
 *
 * The rule that no code may break: no order of inputs turns a drill into a dispatch, or a real
 * press into a drill. So:
 *
 *   - A press is an exercise's only if the exercise covers its button, runs at the time when the
 *     press counts (however late that is told), and the button has no real incident open. Every
 *     other press is real.
 *   - A long press of an exercise's press, and the duress pattern, are real besides.
 *   - A raised alarm ends the exercise; duress does not, since nothing may be seen of it.
 *   - No exercise begins while a real incident is open. It ends by itself, and with it its
 *     incidents; nothing of an exercise outlives it.
 *
 * No I/O, no clock, no allocation: the caller owns the arrays. Loop thread only.
 */
#ifndef TOCSIN_ALARM_PANEL_H
#define TOCSIN_ALARM_PANEL_H

#include "alarm/gesture.h"
#include "alarm/incident.h"

enum panel_cause {
    PANEL_CAUSE_EDGE,    /* the kernel saw the edge */
    PANEL_CAUSE_LEVEL,   /* the level was read, or became due */
    PANEL_CAUSE_START,   /* found so when the gateway started */
    PANEL_CAUSE_LONG,    /* held long during an exercise */
    PANEL_CAUSE_PATTERN, /* the presses of the duress pattern */
    PANEL_CAUSE_TIME,    /* the exercise is over */
};

/* The word of the wire; NULL for what no line has caused. */
static inline const char *panel_cause_name(enum panel_cause cause)
{
    switch (cause) {
    case PANEL_CAUSE_EDGE:
        return "edge";
    case PANEL_CAUSE_LEVEL:
        return "level";
    case PANEL_CAUSE_START:
        return "start";
    case PANEL_CAUSE_LONG:
        return "long-press";
    case PANEL_CAUSE_PATTERN:
        return "pattern";
    case PANEL_CAUSE_TIME:
        return NULL;
    }
    return NULL;
}

struct panel_button {
    enum incident_class class; /* of a press outside exercises: ALARM, DURESS or TEST */
    struct gesture gesture;
    bool known;     /* its level has come since the start */
    bool pressed;   /* the settled level; before the first one, as remembered */
    bool exercised; /* the press that is down was the exercise's */
};

struct panel_exercise {
    bool running;
    const char *ending; /* why it is over; its incidents are being closed. NULL: nothing is */
    enum incident_class class;  /* DRILL or TEST */
    uint64_t buttons;           /* bit mask: which it covers */
    int64_t begins_ns, ends_ns; /* a press counts in it from the first until before the last */
};

/* A step that is to be carried out. */
struct panel_step {
    enum incident_action action;
    struct incident *incident;
    enum panel_cause cause;
    int64_t at_ns;
};

struct panel_host {
    void (*step)(void *arg, const struct panel_step *step);
    /* The exercise is over; its incidents are closed already. */
    void (*exercise_over)(void *arg, const struct panel_exercise *was, const char *why);
    void (*fresh_id)(void *arg, char ret_id[UUID_TEXT_SIZE]);
    /* There are incidents to close: panel_close_next is called once a turn until it says false, so
     * that no end of an exercise holds the loop. NULL: all are closed within the call. */
    void (*close_later)(void *arg);
    void *arg;
};

struct panel {
    struct panel_host host;
    size_t button_count; /* up to LIMIT_INPUTS */
    struct panel_button *buttons;
    struct incident (*incidents)[INCIDENT_CLASSES]; /* by button */
    struct panel_exercise exercise;
};

/* A button is pressed or not; the levels of one button come in order, those of others may be told
 * later though they were earlier, so nothing is concluded here about them. The first level of a
 * button is compared with what is remembered: a button that was pressed before a restart and still
 * is, is the same press. */
void panel_level(struct panel *p, size_t button, bool pressed, enum panel_cause cause,
                 int64_t at_ns);

/* What was held before a restart was learned after the first level of its button: those that are at
 * rest are released. */
void panel_catch_up(struct panel *p, int64_t at_ns);

/* What time alone brings, in the order in which it was due: holds, long presses, the end of an
 * exercise. All levels before `until_ns` have been told. */
void panel_settle(struct panel *p, int64_t until_ns);
int64_t panel_due_ns(const struct panel *p);

/* False, and nothing begins, while a real incident is open or an exercise runs. */
bool panel_begin_exercise(struct panel *p, enum incident_class class, uint64_t buttons,
                          int64_t begins_ns, int64_t ends_ns);
/* Ends it if there is one: no press is its any more. Its incidents are closed, then
 * `exercise_over` is told; `why` is borrowed until then. */
void panel_end_exercise(struct panel *p, const char *why, int64_t at_ns);
/* Closes one incident of the exercise that has ended. False when that was the last. */
bool panel_close_next(struct panel *p, int64_t at_ns);

/* The incident of that button and class, open or not; it knows both from then on. */
struct incident *panel_incident(struct panel *p, size_t button, enum incident_class class);
/* The open incident with that id, or NULL; `alarm` may be NULL or "". */
struct incident *panel_find(const struct panel *p, const char *alarm);
/* The open incident after `last` (NULL: the first), by button, then by class; or NULL. The one that
 * is in hand may be closed before the next is asked for. */
struct incident *panel_next_open(const struct panel *p, const struct incident *last);

/* Whether anything real is open; of any class. */
bool panel_any_real(const struct panel *p);
bool panel_any_open(const struct panel *p);

#endif
