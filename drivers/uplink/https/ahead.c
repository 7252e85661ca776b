/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/ahead.h"

#include <stdio.h>
#include <string.h>

void ahead_put(struct ahead *a, const char *event, const struct profile_headers *headers,
               int64_t created_s)
{
    struct prepared *p = &a->prepared[a->next];
    a->next = (a->next + 1) % AHEAD_MAX;
    snprintf(p->event, sizeof p->event, "%s", event);
    p->created_s = created_s;
    p->headers = *headers;
}

const struct profile_headers *ahead_take(struct ahead *a, const char *event, int64_t now_s)
{
    const struct profile_headers *found = NULL;
    for (size_t i = 0; i < AHEAD_MAX; i++) {
        struct prepared *p = &a->prepared[i];
        if (strcmp(p->event, event) != 0)
            continue;
        int64_t age_s = now_s - p->created_s;
        if (age_s >= 0 && age_s <= AHEAD_LIFE_S)
            found = &p->headers;
        p->event[0] = '\0'; /* a nonce is used once */
    }
    return found;
}
