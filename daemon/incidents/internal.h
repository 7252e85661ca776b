/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this folder among themselves. Loop thread only. */
#ifndef TOCSIN_INCIDENTS_INTERNAL_H
#define TOCSIN_INCIDENTS_INTERNAL_H

#include <sys/queue.h>

#include "alarm/chatter.h"
#include "incidents/incidents.h"
#include "loop/after_poll.h"

#define ROW_INCIDENTS "incidents"
#define ROW_EXERCISE  "exercise"
#define ROW_TESTS     "tests"

#define ROW_UNREADABLE "incidents-unreadable" /* and from the second text on a number behind */

/* What is known of a button beside what the panel knows. */
struct button {
    struct chatter chatter;
    bool unreported;  /* presses were counted that no event has reported */
    bool untested;    /* was stated as a fault */
    bool tested_said; /* since the start: that it is, or is not */
    bool quiet_said;  /* since the start: that it does not chatter */
    bool level_kept;  /* what the panel remembers of its level is from a row */
    int64_t reported_ms;
    int64_t untested_wall_ms;    /* since when it is not tested, as was said */
    int64_t known_since_wall_ms; /* since when it stands in the configuration; 0: ? */
    int64_t tested_wall_ms;      /* when it was last pressed in a test; 0: never */
    char tested_by[100];
};

/* It is not known what the store holds of before: what is open of it is learned when it can be read
 * (incidents_catch_up). Kept with the row of what is open now. */
struct apart {
    char why[FACT_TEXT_SIZE];
    bool may_pass; /* the disk is only late: not stated before `until_ms` */
    int64_t until_ms;
    STAILQ_HEAD(, held) held;      /* answers that wait for the store */
    char (*known)[UUID_TEXT_SIZE]; /* alarms (known.c) */
    size_t known_count;
    int64_t had_answer[LIMIT_RECEIVERS]; /* the highest of each that the store has */
};

struct sweep;
struct sweeps;

/* On one incident; true if that made an event, and the rest has to wait for the next turn. */
typedef bool (*sweep_step)(struct sweep *sweep, struct incident *incident);

/* What is to be done with many incidents, one event a turn (sweeps.c). */
struct sweep {
    TAILQ_ENTRY(sweep) next;
    struct incidents *inc;
    char by[300], note[LIMIT_TEXT_BYTES + 1];
    int64_t at_ns;                    /* what was pressed after that is not meant */
    uint64_t meant[INCIDENT_CLASSES]; /* bit masks of buttons; what is done with is taken out */
    sweep_step carry_out;
    /* Nothing is left, and, if that is `awaited`, the disk has had its time. Freed behind it. NULL:
     * nobody waits. */
    void (*over)(struct sweep *sweep);
    bool is_recorded;     /* `over` writes the row of all that are open: as dear as an event */
    bool awaited, stored; /* on the disk; only if it is awaited */
    struct incidents_outcome outcome;
    struct incidents_order told; /* whom it tells, if a person at the gate waits */
    size_t receiver;             /* of an answer, or a platform's command */
    uint64_t ticket;             /* of a command */
    struct uplink_answer answer; /* of a person at the receiver */
    uint64_t press_seq;          /* of the newest press of which they knew */
};

enum exercise_phase {
    EXERCISE_PHASE_NONE,
    EXERCISE_PHASE_ANNOUNCED, /* receivers are being told; presses are still real */
    EXERCISE_PHASE_RUNNING,
};

/* A drill or a test, from its announcement to its end. */
struct exercise {
    enum exercise_phase phase;
    enum incident_class class;
    uint64_t buttons, tested; /* bit masks */
    int64_t length_ms;
    int64_t announce_until_ms;
    uint64_t seq;         /* of the announcement */
    uint32_t awaited;     /* receivers that have neither receipted nor accepted it yet */
    uint32_t unsigned_by; /* those that have accepted it and cannot sign */
    char by[300], note[200];
};

/* An incident as it was when it was last made JSON, and that text; NULL: never. The text says
 * nothing of an incident that is not in `was`: it would be kept when that alone has changed. */
struct saved_incident {
    struct incident was;
    char *text;
};

struct incidents {
    struct incidents_options options;
    size_t count; /* of inputs; those that are no button are never pressed here */
    struct panel panel;
    struct panel_button buttons[LIMIT_INPUTS];
    struct incident incidents[LIMIT_INPUTS][INCIDENT_CLASSES];
    struct saved_incident saved[LIMIT_INPUTS][INCIDENT_CLASSES];
    struct button own[LIMIT_INPUTS];
    struct after_poll after_poll; /* what the panel waits for */
    struct exercise exercise;
    char *ending; /* why the exercise ends that the panel is ending */
    struct sweeps *sweeps;
    uint64_t press_seq; /* of the last event that a press has become */
    bool unsaved;       /* the row "incidents" has changed and no event has taken it along */
    bool doubt_is_new;  /* something was added to `doubt` that is not on the disk */
    bool row_is_bad;    /* the text of the row "incidents" is worth keeping */
    bool closed;
    char doubt[FACT_TEXT_SIZE]; /* why not all is known of alarms from before; "" if it is */
    unsigned doubt_more;        /* reasons beside it that had no room */
    struct apart *apart;        /* NULL: what the store holds of before is known */
    SLIST_HEAD(, unreadable) unreadable; /* texts of the row "incidents" that could not be read */
};

/* incidents.c: to be called when the panel has something new to wait for. */
void incidents_rearm(struct incidents *inc);

