/* SPDX-License-Identifier: Apache-2.0 */
#include "events/faults.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "envelope/data.h"

#define QUIET_MS   10000
#define A_TURN     4 /* reports; the rest follow in the next turns */
#define ROW_FAULTS "faults"

struct fault {
    struct fault *next;
    enum fault_code code;
    char subject[FACT_ID_SIZE];
    char reason[FACT_TEXT_SIZE]; /* of now, or of the last time */
    bool broken;                 /* now */
    bool reported;               /* what the receivers were told last */
    bool unheard;                /* of before the restart: nobody has said how it is now */
    int64_t reported_ms;
    int64_t since_ms;
    unsigned changes; /* since it was reported last */
};

struct faults {
    struct facts *facts;
    struct events *events;
    struct fault *first;
    unsigned left; /* reports of this turn */
};

static struct fault *find(const struct faults *f, enum fault_code code, const char *subject)
{
    for (struct fault *one = f->first; one; one = one->next) {
        if (one->code == code && strcmp(one->subject, subject) == 0)
            return one;
    }
    return NULL;
}

static void publish(struct faults *f, enum fact_kind kind, const struct fault *one,
                    const char *reason)
{
    struct fact fact = {.kind = kind, .u.fault = {.code = one->code, .broken = one->broken}};
    memcpy(fact.u.fault.subject, one->subject, sizeof fact.u.fault.subject);
    snprintf(fact.u.fault.reason, sizeof fact.u.fault.reason, "%s", reason);
    facts_publish(f->facts, &fact);
}

/* What the receivers believe to be broken: whoever starts anew must tell them when it is not. */
static char *reported_row(const struct faults *f)
{
    json_t *list = json_array();
    for (const struct fault *one = f->first; one; one = one->next) {
        if (one->reported)
            json_array_append_new(list,
                                  json_pack("{ss,ss,ss}", "fault", fault_kind(one->code)->word,
                                            "subject", one->subject, "reason", one->reason));
    }
    json_t *row = json_pack("{so}", "reported", list);
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    if (!text)
        abort();
    return text;
}

static void report(struct faults *f, struct fault *one)
{
    char reason[FACT_TEXT_SIZE + 80];
    const char *word = fault_kind(one->code)->word, *of = one->subject[0] ? " " : "";
    if (one->changes > 2)
        snprintf(reason, sizeof reason, "%s (changed %u times since the last report)", one->reason,
                 one->changes);
    else
        snprintf(reason, sizeof reason, "%s", one->reason);
    struct data_fault data = {
        .code = word, .subject = one->subject[0] ? one->subject : NULL, .reason = reason};
    one->reported = one->broken;
    one->reported_ms = clock_monotonic_ms();
    one->changes = 0;
    if (one->broken)
        log_warning("fault", "%s%s%s: %s", word, of, one->subject, reason);
    else
        log_info("fault", "%s%s%s: cleared", word, of, one->subject);
    char *text = reported_row(f);
    struct outbox_row row = {ROW_FAULTS, text};
    events_emit(f->events, &(struct events_new){.type = one->broken ? "tocsin.fault.raised"
                                                                    : "tocsin.fault.cleared",
                                                .class = EVENT_CLASS_FOLLOWUP,
                                                .alarm = "",
                                                .at_ns = clock_monotonic_ns(),
                                                .data = data_from_fault(&data),
                                                .row = &row});
    free(text);
    publish(f, FACT_FAULT_REPORTED, one, reason);
}

static bool may_report(const struct fault *one)
{
    return !one->unheard && one->reported != one->broken &&
           (one->reported_ms == 0 || clock_monotonic_ms() - one->reported_ms >= QUIET_MS);
}

/* Each is an event with the row of all that is reported: when everything that hangs on one wire
 * goes at once, that must not hold the loop. */
static void report_some(struct faults *f)
{
    for (struct fault *one = f->first; one && f->left > 0; one = one->next) {
        if (!may_report(one))
            continue;
        f->left--;
        report(f, one);
    }
}

static struct fault *add(struct faults *f, const struct fact_fault *stated)
{
    struct fault *one = calloc(1, sizeof *one);
    if (!one)
        abort();
    one->code = stated->code;
    memcpy(one->subject, stated->subject, sizeof one->subject);
    one->next = f->first;
    f->first = one;
    return one;
}

