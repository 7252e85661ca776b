/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of which alarms a gateway that does not know the store's knows all the same, and whoever made the
 * events of the journal did: what the store has of these is older than what is known here. One that
 * is not open here was closed.
 */
#include <stdlib.h>
#include <string.h>

#include "incidents/internal.h"

static bool has(const struct apart *apart, const char *alarm)
{
    size_t i = 0;
    while (i < apart->known_count && strcmp(apart->known[i], alarm) != 0)
        i++;
    return i < apart->known_count;
}

void known_add(struct apart *apart, const char *alarm)
{
    if (!apart || !alarm[0] || has(apart, alarm))
        return;
    apart->known = reallocarray(apart->known, apart->known_count + 1, sizeof *apart->known);
    if (!apart->known)
        abort();
    memcpy(apart->known[apart->known_count++], alarm, UUID_TEXT_SIZE);
}

void known_add_restored(struct apart *apart, const struct outbox_found *found)
{
    for (size_t i = 0; i < found->restored_count; i++) {
        const struct outbox_restored *r = &found->restored[i];
        /* One that goes with no row, of a clip, say, says nothing of what is open. */
        if (r->row_name && strcmp(r->row_name, ROW_INCIDENTS) == 0)
            known_add(apart, r->event->alarm);
    }
}

void known_drop(const struct incidents *inc, json_t *row)
{
    json_t *list = json_object_get(row, "incidents");
    for (size_t i = json_array_size(list); i > 0; i--) {
        const char *alarm =
            json_string_value(json_object_get(json_array_get(list, i - 1), "alarm"));
        if (alarm && (has(inc->apart, alarm) || panel_find(&inc->panel, alarm)))
            json_array_remove(list, i - 1);
    }
}
