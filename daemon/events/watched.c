/* SPDX-License-Identifier: Apache-2.0 */
#include "events/watched.h"

#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "facts/fault_catalog.h"

void watched_take(struct watched *w, enum fault_code code, const char *reason, struct facts *facts)
{
    char now[FACT_TEXT_SIZE];
    encode_copy_utf8(now, sizeof now, reason);
    if (w->is_stated && strcmp(now, w->reason) == 0)
        return;
    if (reason[0])
        log_error("outbox", "%s", reason);
    else if (w->is_stated)
        log_info("outbox", "fault %s is over", fault_kind(code)->word);
    w->is_stated = true;
    memcpy(w->reason, now, sizeof now);
    facts_state_fault(facts, code, NULL, now[0] ? now : NULL);
}
