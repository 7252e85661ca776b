/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not known of alarms from before a restart. Only a person can find that out, so it is the
 * fault FAULT_STATE of "incidents" and stands, over restarts too, until one has said that it is
 * settled. Two rows: why it is not known, and by whom it was settled; and the text that could not
 * be read, which is never thrown away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "incidents/internal.h"

#define ROW_DOUBT      "incidents-doubt"
#define ROW_UNREADABLE "incidents-unreadable"
#define MAY_BE         "alarms may be open of which nothing is known here"

static void append(struct incidents *inc, const char *why)
{
    char *doubt = inc->doubt;
    size_t used = strlen(doubt);
    if (strstr(doubt, why))
        return;
    snprintf(doubt + used, sizeof inc->doubt - used, "%s%s", used > 0 ? "; " : "", why);
    encode_trim_utf8(doubt);
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
    else if (!json_is_string(json_object_get(row, "settled_by")))
        append(inc, why);
    json_decref(row);
}

void doubt_load(struct incidents *inc, const struct outbox_found *found)
{
    resume(inc, found);
    if (found->state_lost)
        doubt_add(inc,
                  "the store was damaged, and not all of what it kept of the state could be "
                  "read: " MAY_BE,
                  false);
    if (outbox_found_text(found, ROW_INCIDENTS))
        return;
    if (found->last_seq > 0 || found->damage)
        doubt_add(inc,
                  "the record of open alarms is missing, though it is kept from the first "
                  "start on: " MAY_BE,
                  false);
    /* From now on its absence means something: this is on the disk before the first event. */
    inc->unsaved = true;
}

static void save(struct incidents *inc, const char *why, const char *settled_by, const char *note)
{
    json_t *row = json_pack("{ss,ss*,ss*}", "why", why, "settled_by", settled_by, "note", note);
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    if (!text)
        abort();
    events_save_row(inc->options.events, &(struct outbox_row){ROW_DOUBT, text});
    free(text);
}

void doubt_keep(struct incidents *inc, const char *row)
{
    if (inc->doubt_is_new) {
        if (inc->row_is_bad) /* it is written anew: must not be lost, nor be found bad again */
            events_save_row(inc->options.events, &(struct outbox_row){ROW_UNREADABLE, row});
        save(inc, inc->doubt, NULL, NULL);
        inc->doubt_is_new = false;
        inc->unsaved = true;
    }
    facts_state_fault(inc->options.facts, FAULT_STATE, ROW_INCIDENTS,
                      inc->doubt[0] ? inc->doubt : NULL);
}

bool incidents_known(const struct incidents *inc)
{
    return !inc->doubt[0];
}

bool incidents_settle(struct incidents *inc, const char *by, const char *note)
{
    char who[300], text[FACT_TEXT_SIZE];
    if (!inc->doubt[0])
        return false;
    snprintf(who, sizeof who, "%s", by);
    encode_trim_utf8(who);
    snprintf(text, sizeof text, "settled by %s%s%s", who, note ? ": " : "", note ? note : "");
    encode_trim_utf8(text);
    log_warning("tocsind", "%s: %s", text, inc->doubt);
    save(inc, inc->doubt, who, note);
    inc->doubt[0] = '\0';
    /* The event that it is over says who has said so. */
    facts_state_fault(inc->options.facts, FAULT_STATE, ROW_INCIDENTS, text);
    facts_state_fault(inc->options.facts, FAULT_STATE, ROW_INCIDENTS, NULL);
    return true;
}
