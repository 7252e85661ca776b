/* SPDX-License-Identifier: Apache-2.0 */
#include "events/leaving.h"

#include "base/clock.h"

/* Together, and with the second in which the store comes back from a last try, within its service's
 * TimeoutStopSec=15. */
#define LEAVE_MS 11000
#define REST_MS  2000

static void on_written(void *arg)
{
    struct leaving *l = arg;
    l->is_written = true;
}

bool leaving_waits(struct leaving *l, struct outbox *outbox, bool waits)
{
    int64_t now_ms = clock_monotonic_ms();
    if (!l->is_asked) {
        l->is_asked = true;
        l->until_ms = now_ms + LEAVE_MS;
        outbox_when_kept(outbox, on_written, l);
    }
    return (!l->is_written || waits) && now_ms < l->until_ms;
}

/* A disk that took nothing all the while is asked once more. */
int64_t leaving_rest_ms(const struct leaving *l)
{
    return l->is_asked && !l->is_written ? 0 : REST_MS;
}
