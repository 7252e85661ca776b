/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every order of up to eight things that can happen to one alarm and its two responders: presses
 * that are told and presses that a line makes by itself (counted, told later), receipts that come
 * late, twice, or never (an outage), answers of people who had one press or another before them, a
 * reset. Against a model that remembers who has which press and what was said of which.
 *
 * Checked after every step: nobody counts as having, or having seen, the newest press that is told
 * who has not; nothing that was said before it quiets or closes it; it is closed by a reset alone,
 * or by both, each after the newest press; and who is asked next is put off by nothing but somebody
 * who has seen the newest press.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/escalation.h"

#define DEPTH     8
#define RECEIVERS 2
#define BOTH      3u
#define PRESS_MAX (DEPTH + 1)
#define ASK_AFTER 100 /* things are 10 apart: nobody is asked next within an order */
#define STEP      10

enum thing {
    THING_PRESS,     /* an event tells of it */
    THING_COUNT,     /* a press that is only counted as yet */
    THING_RECEIPT_A, /* of the newest that is told */
    THING_RECEIPT_B,
    THING_LATE_A,     /* of the one told before that */
    THING_SEEN_A,     /* by people who have the newest that is told before them */
    THING_REJECTED_A, /* likewise */
    THING_STALE_A,    /* seen, by people who had the one before that */
    THING_CLOSED_A,
    THING_CLOSED_B,
    THING_RESET,
    THINGS,
};

static const char *const names[THINGS] = {"press",    "count",    "receipt A",  "receipt B",
                                          "late A",   "seen A",   "rejected A", "stale A",
                                          "closed A", "closed B", "reset"};

struct world {
    struct incident incident;
    int64_t now;
    /* The truth. */
    unsigned presses, told; /* how many, of this alarm; the number of the newest that is told */
    unsigned has[RECEIVERS], seen[RECEIVERS], closed[RECEIVERS]; /* newest press that they do of */
    bool rejected;                                               /* A, of the newest told */
    int64_t unseen_since; /* when the next group's time began */
};

static enum thing order[DEPTH];
static int at; /* the last of it that has happened */
static unsigned long long states;

static void fail(const char *why)
{
    printf("FAILED: %s, after:", why);
    for (int i = 0; i <= at; i++)
        printf(" %s;", names[order[i]]);
    printf("\n");
    exit(1);
}

/* The event of the nth press; 0 if there is none. */
static uint64_t seq_of(unsigned press)
{
    return press ? 100 + press : 0;
}

static void press(struct world *w, bool is_told)
{
    static const char id[UUID_TEXT_SIZE] = "00000000-0000-7000-8000-000000000000";
    bool was_open = w->incident.open;
    incident_release(&w->incident);
    incident_press(&w->incident, w->now, false, id);
    if (!was_open) {
        struct incident incident = w->incident;
        *w = (struct world){.incident = incident, .now = w->now, .unseen_since = w->now};
        is_told = true; /* the first always is */
    }
    w->presses++;
    if (!is_told)
        return;
    if (w->told > 0 && (w->seen[0] >= w->told || w->seen[1] >= w->told))
        w->unseen_since = w->now;
    w->told = w->presses;
    w->rejected = false;
    incident_tell_press(&w->incident, seq_of(w->told), false, UINT32_MAX);
}

/* As incidents/answers.c does it. */
static void receipt(struct world *w, unsigned receiver, unsigned of)
{
    incident_receipted(&w->incident, receiver, seq_of(of));
    if (of == w->told)
        incident_advance(&w->incident, receiver, INCIDENT_PROGRESS_DELIVERED);
    else
        incident_advance_before(&w->incident, receiver, INCIDENT_PROGRESS_DELIVERED);
    if (of > w->has[receiver])
        w->has[receiver] = of;
}

