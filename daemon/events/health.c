/* SPDX-License-Identifier: Apache-2.0 */
#include "events/health.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/log.h"

#define STUCK_TEXT "the disk does not answer; events are kept in memory and sent from there"
#define UNREAD_TEXT                                                                                \
    "the disk does not answer; what is on it alone and waits for a receiver is not sent"
#define SLOW_TEXT                                                                                  \
    "the disk is slow: half of the last events were not on it within storage.commit_wait"

void health_take_forgets(struct health *h, const char *folder, const char *forgetting)
{
    h->forgets[0] = '\0';
    if (forgetting)
        snprintf(h->forgets, sizeof h->forgets,
                 "%s is on %s: nothing that is written there outlives a power cut", folder,
                 forgetting);
}

const char *health_trouble(const struct health *h, bool is_stuck)
{
    return h->store_reason[0] ? h->store_reason
           : is_stuck         ? STUCK_TEXT
           : h->is_unread     ? UNREAD_TEXT
           : h->forgets[0]    ? h->forgets
           : h->slow.is_slow  ? SLOW_TEXT
                              : "";
}

static void state_store(struct health *h, const char *reason)
{
    if (!reason && (h->store_good || !h->store_proven))
        return;
    h->store_good = !reason;
    facts_state_fault(h->facts, FAULT_STORE, NULL, reason);
}

void health_check(struct health *h, bool is_stuck)
{
    const char *trouble = health_trouble(h, is_stuck);
    state_store(h, trouble[0] ? trouble : NULL);
}

void health_take_fault(struct health *h, const char *reason, bool is_stuck)
{
    if (reason)
        log_error("outbox", "%s", reason);
    else if (h->store_reason[0])
        log_info("outbox", "the store works again");
    h->store_proven |= !reason;
    encode_copy_utf8(h->store_reason, sizeof h->store_reason, reason);
    health_check(h, is_stuck);
}
