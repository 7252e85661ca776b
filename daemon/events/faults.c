/* SPDX-License-Identifier: Apache-2.0 */
#include "events/faults.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/plural.h"
#include "envelope/data.h"
#include "events/flap.h"

#define A_TURN     4 /* reports; the rest follow in the next turns */
#define ROW_FAULTS "faults"

struct fault {
    SLIST_ENTRY(fault) next;
    enum fault_code code;
    char subject[FACT_ID_SIZE];
    char reason[FACT_TEXT_SIZE]; /* of now, or of the last time */
    bool said_good;              /* since the start, and nothing was known of it then */
    bool unheard;                /* of before the restart: nobody has said how it is now */
    struct flap flap;
};

struct faults {
    struct facts *facts;
    struct events *events;
    SLIST_HEAD(, fault) list;
    unsigned left;  /* reports of this turn */
    bool is_behind; /* what was told before the restart is not known yet */
};

static struct fault *find(const struct faults *f, enum fault_code code, const char *subject)
{
    struct fault *one;
    SLIST_FOREACH(one, &f->list, next)
    {
        if (one->code == code && strcmp(one->subject, subject) == 0)
            return one;
    }
    return NULL;
}

static void publish(struct faults *f, enum fact_kind kind, const struct fault *one,
                    const char *reason)
{
    struct fact fact = {.kind = kind, .u.fault = {.code = one->code, .broken = one->flap.broken}};
    memcpy(fact.u.fault.subject, one->subject, sizeof fact.u.fault.subject);
    snprintf(fact.u.fault.reason, sizeof fact.u.fault.reason, "%s", reason);
    facts_publish(f->facts, &fact);
}

static json_t *named(const struct fault *one)
{
    return json_pack("{ss,ss}", "fault", fault_kind(one->code)->word, "subject", one->subject);
}

/* What the receivers believe to be broken: whoever starts anew must tell them when it is not. And
 * what of their events is not paid for, mended or not: whoever starts anew has no more of them. */
static char *reported_row(const struct faults *f)
{
    int64_t now_ms = clock_monotonic_ms();
    json_t *reported = json_array(), *owed = json_array();
    const struct fault *one;
    SLIST_FOREACH(one, &f->list, next)
    {
        int64_t debt_ms = flap_debt_ms(&one->flap, now_ms);
        if (one->flap.reported) {
            json_t *object = named(one);
            json_object_set_new(object, "reason", json_string(one->reason));
            json_array_append_new(reported, object);
        }
        if (debt_ms > 0) {
            json_t *object = named(one);
            json_object_set_new(object, "ms", json_integer(debt_ms));
            json_array_append_new(owed, object);
        }
    }
    json_t *row =
        json_pack("{so,so,sI}", "reported", reported, "owed", owed, "at_ms", (json_int_t)now_ms);
    return data_row_text(row);
}

/* The count of what was not told one by one, and since when; of a plain coming or going none. */
static struct data_fault data_of(const struct faults *f, const struct fault *one,
                                 char ret_since[CLOCK_TEXT_SIZE])
{
    const struct flap *flap = &one->flap;
    struct clock_stamp since = events_stamp(f->events, flap->reported_ms * 1000000);
    bool is_plain = flap->times == 0 || (flap->times == 1 && !flap->reported);
    clock_format_utc(since.wall_ms, ret_since);
    return (struct data_fault){.code = fault_kind(one->code)->word,
                               .subject = one->subject[0] ? one->subject : NULL,
                               .reason = one->reason,
                               .times = is_plain ? 0 : flap->times,
                               .since = is_plain ? NULL : ret_since};
}

static void log_report(const struct fault *one, const struct data_fault *data)
{
    char times[100] = "";
    const char *of = one->subject[0] ? " " : "";
    if (data->times > 0)
        snprintf(times, sizeof times, " (it came %u time%s since %s)", data->times,
                 plural(data->times), data->since);
    if (one->flap.broken)
        log_warning("fault", "%s%s%s: %s%s", data->code, of, one->subject, data->reason, times);
    else
        log_info("fault", "%s%s%s: cleared%s", data->code, of, one->subject, times);
}

