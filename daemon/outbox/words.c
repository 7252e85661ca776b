/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/words.h"

#include <stdio.h>
#include <string.h>

#define FIRST_NS   INT64_C(1000000000) /* and twice as long after each change */
#define LONGEST_NS INT64_C(60000000000)

bool words_follow(struct words *w, const char *reason, int64_t now_ns)
{
    if (w->is_told && (now_ns < w->until_ns || strcmp(w->last.text, reason) == 0))
        return false;
    w->for_ns = w->is_told ? w->for_ns * 2 : FIRST_NS;
    if (w->for_ns > LONGEST_NS)
        w->for_ns = LONGEST_NS;
    w->until_ns = now_ns + w->for_ns;
    w->is_told = true;
    snprintf(w->last.text, sizeof w->last.text, "%s", reason);
    return true;
}

bool words_end(struct words *w)
{
    bool was_told = w->is_told;
    w->is_told = false;
    return was_told;
}