/* steps.c: one event of an incident's life, with the row that follows from it. */
struct step_event {
    const char *verb; /* raised, updated, restored, closed, … */
    const char *cause;
    int64_t at_ns;
    const char *by, *note;
};
uint64_t steps_emit(struct incidents *inc, const struct incident *incident,
                    const struct step_event *step);
/* The panel's host. */
void steps_take(void *arg, const struct panel_step *step);
/* A step that a person has ordered, or time: makes its event and tells everybody. */
void steps_carry_out(struct incidents *inc, enum incident_action action,
                     const struct incident *incident, const char *by, const char *note);
/* An alarm of before that is not open here, since a later one of its button is: the event that it
 * is closed, and why. No fact: what is shown of that button is the later one. False: it is not
 * made. */
bool steps_close_followed(struct incidents *inc, const struct incident *followed,
                          const struct incident *later);
/* What was counted while lines chattered. */
void steps_tick(struct incidents *inc);

/* answers.c: what receivers and their people have done. */
void answers_delivered(struct incidents *inc, const struct fact_delivered *delivered);
void answers_take(struct incidents *inc, const struct fact_answer *taken);
/* The store was read, and its alarms are open again: those that wait for that. */
void answers_catch_up(struct incidents *inc, struct apart *apart);
void answers_obey(struct incidents *inc, const struct fact_command *asked, int64_t at_ns);

/* held.c: answers for alarms of which nobody knows while the store cannot be read. `is_done`: what
 * it says was carried out; it is only to be recorded. */
void held_add(struct apart *apart, size_t receiver, const struct uplink_answer *said, bool is_done);
/* Whether something waits that the same receiver's people said earlier; NULL: nothing does. */
bool held_before(const struct apart *apart, size_t receiver, int64_t answer_seq);
/* The first, taken out; false if there is none. */
bool held_next(struct apart *apart, struct fact_answer *ret_taken, bool *ret_is_done);
/* What the store has of answers was found: these were carried out by an earlier run. */
void held_note_had(struct apart *apart, const struct outbox_found *found);
void held_free(struct apart *apart); /* with all that waits; NULL is accepted */

/* known.c: alarms that are known without the store; NULL is accepted. */
void known_add(struct apart *apart, const char *alarm);
void known_add_restored(struct apart *apart, const struct outbox_found *found);
/* Takes them, and those that are open, out of the store's row. */
void known_drop(const struct incidents *inc, json_t *row);

/* sweeps.c: a sweep is made, told what it means, and added: its first event at once, if nothing
 * else is under way and none was made of another in this turn. */
struct sweeps *sweeps_create(struct incidents *inc);
struct sweep *sweeps_new(const char *by, const char *note, int64_t at_ns, sweep_step carry_out);
const char *sweeps_note(const struct sweep *sweep); /* NULL if there is none */
void sweeps_mean(struct sweep *sweep, const struct incident *incident);
void sweeps_add(struct incidents *inc, struct sweep *sweep); /* takes it */
/* Before it is added, and out of its turn: for what makes no event. */
void sweeps_carry_out(struct incidents *inc, struct sweep *sweep);
/* Whether one waits for its turn that ends so, of that receiver. */
bool sweeps_has(const struct incidents *inc, void (*over)(struct sweep *), size_t receiver);
/* Whether there is something for the next turn, an exercise's end included; and that. */
bool sweeps_any(const struct incidents *inc);
void sweeps_take_turn(struct incidents *inc);
void sweeps_end_turn(struct incidents *inc);
void sweeps_close(struct incidents *inc); /* nobody is told any more */
void sweeps_free(struct incidents *inc);

/* exercises.c */
void exercises_over(struct incidents *inc, const char *why);
void exercises_delivered(struct incidents *inc, const struct fact_delivered *delivered);
void exercises_pressed(struct incidents *inc, size_t button);
void exercises_tick(struct incidents *inc);

/* escalation.c */
void escalation_tick(struct incidents *inc);

/* state.c: rows as JSON; the caller frees. They abort without memory. */
char *state_incidents(struct incidents *inc);
void state_finish(struct incidents *inc);
char *state_exercise(const struct incidents *inc);
char *state_tests(const struct incidents *inc);
void state_save_tests(struct incidents *inc);
void state_save_unsaved(struct incidents *inc);

/* shape.c: whether the row of open alarms, and one of its incidents, is what state.c writes, or an
 * older version of it wrote. `now_ns`: no time of that boot is later. */
int shape_row(json_t *row, struct err *e);
int shape_incident(json_t *one, int64_t now_ns, struct err *e);
/* The class of that name; false if there is none. */
bool shape_class_of(const char *name, enum incident_class *ret_class);

/* unreadable.c: the rows that the store has of them; one more; those that have no row yet are
 * saved, which may be only when all that the store has is known. */
void unreadable_load(struct incidents *inc, const struct outbox_found *found);
void unreadable_add(struct incidents *inc, const char *text);
void unreadable_save(struct incidents *inc);
void unreadable_free(struct incidents *inc);

/* doubt.c: what is not known of alarms from before the restart. */
void doubt_load(struct incidents *inc, const struct outbox_found *found);
/* `in_row`: the text of the row "incidents" cannot be read or is not whole. */
void doubt_add(struct incidents *inc, const char *why, bool in_row);
/* What the store holds is not known (yet). */
void doubt_stand_apart(struct incidents *inc, const struct outbox_found *found);
void doubt_tick(struct incidents *inc);
/* When all is loaded: states it. What is new is saved, with the text that could not be read. */
void doubt_keep(struct incidents *inc, const struct outbox_found *found);

#endif
