/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is broken now. A fault is told as an event when it comes and when it goes, and at most once
 * in QUIET_MS each, so that a line that flaps a thousand times is a handful of events with a count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"
#include "base/log.h"
#include "envelope/data.h"

#define QUIET_MS 10000

struct fault {
    struct fault *next;
    char code[32];
    char subject[65];
    char reason[400]; /* of now, or of the last time */
    bool broken;      /* now */
    bool told;        /* what the receivers were told last */
    int64_t told_ms;
    int64_t since_ms;
    unsigned changes; /* since it was told last */
};

static struct fault *find(struct gateway *gw, const char *code, const char *subject)
{
    for (struct fault *f = gw->faults; f; f = f->next) {
        if (strcmp(f->code, code) == 0 && strcmp(f->subject, subject) == 0)
            return f;
    }
    return NULL;
}

static bool is_of_input(const char *code)
{
    static const char *const codes[] = {"line",   "stuck", "chatter", "untested",
                                        "tamper", "mains", "battery"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (strcmp(codes[i], code) == 0)
            return true;
    }
    return false;
}

static void tell(struct gateway *gw, struct fault *f)
{
    char reason[480];
    if (f->changes > 2)
        snprintf(reason, sizeof reason, "%s (changed %u times since the last report)", f->reason,
                 f->changes);
    else
        snprintf(reason, sizeof reason, "%s", f->reason);
    struct data_fault data = {
        .code = f->code, .subject = f->subject[0] ? f->subject : NULL, .reason = reason};
    f->told = f->broken;
    f->told_ms = clock_monotonic_ms();
    f->changes = 0;
    if (f->broken)
        log_warning("fault", "%s %s: %s", f->code, f->subject, reason);
    else
        log_info("fault", "%s %s: cleared", f->code, f->subject);
    events_emit(gw, f->broken ? "tocsin.fault.raised" : "tocsin.fault.cleared",
                EVENT_CLASS_FOLLOWUP, "", clock_monotonic_ns(), data_from_fault(&data), NULL);
    watch_tell(
        gw, &(struct watch_line){.what = f->broken ? "fault" : "fault-cleared",
                                 .text = reason,
                                 .event = f->code,
                                 .camera = strcmp(f->code, "camera") == 0 ? f->subject : NULL,
                                 .receiver = strcmp(f->code, "receiver") == 0 ? f->subject : NULL,
                                 .input = is_of_input(f->code) ? f->subject : NULL});
}

static bool may_tell(const struct fault *f)
{
    return f->told != f->broken &&
           (f->told_ms == 0 || clock_monotonic_ms() - f->told_ms >= QUIET_MS);
}

void faults_set(struct gateway *gw, const char *code, const char *subject, const char *reason)
{
    if (gw->stopping)
        return;
    struct fault *f = find(gw, code, subject ? subject : "");
    if (!f) {
        if (!reason)
            return;
        f = calloc(1, sizeof *f);
        if (!f)
            abort();
        snprintf(f->code, sizeof f->code, "%s", code);
        snprintf(f->subject, sizeof f->subject, "%s", subject ? subject : "");
        f->next = gw->faults;
        gw->faults = f;
    }
    if (reason)
        snprintf(f->reason, sizeof f->reason, "%s", reason);
    if (f->broken != (reason != NULL)) {
        f->broken = reason != NULL;
        f->since_ms = clock_monotonic_ms();
        f->changes++;
    }
    if (may_tell(f))
        tell(gw, f);
}

bool faults_any(const struct gateway *gw)
{
    for (const struct fault *f = gw->faults; f; f = f->next) {
        if (f->broken)
            return true;
    }
    return false;
}

bool faults_is(const struct gateway *gw, const char *code)
{
    for (const struct fault *f = gw->faults; f; f = f->next) {
        if (f->broken && strcmp(f->code, code) == 0)
            return true;
    }
    return false;
}

void faults_tick(struct gateway *gw)
{
    for (struct fault *f = gw->faults; f; f = f->next) {
        if (may_tell(f))
            tell(gw, f);
    }
}

json_t *faults_json(const struct gateway *gw)
{
    json_t *list = json_array();
    for (const struct fault *f = gw->faults; f; f = f->next) {
        if (f->broken)
            json_array_append_new(list,
                                  json_pack("{ss,ss,ss,sI}", "fault", f->code, "subject",
                                            f->subject, "reason", f->reason, "age_ms",
                                            (json_int_t)(clock_monotonic_ms() - f->since_ms)));
    }
    return list;
}

void faults_finish(struct gateway *gw)
{
    while (gw->faults) {
        struct fault *f = gw->faults;
        gw->faults = f->next;
        free(f);
    }
}