static void answer(struct world *w, unsigned receiver, unsigned had, enum thing what)
{
    uint64_t seen_seq = seq_of(had);
    bool is_newest = had == w->presses; /* whatever was only counted nobody had before him */
    if (incident_is_known(&w->incident, receiver, &seen_seq) != is_newest)
        fail("whether people know of the newest press is not so");
    if (!is_newest)
        return;
    w->seen[receiver] = w->told;
    bool is_closed = what == THING_CLOSED_A || what == THING_CLOSED_B;
    bool rejects = what == THING_REJECTED_A || (is_closed && receiver == 0 && w->rejected);
    if (receiver == 0)
        w->rejected = rejects;
    w->closed[receiver] = is_closed ? w->presses : 0;
    incident_answer(&w->incident, receiver, INCIDENT_PROGRESS_SEEN, rejects);
    if (is_closed)
        incident_answer_closed(&w->incident, receiver, BOTH);
}

static bool is_possible(const struct world *w, enum thing thing)
{
    if (thing == THING_PRESS)
        return true;
    if (!w->incident.open)
        return false;
    return (thing != THING_LATE_A && thing != THING_STALE_A) || w->told > 1;
}

/* The press that was told before the newest; presses that were counted between have no event. */
static unsigned earlier(const struct world *w)
{
    return w->told - 1;
}

static bool happen(struct world *w, enum thing thing)
{
    w->now += STEP;
    switch (thing) {
    case THING_PRESS:
    case THING_COUNT:
        press(w, thing == THING_PRESS);
        return false;
    case THING_RECEIPT_A:
    case THING_RECEIPT_B:
        receipt(w, thing == THING_RECEIPT_B, w->told);
        return false;
    case THING_LATE_A:
        receipt(w, 0, earlier(w));
        return false;
    case THING_SEEN_A:
    case THING_REJECTED_A:
    case THING_CLOSED_A:
        answer(w, 0, w->told, thing);
        return false;
    case THING_CLOSED_B:
        answer(w, 1, w->told, thing);
        return false;
    case THING_STALE_A:
        answer(w, 0, earlier(w), thing);
        return false;
    case THING_RESET:
        incident_reset(&w->incident);
        return true;
    case THINGS:
        break;
    }
    return false;
}

static enum incident_progress truth_of(const struct world *w, unsigned receiver)
{
    if (w->seen[receiver] >= w->told)
        return INCIDENT_PROGRESS_SEEN;
    return w->has[receiver] >= w->told ? INCIDENT_PROGRESS_DELIVERED : INCIDENT_PROGRESS_HEARD;
}

static const char *check(const struct world *w, bool was_reset)
{
    const struct incident *i = &w->incident;
    const struct escalation_rule rule = {.escalate_after_ns = ASK_AFTER, .groups = 2};
    bool both_closed = w->closed[0] == w->presses && w->closed[1] == w->presses;
    if (i->open == (was_reset || both_closed))
        return "it is closed by nobody, or open though it was";
    if (!i->open)
        return NULL;
    if (i->presses != w->presses)
        return "a press is lost or invented";
    bool is_seen = false;
    for (unsigned r = 0; r < RECEIVERS; r++) {
        enum incident_progress truth = truth_of(w, r);
        if (i->progress[r] != truth)
            return "a receiver is not as far with the newest press as is shown";
        if (i->closing[r] != (w->closed[r] == w->presses))
            return "what one has closed is of another press";
        is_seen = is_seen || truth == INCIDENT_PROGRESS_SEEN;
    }
    if (i->rejected[0] != w->rejected)
        return "what was rejected is of another press";
    bool is_due = !is_seen;
    if (escalation_is_due(i, BOTH, &rule, w->unseen_since + ASK_AFTER) != is_due)
        return "the next group is put off, or asked though somebody has seen it";
    return !is_seen && escalation_is_due(i, BOTH, &rule, w->unseen_since + ASK_AFTER - 1)
               ? "the next group is asked too soon"
               : NULL;
}

static void explore(const struct world *from, int depth)
{
    for (int thing = 0; depth < DEPTH && thing < THINGS; thing++) {
        if (!is_possible(from, (enum thing)thing))
            continue;
        struct world w = *from;
        at = depth;
        order[at] = (enum thing)thing;
        const char *wrong = check(&w, happen(&w, (enum thing)thing));
        if (wrong)
            fail(wrong);
        states++;
        explore(&w, depth + 1);
    }
}

int main(void)
{
    struct world w = {.incident = {.class = INCIDENT_CLASS_ALARM}};
    explore(&w, 0);
    printf("answers: %llu steps, every order of up to %d of %d things\n", states, DEPTH, THINGS);
    return 0;
}
