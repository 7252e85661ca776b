/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervision of a button with two contacts, of which one is open while the other is closed.
 *
 *   first   second     (first normally open)
 *   open    closed     at rest
 *   closed  open       pressed
 *   open    open       for a moment in every press; longer: a wire is cut
 *   closed  closed     longer than a change-over: a short
 *
 * The first contact alone says "pressed", at once: supervision never delays a press, and takes none
 * away. What is left is a press that only the second contact saw (the first one's wire is cut): the
 * second leaves its rest and comes back, and the first never moved. That is a fault of its own.
 *
 * Pure; the contacts come debounced. One owner, no locking.
 */
#ifndef TOCSIN_ALARM_PAIR_H
#define TOCSIN_ALARM_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#define PAIR_NOT_DUE INT64_MAX

enum pair_fault {
    PAIR_FAULT_NONE,
    PAIR_FAULT_CUT,       /* both open */
    PAIR_FAULT_SHORT,     /* both closed */
    PAIR_FAULT_ONE_SIDED, /* the second moved and came back, the first did not */
};

struct pair {
    int64_t changeover_ns;
    bool normally_closed; /* the first contact's rest; the second's is the contrary */
    bool known[2], closed[2];
    bool second_away, first_moved; /* the second has left its rest; the first has since */
    int64_t due_ns;                /* when to settle; PAIR_NOT_DUE while there is nothing to wait */
    enum pair_fault fault;
};

void pair_init(struct pair *p, int64_t changeover_ns, bool normally_closed);

/* A contact (0 first, 1 second) is closed or open. True if p->fault has changed. */
bool pair_contact(struct pair *p, int contact, bool closed, int64_t at_ns);

/* To be called at or after p->due_ns. True if p->fault has changed. */
bool pair_settle(struct pair *p, int64_t now_ns);

/* A sentence for the technician; NULL for PAIR_FAULT_NONE. */
const char *pair_fault_text(enum pair_fault fault);

#endif
