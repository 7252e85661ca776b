/* SPDX-License-Identifier: Apache-2.0 */
#include "alarm/debounce.h"

void debounce_init(struct debounce *d, int64_t window_ns, bool accepted)
{
    *d = (struct debounce){
        .window_ns = window_ns, .due_ns = DEBOUNCE_NOT_DUE, .accepted = accepted, .raw = accepted};
}

bool debounce_settle(struct debounce *d, int64_t now_ns)
{
    if (now_ns < d->due_ns)
        return false;
    d->due_ns = DEBOUNCE_NOT_DUE;
    if (d->raw == d->accepted)
        return false;
    d->accepted = d->raw;
    return true;
}

bool debounce_level(struct debounce *d, bool active, int64_t at_ns)
{
    if (active == d->raw)
        return false;
    bool quiet = d->due_ns == DEBOUNCE_NOT_DUE;
    d->raw = active;
    d->due_ns = at_ns + d->window_ns;
    if (quiet)
        d->accepted = active;
    return quiet;
}
