/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this folder among themselves. Loop thread only. */
#ifndef TOCSIN_INPUTS_INTERNAL_H
#define TOCSIN_INPUTS_INTERNAL_H

#include "alarm/debounce.h"
#include "alarm/pair.h"
#include "inputs/inputs.h"
#include "loop/after_poll.h"

#define MOVES_KEPT 64 /* of two contacts, from one poll to the next */

/* One contact of an input: most have one, a supervised button has two. */
struct contact {
    struct one_input *input;
    enum input_contact which;
    struct input *line; /* NULL: its driver refuses what it was given */
    struct debounce debounce;
    bool known; /* its first level has come */
    bool broken;
    char reason[256];
};

/* A contact's accepted level has changed. */
struct contact_move {
    enum input_contact which;
    bool closed;
    int64_t at_ns;
};

struct one_input {
    struct inputs *inputs;
    size_t index;
    const struct config_input *config;
    const struct input_driver *driver;
    size_t contact_count;
    struct contact contacts[2];
    struct pair pair; /* with two contacts */
    size_t move_count;
    struct contact_move moves[MOVES_KEPT]; /* that the pair has not seen, oldest first */
    uv_timer_t hold;                       /* ends a simulated press */
    int64_t hold_ms;                       /* of the simulated press that is coming */
    bool active;                           /* pressed, switched, or telling of a fault */
    bool stuck;                            /* was stated as a fault */
    bool seen_up;                          /* since the start: it was stated not to be stuck */
    bool line_good;                        /* was stated to be */
    int64_t active_since_ns;
    char reason[400]; /* what is wrong with the line; "" if nothing is */
};

struct inputs {
    struct inputs_options options;
    struct after_poll after_poll; /* bounce and contradictions */
    size_t count;
    struct one_input inputs[LIMIT_INPUTS];
    struct {
        char digits[INPUT_CARD_DIGITS_MAX + 1];
        int64_t at_ms;
    } card; /* the last one that was read */
    bool open;
};

/* inputs.c: the first contact's settled level, as pressed or not. */
void inputs_take(struct one_input *in, bool active, enum input_cause cause, int64_t at_ns);
void inputs_tell_line(const struct one_input *in);
/* Whether a press of it is heard: every contact is there, and none is at fault. */
bool inputs_is_good(const struct one_input *in);

/* pressed.c: a level was accepted and has become no event: what has come of it. */
void pressed_tell(const struct one_input *in, const char *what);

/* contacts.c */
void contacts_open(struct one_input *in);
void contacts_close(struct one_input *in);
/* What was due at `until_ns`; asks for the rest. */
void contacts_settle(struct one_input *in, int64_t until_ns);

/* key_switches.c */
void key_switches_take(struct one_input *in, bool active, enum input_cause cause, int64_t at_ns);
void key_switches_card(struct one_input *in, const char *digits);

#endif
