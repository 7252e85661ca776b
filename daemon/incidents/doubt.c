/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not known of alarms from before a restart. Only a person can find that out, so it is the
 * fault FAULT_STATE of "incidents" and stands, over restarts too, until one has said that it is
 * settled. One row says why it is not known, and by whom it was settled; the texts that could not
 * be read are kept (unreadable.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "envelope/data.h"
#include "incidents/internal.h"

#define ROW_DOUBT "incidents-doubt"
#define MAY_BE    "alarms may be open of which nothing is known here"

#define APART_MS  2000
#define MORE_SIZE 64 /* of "; and N more …" */

/* A reason stands there whole, or is counted; the first as far as there is room. */
static void append(struct incidents *inc, const char *why)
{
    char *doubt = inc->doubt;
    size_t used = strlen(doubt);
    if (strstr(doubt, why))
        return;
    if (used == 0)
        encode_copy_utf8(doubt, sizeof inc->doubt, why);
    else if (used + strlen("; ") + strlen(why) < sizeof inc->doubt - MORE_SIZE)
        snprintf(doubt + used, sizeof inc->doubt - used, "; %s", why);
    else
        inc->doubt_more++;
}

static const char *whole_text(const struct incidents *inc, char ret_text[FACT_TEXT_SIZE])
{
    size_t room = inc->doubt_more > 0 ? FACT_TEXT_SIZE - MORE_SIZE : FACT_TEXT_SIZE;
    encode_copy_utf8(ret_text, room, inc->doubt);
    if (inc->doubt_more > 0)
        snprintf(ret_text + strlen(ret_text), MORE_SIZE,
                 "; and %u more: journalctl -u tocsind names each", inc->doubt_more);
    return ret_text;
}

void doubt_add(struct incidents *inc, const char *why, bool in_row)
{
    log_error("tocsind", "%s", why);
    append(inc, why);
    inc->doubt_is_new = true;
    inc->row_is_bad = inc->row_is_bad || in_row;
}

/* What stood before the restart stands. */
static void resume(struct incidents *inc, const struct outbox_found *found)
{
    const char *text = outbox_found_text(found, ROW_DOUBT);
    if (!text) {
        if (outbox_found_text(found, ROW_UNREADABLE)) /* an older version kept no reason */
            append(inc,
                   "what was kept of open alarms could not be read at an earlier start: " MAY_BE);
        return;
    }
    json_t *row = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *why = json_string_value(json_object_get(row, "why"));
    if (!why || !why[0])
        doubt_add(inc, "whether everything was known of open alarms cannot be read: " MAY_BE,
                  false);
    else if (!json_is_string(json_object_get(row, "settled_by"))) {
        append(inc, why);
        inc->doubt_more += (unsigned)json_integer_value(json_object_get(row, "more"));
    }
    json_decref(row);
}

void doubt_load(struct incidents *inc, const struct outbox_found *found)
{
    resume(inc, found);
    unreadable_load(inc, found);
    if (found->state_lost)
        doubt_add(inc,
                  "the store was damaged, and not all of what it kept of the state could be "
                  "read: " MAY_BE,
                  false);
    if (outbox_found_text(found, ROW_INCIDENTS) || inc->apart)
        return;
    if (found->last_seq > 0 || found->damage)
        doubt_add(inc,
                  "the record of open alarms is missing, though it is kept from the first "
                  "start on: " MAY_BE,
                  false);
    /* From now on its absence means something: this is on the disk before the first event. */
    inc->unsaved = true;
}

static void save(struct incidents *inc, const char *settled_by, const char *note)
{
    json_t *row = json_pack("{ss,si,ss*,ss*}", "why", inc->doubt, "more", (int)inc->doubt_more,
                            "settled_by", settled_by, "note", note);
    char *text = data_row_text(row);
    events_save_row(inc->options.events, &(struct outbox_row){ROW_DOUBT, text});
    free(text);
}

static void state(struct incidents *inc)
{
    char text[FACT_TEXT_SIZE];
    if (inc->doubt[0] || !inc->apart)
        facts_state_fault(inc->options.facts, FAULT_STATE, ROW_INCIDENTS,
                          inc->doubt[0] ? whole_text(inc, text) : NULL);
    else if (!inc->apart->may_pass)
        facts_state_fault(inc->options.facts, FAULT_STATE, ROW_INCIDENTS, inc->apart->why);
}

/* Whether it is another reason than before. */
static bool take_why(struct apart *apart, const char *unknown)
{
    char text[FACT_TEXT_SIZE], why[FACT_TEXT_SIZE];
    snprintf(text, sizeof text, "until the store can be read " MAY_BE " (%s)", unknown);
    encode_copy_utf8(why, sizeof why, text);
    bool is_new = strcmp(why, apart->why) != 0;
    memcpy(apart->why, why, sizeof why);
    return is_new;
}

void doubt_stand_apart(struct incidents *inc, const struct outbox_found *found)
{
    inc->apart = calloc(1, sizeof *inc->apart);
    if (!inc->apart)
        abort();
    take_why(inc->apart, found->unknown);
    inc->apart->may_pass = found->is_late;
    STAILQ_INIT(&inc->apart->held);
    inc->apart->until_ms = clock_monotonic_ms() + APART_MS;
}

void doubt_tick(struct incidents *inc)
{
    struct apart *apart = inc->apart;
    if (!apart)
        return;
    const char *trouble = events_store_trouble(inc->options.events);
    bool is_new = trouble[0] && take_why(apart, trouble);
    bool is_over = apart->may_pass && clock_monotonic_ms() >= apart->until_ms;
    apart->may_pass = apart->may_pass && !is_over;
    if (is_new || is_over)
        state(inc);
}

void doubt_keep(struct incidents *inc, const struct outbox_found *found)
{
    if (inc->doubt_is_new) {
        if (inc->row_is_bad) /* it is written anew: must not be lost, nor be found bad again */
            unreadable_add(inc, outbox_found_text(found, ROW_INCIDENTS));
        inc->row_is_bad = false;
        save(inc, NULL, NULL);
        inc->doubt_is_new = false;
        inc->unsaved = true;
    }
    if (!inc->apart)
        unreadable_save(inc);
    state(inc);
}

bool incidents_known(const struct incidents *inc)
{
    return !inc->doubt[0] && !inc->apart;
}

bool incidents_settle(struct incidents *inc, const char *by, const char *note)
{
    char who[300], text[FACT_TEXT_SIZE], was[FACT_TEXT_SIZE];
    if (!inc->doubt[0])
        return false;
    snprintf(who, sizeof who, "%s", by);
    encode_trim_utf8(who);
    snprintf(text, sizeof text, "settled by %s%s%s", who, note ? ": " : "", note ? note : "");
    encode_trim_utf8(text);
    log_warning("tocsind", "%s: %s", text, whole_text(inc, was));
    save(inc, who, note);
    inc->doubt[0] = '\0';
    inc->doubt_more = 0;
    /* The event that it is over says who has said so. */
    facts_state_fault(inc->options.facts, FAULT_STATE, ROW_INCIDENTS, text);
    state(inc);
    return true;
}
