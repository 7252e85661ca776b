/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/chatter.h"

bool chatter_press(struct chatter *c, int64_t at_ns)
{
    int64_t oldest_ns = c->at_ns[c->next];
    c->at_ns[c->next] = c->last_ns = at_ns;
    c->next = (c->next + 1) % CHATTER_PRESSES;
    if (c->on) {
        c->presses++;
    } else if (oldest_ns != 0 && at_ns - oldest_ns < CHATTER_WINDOW_NS) {
        c->on = true;
        c->presses = CHATTER_PRESSES + 1;
    }
    return c->on;
}

bool chatter_settle(struct chatter *c, int64_t now_ns)
{
    if (!c->on || now_ns - c->last_ns < CHATTER_QUIET_NS)
        return false;
    c->on = false;
    return true;
}
