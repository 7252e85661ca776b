/* SPDX-License-Identifier: Apache-2.0 */
#include "events/known.h"

#include <inttypes.h>
#include <stdio.h>

#include "outbox/outbox.h"

#define WHY "the store was lost or is an older one, or another gateway has the same site.id"

void known_note(struct known *k, const struct fact_numbers *said, struct damage *damage,
                const char *at)
{
    const uint32_t bit = 1u << said->receiver;
    char what[FACT_TEXT_SIZE];
    if (said->newest_seq > k->said.newest_seq && !(k->told & bit))
        k->said = *said;
    if (said->forked_seq == 0 || k->forks_told & bit)
        return;
    k->forks_told |= bit;
    snprintf(what, sizeof what,
             "%s has another event than this one under the number %" PRIu64
             ", or before it: numbers were given twice: " WHY,
             said->name, said->forked_seq);
    damage_add(damage, what, at);
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
    int length = snprintf(what, sizeof what,
                          "%s has event %" PRIu64 " of this gateway, and the newest that is known"
                          " here is %" PRIu64 ": ",
                          said.name, said.newest_seq, last_seq);
    if (above > 0) {
        envelope->used_seq = above;
        snprintf(what + length, sizeof what - (size_t)length, WHY "; numbers go on from %" PRIu64,
                 above + 1);
    } else {
        snprintf(what + length, sizeof what - (size_t)length,
                 "it can have given none so high, unless its clock was ahead by more than a year;"
                 " that is not believed, and numbers go on as they are");
    }
    damage_add(damage, what, at);
}
