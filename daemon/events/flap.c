/* SPDX-License-Identifier: Apache-2.0 */
#include "events/flap.h"

#include <limits.h>

#define EVENT_MS  (INT64_C(90) * 60 * 1000)
#define BURST     8                          /* events; 16 more are paid for in a day */
#define QUIET_MS  (INT64_C(60) * 1000)       /* doubled by each event that is owed */
#define SUM_UP_MS (INT64_C(4) * 3600 * 1000) /* while it goes on */

int64_t flap_debt_ms(const struct flap *f, int64_t now_ms)
{
    return f->paid_ms > now_ms ? f->paid_ms - now_ms : 0;
}

/* Whether so many events more would be within the bound. */
static bool has_room(const struct flap *f, int events, int64_t now_ms)
{
    return flap_debt_ms(f, now_ms) <= (BURST - events) * EVENT_MS;
}

static int64_t quiet_ms(const struct flap *f, int64_t now_ms)
{
    int64_t owed = (flap_debt_ms(f, now_ms) + EVENT_MS - 1) / EVENT_MS;
    return owed > 1 ? QUIET_MS << (owed - 1) : QUIET_MS;
}

void flap_restore(struct flap *f, bool reported, int64_t debt_ms, int64_t now_ms)
{
    int64_t most_ms = BURST * EVENT_MS;
    if (debt_ms < 0)
        debt_ms = 0;
    *f = (struct flap){.reported = reported,
                       .since_ms = now_ms,
                       .reported_ms = now_ms,
                       .paid_ms = now_ms + (debt_ms < most_ms ? debt_ms : most_ms)};
}

void flap_found(struct flap *f, bool broken, int64_t now_ms)
{
    f->broken = broken;
    f->since_ms = now_ms;
}

bool flap_state(struct flap *f, bool broken, int64_t now_ms)
{
    if (broken == f->broken)
        return false;
    f->broken = broken;
    f->since_ms = now_ms;
    if (broken && f->times < UINT_MAX)
        f->times++;
    return true;
}

bool flap_is_due(const struct flap *f, int64_t now_ms)
{
    if (f->broken && !f->reported)
        return has_room(f, 1, now_ms);
    if (f->broken)
        return f->times > 0 && now_ms - f->reported_ms >= SUM_UP_MS; /* by then there is room */
    return f->reported && has_room(f, 2, now_ms) && now_ms - f->since_ms >= quiet_ms(f, now_ms);
}

bool flap_may_tell(const struct flap *f, int64_t now_ms)
{
    return has_room(f, 1, now_ms);
}

void flap_reported(struct flap *f, int64_t now_ms)
{
    f->paid_ms = now_ms + flap_debt_ms(f, now_ms) + EVENT_MS;
    f->reported = f->broken;
    f->reported_ms = now_ms;
    f->times = 0;
}