static void report(struct faults *f, struct fault *one)
{
    char since[CLOCK_TEXT_SIZE];
    struct data_fault data = data_of(f, one, since);
    log_report(one, &data);
    flap_reported(&one->flap, clock_monotonic_ms());
    char *text = reported_row(f);
    struct outbox_row row = {ROW_FAULTS, text};
    events_emit(f->events, &(struct events_new){.type = one->flap.broken ? "tocsin.fault.raised"
                                                                         : "tocsin.fault.cleared",
                                                .class = EVENT_CLASS_FOLLOWUP,
                                                .alarm = "",
                                                .at_ns = clock_monotonic_ns(),
                                                .data = data_from_fault(&data),
                                                .row = &row});
    free(text);
    publish(f, FACT_FAULT_REPORTED, one, one->reason);
}

/* While the disk has room for alarms alone, only of what is the store's or may cost a press an
 * event is made; the others are in the heartbeat, and events when there is room again. */
static bool has_room(const struct faults *f, const struct fault *one)
{
    const struct fault_kind *kind = fault_kind(one->code);
    return kind->gravity == FAULT_GRAVITY_GRAVE || kind->class == FAULT_CLASS_STORE ||
           events_have_room(f->events);
}

static bool may_report(const struct faults *f, const struct fault *one)
{
    return !one->unheard && flap_is_due(&one->flap, clock_monotonic_ms()) && has_room(f, one) &&
           events_may_number(f->events);
}

/* Each is an event with the row of all that is reported: when everything that hangs on one wire
 * goes at once, that must not hold the loop. */
