/* SPDX-License-Identifier: Apache-2.0 */
#include "video/part.h"

#include <stdbool.h>
#include <string.h>

#define GAP_MS 1500 /* between two parts: more than the last picture's length */

int64_t part_number(const struct message *message, const char *key)
{
    return json_integer_value(json_object_get(message->clip.manifest, key));
}

static const char *boot_of(const struct message *message)
{
    const char *boot = json_string_value(json_object_get(message->clip.manifest, "boot"));
    return boot ? boot : "";
}

void part_name_gap(struct message *message, const struct message *before)
{
    json_t *gaps = json_object_get(message->clip.manifest, "gaps");
    int64_t since_ms = part_number(before, "stop_monoms") - part_number(message, "start_monoms");
    bool named = false;
    if (strcmp(boot_of(message), boot_of(before)) != 0)
        return;
    for (size_t i = json_array_size(gaps); i-- > 0;) {
        json_t *gap = json_array_get(gaps, i);
        int64_t to_ms = json_integer_value(json_object_get(gap, "to_ms"));
        if (json_integer_value(json_object_get(gap, "from_ms")) >= since_ms)
            named = true;
        else if (to_ms <= since_ms)
            json_array_remove(gaps, i);
        else if (json_object_set_new(gap, "from_ms", json_integer(since_ms)) == 0)
            named = true;
    }
    if (!named && since_ms < -GAP_MS)
        json_array_append_new(gaps,
                              json_pack("{sI,si,ss}", "from_ms", (json_int_t)since_ms, "to_ms", 0,
                                        "why", "the camera's process had to be started again"));
}
