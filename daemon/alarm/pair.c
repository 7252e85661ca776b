/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/pair.h"

#include <stddef.h>

void pair_init(struct pair *p, int64_t changeover_ns, bool normally_closed)
{
    *p = (struct pair){
        .changeover_ns = changeover_ns, .normally_closed = normally_closed, .due_ns = PAIR_NOT_DUE};
}

static bool set_fault(struct pair *p, enum pair_fault fault)
{
    bool changed = p->fault != fault;
    p->fault = fault;
    return changed;
}

/* Both contacts agree on what they say: at rest, or pressed. */
static bool take_agreement(struct pair *p, bool at_rest)
{
    bool both_moved = p->second_away && p->first_moved;
    bool one_sided = p->second_away && !p->first_moved;
    p->due_ns = PAIR_NOT_DUE;
    if (at_rest)
        p->second_away = p->first_moved = false;
    if (at_rest && one_sided)
        return set_fault(p, PAIR_FAULT_ONE_SIDED);
    /* A one-sided press stays a fault until both contacts have moved again. */
    if (p->fault == PAIR_FAULT_ONE_SIDED && !both_moved)
        return false;
    return set_fault(p, PAIR_FAULT_NONE);
}

bool pair_contact(struct pair *p, int contact, bool closed, int64_t at_ns)
{
    p->known[contact] = true;
    p->closed[contact] = closed;
    if (!p->known[0] || !p->known[1])
        return false;
    p->first_moved |= p->closed[0] != p->normally_closed;
    p->second_away |= p->closed[1] == p->normally_closed;
    if (p->closed[0] != p->closed[1])
        return take_agreement(p, p->closed[0] == p->normally_closed);
    if (p->due_ns == PAIR_NOT_DUE)
        p->due_ns = at_ns + p->changeover_ns;
    return false;
}

bool pair_settle(struct pair *p, int64_t now_ns)
{
    if (now_ns < p->due_ns)
        return false;
    p->due_ns = PAIR_NOT_DUE;
    return set_fault(p, p->closed[0] ? PAIR_FAULT_SHORT : PAIR_FAULT_CUT);
}

const char *pair_fault_text(enum pair_fault fault)
{
    switch (fault) {
    case PAIR_FAULT_NONE:
        return NULL;
    case PAIR_FAULT_CUT:
        return "both contacts are open: a wire is cut, or the button is pressed and the wire of "
               "its normally open contact is cut; look at once";
    case PAIR_FAULT_SHORT:
        return "both contacts are closed: the wires touch each other";
    case PAIR_FAULT_ONE_SIDED:
        return "only one of the two contacts moved: it may have been pressed, and the other wire "
               "is cut or the contact worn; look at once, and press it in a test";
    }
    return NULL;
}