static void take_stated(struct faults *f, const struct fact *fact)
{
    const struct fact_fault *stated = &fact->u.fault;
    struct fault *one = find(f, stated->code, stated->subject);
    if (!one && !stated->broken)
        return;
    if (!one)
        one = add(f, stated);
    one->unheard = false;
    if (stated->broken)
        memcpy(one->reason, stated->reason, sizeof one->reason);
    if (one->broken != stated->broken) {
        one->broken = stated->broken;
        one->since_ms = clock_monotonic_ms();
        one->changes++;
        publish(f, FACT_FAULT, one, one->reason);
    }
    if (may_report(one) && f->left > 0) {
        f->left--;
        report(f, one);
    }
}

/* An event that was stored begins a turn, and so brings the next of them. */
static void on_fact(void *self, const struct fact *fact)
{
    struct faults *f = self;
    if (fact->kind == FACT_FAULT_STATED)
        take_stated(f, fact);
    else if (fact->kind == FACT_SETTLED)
        report_some(f);
    else
        f->left = A_TURN;
}

void faults_tick(struct faults *f)
{
    report_some(f);
}

bool faults_any(const struct faults *f)
{
    const struct fault *one = f->first;
    while (one && !one->broken)
        one = one->next;
    return one != NULL;
}

bool faults_any_grave(const struct faults *f)
{
    const struct fault *one = f->first;
    while (one && !(one->broken && fault_kind(one->code)->gravity == FAULT_GRAVITY_GRAVE))
        one = one->next;
    return one != NULL;
}

static json_t *list_faults(const struct faults *f, bool with_action)
{
    json_t *list = json_array();
    for (const struct fault *one = f->first; one; one = one->next) {
        const struct fault_kind *kind = fault_kind(one->code);
        if (!one->broken)
            continue;
        json_t *object =
            json_pack("{ss,ss,ss,sI}", "fault", kind->word, "subject", one->subject, "reason",
                      one->reason, "age_ms", (json_int_t)(clock_monotonic_ms() - one->since_ms));
        if (object && with_action) {
            json_object_set_new(object, "action", json_string(kind->action_en));
            json_object_set_new(object, "action_zh", json_string(kind->action_zh));
        }
        json_array_append_new(list, object);
    }
    return list;
}

json_t *faults_status(const struct faults *f)
{
    return list_faults(f, true);
}

json_t *faults_heartbeat(const struct faults *f)
{
    return list_faults(f, false);
}

int faults_open(struct facts *facts, struct events *events, struct faults **ret_faults,
                struct err *e)
{
    struct faults *f = calloc(1, sizeof *f);
    if (!f)
        return err_set(e, ENOMEM, "faults: out of memory");
    f->facts = facts;
    f->events = events;
    f->left = A_TURN;
    facts_subscribe(facts,
                    FACT_BIT(FACT_FAULT_STATED) | FACT_BIT(FACT_SETTLED) | FACT_BIT(FACT_TURN_OVER),
                    on_fact, f);
    *ret_faults = f;
    return 0;
}

static bool load_one(struct faults *f, const json_t *object)
{
    const char *subject = json_string_value(json_object_get(object, "subject"));
    const char *reason = json_string_value(json_object_get(object, "reason"));
    const struct fault_kind *kind =
        fault_kind_of(json_string_value(json_object_get(object, "fault")));
    struct fact_fault known = {0};
    if (!kind || !subject || !reason || strlen(subject) >= sizeof known.subject)
        return false;
    while (fault_kind(known.code) != kind)
        known.code++;
    snprintf(known.subject, sizeof known.subject, "%s", subject);
    if (find(f, known.code, known.subject))
        return false;
    struct fault *one = add(f, &known);
    snprintf(one->reason, sizeof one->reason, "%s", reason);
    encode_trim_utf8(one->reason);
    one->reported = one->unheard = true;
    return true;
}

void faults_load(struct faults *f, const struct outbox_found *found)
{
    const char *text = outbox_found_text(found, ROW_FAULTS);
    json_t *row = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL, *one;
    bool is_whole = !text || json_is_array(json_object_get(row, "reported"));
    size_t i;
    json_array_foreach(json_object_get(row, "reported"), i, one) is_whole &= load_one(f, one);
    if (!is_whole)
        log_error("fault", "what the receivers were told to be broken before the restart cannot "
                           "be read: they may not hear that it is mended");
    json_decref(row);
}

void faults_drop_gone(struct faults *f, faults_has_handler has, const void *arg)
{
    for (struct fault *one = f->first; one; one = one->next) {
        if (!one->unheard || has(arg, one->code, one->subject))
            continue;
        one->unheard = false;
        snprintf(one->reason, sizeof one->reason, "it is no longer in the configuration");
        report(f, one);
    }
}

void faults_free(struct faults *f)
{
    while (f && f->first) {
        struct fault *one = f->first;
        f->first = one->next;
        free(one);
    }
    free(f);
}
