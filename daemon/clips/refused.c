/* SPDX-License-Identifier: Apache-2.0 */
/* Clips that are not taken: a line in the log now and then, and a fault if they go on. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "clips/internal.h"

#define LOG_MS  60000  /* between two lines in the log */
#define OVER_MS 600000 /* without one: it is over */
#define MANY    10     /* with less than that between each two: a fault */

static void state(struct clips *cl, const char *text)
{
    facts_state_fault(cl->options.facts, FAULT_VIDEO, NULL, text);
}

void refused_note(struct clips *cl, const char *clip, const char *alarm, const char *why)
{
    struct refused *r = &cl->refused;
    int64_t now_ms = clock_monotonic_ms();
    char text[FACT_TEXT_SIZE];
    r->since_said++;
    r->count++;
    r->last_ms = now_ms;
    snprintf(text, sizeof text, "clip %s of alarm %s is refused: %s", clip, alarm, why);
    if (r->said_ms == 0 || now_ms - r->said_ms >= LOG_MS) {
        log_warning("video", "%s (%u such clips since this was said last)", text, r->since_said);
        r->since_said = 0;
        r->said_ms = now_ms;
    }
    snprintf(text, sizeof text, "tocsin-video says clips that cannot be: %s", why);
    if (r->count < MANY || (r->count > MANY && strcmp(text, r->text) == 0))
        return;
    memcpy(r->text, text, sizeof r->text);
    state(cl, r->text);
}

bool refused_many(const struct clips *cl)
{
    return cl->refused.count >= MANY;
}

void refused_state(struct clips *cl)
{
    state(cl, refused_many(cl) ? cl->refused.text : NULL);
}

void refused_tick(struct clips *cl)
{
    struct refused *r = &cl->refused;
    if (r->count == 0 || clock_monotonic_ms() - r->last_ms < OVER_MS)
        return;
    bool was_fault = refused_many(cl);
    r->count = 0;
    if (was_fault && cl->link && link_client_is_up(cl->link))
        state(cl, NULL);
}