static void report_some(struct faults *f)
{
    struct fault *one;
    SLIST_FOREACH(one, &f->list, next)
    {
        if (f->left == 0 || !may_report(f, one))
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
    SLIST_INSERT_HEAD(&f->list, one, next);
    return one;
}

/* Whether that is to be told to who looks on. */
static bool is_news(struct fault *one, bool broken)
{
    int64_t now_ms = clock_monotonic_ms();
    if (!one->unheard)
        return flap_state(&one->flap, broken, now_ms);
    one->unheard = false;
    flap_found(&one->flap, broken, now_ms);
    return broken;
}

static void take_stated(struct faults *f, const struct fact *fact)
{
    const struct fact_fault *stated = &fact->u.fault;
    struct fault *one = find(f, stated->code, stated->subject);
    if (!one && !stated->broken && !f->is_behind)
        return;
    if (!one)
        one = add(f, stated);
    one->said_good = !stated->broken;
    if (stated->broken)
        memcpy(one->reason, stated->reason, sizeof one->reason);
    if (is_news(one, stated->broken))
        publish(f, FACT_FAULT, one, one->reason);
    if (may_report(f, one) && f->left > 0) {
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
    const struct fault *one = SLIST_FIRST(&f->list);
    while (one && !one->flap.broken)
        one = SLIST_NEXT(one, next);
    return one != NULL;
}

bool faults_any_grave(const struct faults *f)
{
    const struct fault *one = SLIST_FIRST(&f->list);
    while (one && !(one->flap.broken && fault_kind(one->code)->gravity == FAULT_GRAVITY_GRAVE))
        one = SLIST_NEXT(one, next);
    return one != NULL;
}

static json_t *shown(const struct fault *one)
{
    json_t *object = named(one);
    json_object_set_new(object, "reason", json_string(one->reason));
    json_object_set_new(object, "age_ms", json_integer(clock_monotonic_ms() - one->flap.since_ms));
    return object;
}

static json_t *list_faults(const struct faults *f, bool with_action)
{
    json_t *list = json_array();
    const struct fault *one;
    SLIST_FOREACH(one, &f->list, next)
    {
        const struct fault_kind *kind = fault_kind(one->code);
        if (!one->flap.broken)
            continue;
        json_t *object = shown(one);
        if (with_action) {
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

json_t *faults_over(const struct faults *f)
{
    json_t *list = json_array();
    const struct fault *one;
    SLIST_FOREACH(one, &f->list, next)
    {
        if (!one->unheard && one->flap.reported && !one->flap.broken)
            json_array_append_new(list, shown(one));
    }
    return list;
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

/* The one that an object of the row names, made if there is none yet; NULL if it names none. */
static struct fault *load_named(struct faults *f, const json_t *object)
{
    const char *subject = json_string_value(json_object_get(object, "subject"));
    const struct fault_kind *kind =
        fault_kind_of(json_string_value(json_object_get(object, "fault")));
    struct fact_fault known = {0};
    if (!kind || !subject || strlen(subject) >= sizeof known.subject)
        return NULL;
    while (fault_kind(known.code) != kind)
        known.code++;
    snprintf(known.subject, sizeof known.subject, "%s", subject);
    struct fault *one = find(f, known.code, known.subject);
    return one ? one : add(f, &known);
}

static bool load_reported(struct faults *f, const json_t *object)
{
    const char *reason = json_string_value(json_object_get(object, "reason"));
    struct fault *one = reason ? load_named(f, object) : NULL;
    if (!one || one->unheard)
        return false;
    snprintf(one->reason, sizeof one->reason, "%s", reason);
    encode_trim_utf8(one->reason);
    one->unheard = true;
    flap_restore(&one->flap, true, 0, clock_monotonic_ms());
    return true;
}

/* How long ago the row was made, at the least. The clock of another boot may have begun anew: then
 * all that is known is that this one runs; and where it is further, it is so by less than the
 * truth.
 */
static int64_t age_ms(const json_t *row)
{
    int64_t at_ms = json_integer_value(json_object_get(row, "at_ms")),
            now_ms = clock_monotonic_ms();
    return at_ms <= now_ms ? now_ms - at_ms : now_ms;
}

static bool load_owed(struct faults *f, const json_t *object, int64_t row_age_ms)
{
    int64_t debt_ms = json_integer_value(json_object_get(object, "ms"));
    struct fault *one = load_named(f, object);
    if (one)
        flap_restore(&one->flap, one->flap.reported, debt_ms - row_age_ms, clock_monotonic_ms());
    return one != NULL;
}

/* What was said since the start is known better; but that it is good was no news then. */
static void catch_up_one(struct faults *f, const json_t *object)
{
    const struct fault *known = load_named(f, object);
    if (!known || known->flap.reported || known->flap.broken || known->unheard)
        return;
    bool is_good = known->said_good;
    load_reported(f, object);
    struct fault *one = load_named(f, object);
    if (!is_good || !one->unheard)
        return;
    one->unheard = false;
    flap_found(&one->flap, false, clock_monotonic_ms());
}

void faults_catch_up(struct faults *f, const struct outbox_found *found)
{
    const char *text = outbox_found_text(found, ROW_FAULTS);
    json_t *row = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL, *one;
    size_t i;
    f->is_behind = false;
    json_array_foreach(json_object_get(row, "reported"), i, one) catch_up_one(f, one);
    json_decref(row);
    char *both = reported_row(f);
    events_save_row(f->events, &(struct outbox_row){ROW_FAULTS, both});
    free(both);
}

void faults_load(struct faults *f, const struct outbox_found *found)
{
    f->is_behind = found->unknown[0];
    const char *text = outbox_found_text(found, ROW_FAULTS);
    json_t *row = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL, *one;
    bool is_whole = !text || json_is_array(json_object_get(row, "reported"));
    size_t i;
    json_array_foreach(json_object_get(row, "reported"), i, one) is_whole &= load_reported(f, one);
    json_array_foreach(json_object_get(row, "owed"), i, one) is_whole &=
        load_owed(f, one, age_ms(row));
    if (!is_whole)
        log_error("fault", "what the receivers were told to be broken before the restart cannot "
                           "be read: they may not hear that it is mended");
    json_decref(row);
}

void faults_drop_gone(struct faults *f, faults_has_handler has, const void *arg)
{
    struct fault *one;
    SLIST_FOREACH(one, &f->list, next)
    {
        if (!one->unheard || has(arg, one->code, one->subject))
            continue;
        one->unheard = false;
        snprintf(one->reason, sizeof one->reason, "it is no longer in the configuration");
        if (flap_may_tell(&one->flap, clock_monotonic_ms()))
            report(f, one); /* else when it may */
    }
}

void faults_free(struct faults *f)
{
    while (f && !SLIST_EMPTY(&f->list)) {
        struct fault *one = SLIST_FIRST(&f->list);
        SLIST_REMOVE_HEAD(&f->list, next);
        free(one);
    }
    free(f);
}
