/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/gone.h"

#include <inttypes.h>
#include <stdio.h>

static bool has(const struct gone *g, uint64_t seq)
{
    for (size_t i = 0; i < g->count; i++) {
        if (seq >= g->ranges[i].first && seq <= g->ranges[i].last)
            return true;
    }
    return false;
}

void gone_note(struct gone *g, uint64_t seq)
{
    if (has(g, seq))
        return;
    for (size_t i = 0; i < g->count; i++) {
        if (seq == g->ranges[i].last + 1) {
            g->ranges[i].last = seq;
            return;
        }
    }
    g->more |= g->count == GONE_RANGES;
    if (g->count == GONE_RANGES)
        return;
    g->ranges[g->count].first = g->ranges[g->count].last = seq;
    g->count++;
}

static int print(char *at, size_t size, uint64_t first, uint64_t last)
{
    return first == last ? snprintf(at, size, " %" PRIu64, first)
                         : snprintf(at, size, " %" PRIu64 " to %" PRIu64, first, last);
}

bool gone_take(struct gone *g, char *ret_sentence, size_t size)
{
    char numbers[GONE_RANGES * 48] = "";
    size_t used = 0;
    if (g->count == 0)
        return false;
    for (size_t i = 0; i < g->count; i++) {
        used += (size_t)snprintf(numbers + used, sizeof numbers - used, "%s", i > 0 ? "," : "");
        used += (size_t)print(numbers + used, sizeof numbers - used, g->ranges[i].first,
                              g->ranges[i].last);
    }
    bool is_one = g->count == 1 && g->ranges[0].first == g->ranges[0].last;
    snprintf(ret_sentence, size,
             "of event number%s%s%s nothing is here any more, and not every receiver has %s: what "
             "the store had of %s is lost",
             is_one ? "" : "s", numbers, g->more ? " and others" : "", is_one ? "it" : "them",
             is_one ? "it" : "them");
    *g = (struct gone){.count = 0};
    return true;
}
