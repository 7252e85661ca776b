/* SPDX-License-Identifier: Apache-2.0 */
#include "events/known.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "outbox/outbox.h"

void known_note(struct known *k, const struct fact_numbers *said)
{
    if (said->newest_seq > k->said.newest_seq && !(k->told & 1u << said->receiver))
        k->said = *said;
}

void known_pass(struct known *k, struct envelope *envelope, struct damage *damage, const char *at)
{
    const struct fact_numbers said = k->said;
    uint64_t last_seq = envelope_next_seq(envelope) - 1;
    char what[FACT_TEXT_SIZE];
    k->said.newest_seq = 0;
    if (said.newest_seq <= last_seq)
        return;
    k->told |= 1u << said.receiver;
    uint64_t above = outbox_numbers_above(said.newest_seq);
    if (above == 0) {
        log_error("outbox",
                  "%s says that it has event %" PRIu64 " of this gateway, which makes none so high:"
                  " it is not believed",
                  said.name, said.newest_seq);
        return;
    }
    envelope->used_seq = above;
    snprintf(what, sizeof what,
             "%s has event %" PRIu64 " of this gateway, and the newest that is known here is"
             " %" PRIu64 ": the store was lost or is an older one, or another gateway has the same"
             " site.id; numbers go on from %" PRIu64,
             said.name, said.newest_seq, last_seq, above + 1);
    damage_add(damage, what, at);
}
