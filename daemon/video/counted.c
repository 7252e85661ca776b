/* SPDX-License-Identifier: Apache-2.0 */
#include "video/counted.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

void counted_init(struct counted *c, int64_t now_ms)
{
    *c = (struct counted){.at_ms = now_ms};
}

int counted_load(struct counted *c, const char *text, const char *boot, int64_t now_ms,
                 struct err *e)
{
    json_t *row = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *of = json_string_value(json_object_get(row, "boot"));
    json_int_t ran_ms = -1, at_ms = -1;
    bool is_whole = of && json_unpack(row, "{sI,sI}", "ran_ms", &ran_ms, "at_ms", &at_ms) == 0 &&
                    ran_ms >= 0 && at_ms >= 0 && ran_ms <= INT64_MAX / 2;
    /* Another boot's clock has begun anew: this one has run since. */
    if (is_whole && strcmp(of, boot) != 0)
        at_ms = 0;
    json_decref(row);
    if (!is_whole || at_ms > now_ms)
        return err_set(e, EBADMSG,
                       "how long it ran cannot be read: clips are kept for as long "
                       "again");
    *c = (struct counted){.ran_ms = ran_ms, .at_ms = at_ms};
    counted_go_on(c, now_ms);
    return 0;
}

void counted_go_on(struct counted *c, int64_t now_ms)
{
    if (now_ms > c->at_ms)
        c->ran_ms += now_ms - c->at_ms;
    c->at_ms = now_ms;
}

void counted_know(struct counted *c, int64_t ran_ms)
{
    if (ran_ms > c->ran_ms)
        c->ran_ms = ran_ms;
}

char *counted_text(const struct counted *c, const char *boot)
{
    json_t *row = json_pack("{ss,sI,sI}", "boot", boot, "ran_ms", (json_int_t)c->ran_ms, "at_ms",
                            (json_int_t)c->at_ms);
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    return text;
}
