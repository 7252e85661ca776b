/* SPDX-License-Identifier: Apache-2.0 */
#include "video/counted.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* A century: no machine has counted more. */
#define ANY_MS (INT64_C(36525) * 24 * 3600000)
/* What a reboot may have taken of the count: it is noted each ten minutes, if the disk takes that.
 */
#define BEHIND_MS INT64_C(3600000)

void counted_init(struct counted *c, int64_t now_ms)
{
    *c = (struct counted){.at_ms = now_ms, .most_ms = ANY_MS};
}

int counted_load(struct counted *c, const char *text, const char *boot, int64_t now_ms,
                 struct err *e)
{
    json_t *row = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *of = json_string_value(json_object_get(row, "boot"));
    json_int_t ran_ms = -1, at_ms = -1;
    bool is_whole = of && json_unpack(row, "{sI,sI}", "ran_ms", &ran_ms, "at_ms", &at_ms) == 0 &&
                    ran_ms >= 0 && at_ms >= 0 && ran_ms <= ANY_MS;
    /* Another boot's clock has begun anew: this one has run since. */
    if (is_whole && strcmp(of, boot) != 0)
        at_ms = 0;
    json_decref(row);
    if (!is_whole || at_ms > now_ms)
        return err_set(e, EBADMSG, "it is damaged");
    *c = (struct counted){.ran_ms = ran_ms, .at_ms = at_ms, .most_ms = ran_ms + BEHIND_MS};
    counted_go_on(c, now_ms);
    return 0;
}

void counted_go_on(struct counted *c, int64_t now_ms)
{
    int64_t passed_ms = now_ms > c->at_ms ? now_ms - c->at_ms : 0;
    c->ran_ms += passed_ms;
    c->most_ms += passed_ms;
    c->at_ms = now_ms;
}

bool counted_know(struct counted *c, int64_t ran_ms)
{
    if (ran_ms < 0 || ran_ms > c->most_ms)
        return false;
    if (ran_ms > c->ran_ms)
        c->ran_ms = ran_ms;
    return true;
}

char *counted_text(const struct counted *c, const char *boot)
{
    json_t *row = json_pack("{ss,sI,sI}", "boot", boot, "ran_ms", (json_int_t)c->ran_ms, "at_ms",
                            (json_int_t)c->at_ms);
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    return text;
}
