/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What receivers' people say of an alarm that only the store has, while that cannot be read:
 * whether there is such an alarm is not known, so it is neither carried out nor confirmed. It is
 * kept in memory and taken when the store is read; after a kill or a stop it comes again, since
 * nobody confirmed it. A heartbeat confirms by the highest number, so what the same receiver's
 * people said later is carried out, but not confirmed before it. As many as delivery lets be at
 * work.
 */
#include <stdlib.h>

#include "incidents/internal.h"

struct held {
    STAILQ_ENTRY(held) next;
    struct fact_answer taken;
    bool is_done;
};

void held_add(struct apart *apart, size_t receiver, const struct uplink_answer *said, bool is_done)
{
    struct held *one = calloc(1, sizeof *one);
    if (!one)
        abort();
    *one = (struct held){.taken = {.receiver = receiver, .answer = *said}, .is_done = is_done};
    STAILQ_INSERT_TAIL(&apart->held, one, next);
}

bool held_before(const struct apart *apart, size_t receiver, int64_t answer_seq)
{
    const struct held *one = apart ? STAILQ_FIRST(&apart->held) : NULL;
    while (one && !(one->taken.receiver == receiver && one->taken.answer.answer_seq < answer_seq))
        one = STAILQ_NEXT(one, next);
    return one;
}

bool held_next(struct apart *apart, struct fact_answer *ret_taken, bool *ret_is_done)
{
    struct held *one = STAILQ_FIRST(&apart->held);
    if (!one)
        return false;
    STAILQ_REMOVE_HEAD(&apart->held, next);
    *ret_taken = one->taken;
    *ret_is_done = one->is_done;
    free(one);
    return true;
}

/* What two runs did not know of each other is found in two pieces, and the answers with one. */
void held_note_had(struct apart *apart, const struct outbox_found *found)
{
    for (size_t i = 0; apart && i < LIMIT_RECEIVERS; i++) {
        if (found->answer_seq[i] > apart->had_answer[i])
            apart->had_answer[i] = found->answer_seq[i];
    }
}

void held_free(struct apart *apart)
{
    struct fact_answer taken;
    bool is_done;
    while (apart && held_next(apart, &taken, &is_done))
        ;
    if (apart)
        free(apart->known);
    free(apart);
}
