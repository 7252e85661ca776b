/* SPDX-License-Identifier: Apache-2.0 */
#include "events/damage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "envelope/data.h"

#define ROW  OUTBOX_DAMAGE_ROW
#define KEPT 8 /* the oldest and the newest, half each */

static void save(const struct damage *d, const char *by, const char *note)
{
    json_t *row = json_pack("{sO,si,ss*,ss*}", "found", d->found, "more", (int)d->more, "seen_by",
                            by, "note", note);
    char *text = data_row_text(row);
    outbox_save_row(d->outbox, &(struct outbox_row){ROW, text});
    free(text);
}

/* The newest, and how many there were before. */
static void state(const struct damage *d)
{
    char reason[FACT_TEXT_SIZE];
    size_t count = json_array_size(d->found);
    unsigned all = (unsigned)count + d->more;
    if (count == 0) {
        facts_state_fault(d->facts, FAULT_STORE_DAMAGED, NULL, NULL);
        return;
    }
    const json_t *last = json_array_get(d->found, count - 1);
    snprintf(reason, sizeof reason, "%s", json_string_value(json_object_get(last, "what")));
    if (all > 1)
        snprintf(reason, sizeof reason, "%u unseen; the newest: %s", all,
                 json_string_value(json_object_get(last, "what")));
    encode_trim_utf8(reason);
    facts_state_fault(d->facts, FAULT_STORE_DAMAGED, NULL, reason);
}

static void keep(struct damage *d, json_t *one)
{
    json_array_append_new(d->found, one);
    if (json_array_size(d->found) <= KEPT)
        return;
    json_array_remove(d->found, KEPT / 2);
    d->more++;
}

static void append_one(struct damage *d, const char *what, const char *at)
{
    char text[1000];
    encode_copy_utf8(text, sizeof text, what);
    log_error("outbox", "%s", text);
    keep(d, json_pack("{ss,ss}", "what", text, "at", at));
}

/* Each line is a damage of its own. */
static void append(struct damage *d, const char *what, const char *at)
{
    char *lines = strdup(what), *rest = lines;
    if (!lines)
        abort();
    for (const char *one; (one = strsep(&rest, "\n"));)
        append_one(d, one, at);
    free(lines);
}

static bool is_found(const json_t *one)
{
    return json_is_string(json_object_get(one, "what")) &&
           json_is_string(json_object_get(one, "at"));
}

static void load(struct damage *d, const char *text, const char *at)
{
    json_t *row = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL, *one;
    const json_t *list = json_object_get(row, "found");
    size_t i;
    if (text && !json_is_array(list))
        append(d, "what was noted of an earlier damage of the store cannot be read", at);
    if (!json_object_get(row, "seen_by")) {
        json_array_foreach(list, i, one)
        {
            if (is_found(one))
                json_array_append(d->found, one);
        }
        d->more = (unsigned)json_integer_value(json_object_get(row, "more"));
    }
    json_decref(row);
}

void damage_open(struct damage *d, struct facts *facts, struct outbox *outbox,
                 const struct outbox_found *found, const char *at)
{
    *d = (struct damage){.facts = facts, .outbox = outbox, .found = json_array()};
    if (!d->found)
        abort();
    load(d, outbox_found_text(found, ROW), at);
    if (found->damage) {
        append(d, found->damage, at);
        save(d, NULL, NULL);
    }
    if (!found->unknown[0] || json_array_size(d->found) > 0)
        state(d);
}

static bool has(const json_t *list, const json_t *wanted)
{
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one)
    {
        if (json_equal(one, wanted))
            return true;
    }
    return false;
}

void damage_catch_up(struct damage *d, const struct outbox_found *found, const char *at)
{
    json_t *since = d->found, *one;
    unsigned more = d->more;
    size_t i;
    d->found = json_array();
    if (!d->found)
        abort();
    load(d, outbox_found_text(found, ROW), at);
    d->more += more;
    json_array_foreach(since, i, one)
    {
        if (!has(d->found, one))
            keep(d, json_incref(one));
    }
    if (json_array_size(d->found) > 0)
        save(d, NULL, NULL);
    json_decref(since);
    state(d);
}

void damage_add(struct damage *d, const char *what, const char *at)
{
    append(d, what, at);
    save(d, NULL, NULL);
    state(d);
}

bool damage_accept(struct damage *d, const char *by, const char *note)
{
    char text[FACT_TEXT_SIZE];
    if (json_array_size(d->found) == 0)
        return false;
    snprintf(text, sizeof text, "seen by %s%s%s", by, note ? ": " : "", note ? note : "");
    encode_trim_utf8(text);
    log_warning("outbox", "the damage of the store was %s", text);
    save(d, by, note);
    json_array_clear(d->found);
    d->more = 0;
    /* The event that it is over says who has said so. */
    facts_state_fault(d->facts, FAULT_STORE_DAMAGED, NULL, text);
    facts_state_fault(d->facts, FAULT_STORE_DAMAGED, NULL, NULL);
    return true;
}

json_t *damage_status(const struct damage *d)
{
    return json_deep_copy(d->found);
}

void damage_close(struct damage *d)
{
    json_decref(d->found);
    d->found = NULL;
}
