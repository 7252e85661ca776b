/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must outlive a restart, as JSON: a row for the levels of buttons and the open incidents,
 * which is written with every press and so holds nothing else; one for the exercise that may be
 * under way; one for when each button was tested. Before there were three it was one, "incidents",
 * which had the members of all: what is not in its own row is looked for there.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/text.h"
#include "envelope/data.h"
#include "incidents/internal.h"

static const char *id_of(const struct incidents *inc, size_t button)
{
    return inc->options.config.inputs->items[button].id;
}

static const char *word(bool is_true)
{
    return is_true ? "true" : "false";
}

/* Of receivers that have done nothing yet there is nothing to remember. */
static void write_progress(const struct incidents *inc, const struct incident *incident,
                           struct text *out)
{
    const struct incidents_config *config = &inc->options.config;
    const char *comma = "";
    for (size_t i = 0; i < config->receivers->count; i++) {
        if (incident_ever(incident, i) == INCIDENT_PROGRESS_HEARD && !incident->closing[i] &&
            !incident->has_press[i])
            continue;
        text_print(
            out, "%s\"%s\":{\"progress\":%d,\"closing\":%s,\"rejected\":%s,\"has_press\":%s}",
            comma, config->receivers->items[i].id, (int)incident->progress[i],
            word(incident->closing[i]), word(incident->rejected[i]), word(incident->has_press[i]));
        comma = ",";
    }
}

/* Written by hand, since a press waits for it: ids, classes and UUIDs need no quoting. The class is
 * `nature` there, without which no program of before can read it. */
static void write_incident(const struct incidents *inc, const struct incident *incident,
                           struct text *out)
{
    text_print(out, "{\"input\":\"%s\",\"nature\":\"%s\",\"alarm\":\"%s\",",
               id_of(inc, incident->button), incident_class_name(incident->class), incident->alarm);
    text_print(out, "\"held\":%s,\"at_start\":%s,\"cancelled\":%s,\"undelivered\":%s,",
               word(incident->held), word(incident->at_start), word(incident->cancelled),
               word(incident->undelivered));
    text_print(out,
               "\"presses\":%u,\"level\":%u,\"level_ns\":%lld,\"raised_ns\":%lld,"
               "\"last_press_ns\":%lld,\"press_seq\":%llu,\"raised_wall_ms\":%lld,\"receivers\":{",
               incident->presses, incident->level, (long long)incident->level_ns,
               (long long)incident->raised_ns, (long long)incident->last_press_ns,
               (unsigned long long)incident->press_seq, (long long)incident->raised_wall_ms);
    write_progress(inc, incident, out);
    text_add(out, "}}", 2);
}

/* The text of an incident that did not change since it was last asked for is not made again: with
 * sixty alarms open, a press would make JSON of sixty. */
static const char *saved_text(struct incidents *inc, const struct incident *incident)
{
    struct saved_incident *saved = &inc->saved[incident->button][incident->class];
    /* What may stand between the members can only make it look changed. */
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
    if (saved->text && memcmp(&saved->was, incident, sizeof saved->was) == 0)
        return saved->text;
    struct text text = {0};
    write_incident(inc, incident, &text);
    free(saved->text);
    saved->text = text_take(&text);
    if (!saved->text)
        abort();
    memcpy(&saved->was, incident, sizeof saved->was);
    return saved->text;
}

/* Those that are pressed; while it is not known what the store has of them also those that are
 * known to be at rest: of the others what it has counts still. */
static void write_levels(const struct incidents *inc, struct text *out)
{
    const char *comma = "";
    for (size_t i = 0; i < inc->count; i++) {
        const struct panel_button *button = &inc->buttons[i];
        bool is_at_rest = inc->apart && (button->known || inc->own[i].level_kept);
        if (!button->pressed && !is_at_rest)
            continue;
        text_print(out, "%s{\"input\":\"%s\",\"pressed\":%s}", comma, id_of(inc, i),
                   word(button->pressed));
        comma = ",";
    }
}

char *state_incidents(struct incidents *inc)
{
    struct text row = {0};
    text_print(&row, "{\"boot\":\"%s\",%s\"inputs\":[", events_boot(inc->options.events),
               inc->apart ? "\"apart\":true," : "");
    write_levels(inc, &row);
    text_print(&row, "],\"incidents\":[");
    const struct incident *incident = NULL, *first = panel_next_open(&inc->panel, NULL);
    while ((incident = panel_next_open(&inc->panel, incident))) {
        if (incident != first)
            text_add(&row, ",", 1);
        const char *one = saved_text(inc, incident);
        text_add(&row, one, strlen(one));
    }
    text_add(&row, "]}", 2);
    char *text = text_take(&row);
    if (!text)
        abort();
    return text;
}

void state_finish(struct incidents *inc)
{
    for (size_t i = 0; i < LIMIT_INPUTS; i++) {
        for (int class = 0; class < INCIDENT_CLASSES; class ++)
            free(inc->saved[i][class].text);
    }
}

char *state_exercise(const struct incidents *inc)
{
    json_t *exercise = incidents_exercise_status(inc);
    return data_row_text(exercise ? exercise : json_object());
}

char *state_tests(const struct incidents *inc)
{
    json_t *inputs = json_array();
    for (size_t i = 0; i < inc->count; i++) {
        const struct button *own = &inc->own[i];
        if (own->known_since_wall_ms != 0 || own->tested_wall_ms != 0)
            json_array_append_new(
                inputs, json_pack("{ss,sI,sI,ss}", "input", id_of(inc, i), "known_since_ms",
                                  (json_int_t)own->known_since_wall_ms, "tested_ms",
                                  (json_int_t)own->tested_wall_ms, "tested_by", own->tested_by));
    }
    return data_row_text(json_pack("{so}", "inputs", inputs));
}

void state_save_tests(struct incidents *inc)
{
    char *text = state_tests(inc);
    events_save_row(inc->options.events, &(struct outbox_row){ROW_TESTS, text});
    free(text);
}

void state_save_unsaved(struct incidents *inc)
{
    if (!inc->unsaved)
        return;
    char *text = state_incidents(inc);
    events_save_row(inc->options.events, &(struct outbox_row){ROW_INCIDENTS, text});
    inc->unsaved = false;
    free(text);
}

/* False if the configuration no longer has the input that `object` names. */
static bool find_input(const struct incidents *inc, const json_t *object, size_t *ret_index)
{
    const char *id = json_string_value(json_object_get(object, "input"));
    const struct incidents_config *config = &inc->options.config;
    const struct config_input *input = id ? config_find_input(config->inputs, id) : NULL;
    *ret_index = input ? (size_t)(input - config->inputs->items) : 0;
    return input;
}

/* Of what no row says anything is at rest. */
static void load_inputs(struct incidents *inc, const json_t *row)
{
    size_t at, i;
    json_t *one;
    json_array_foreach(json_object_get(row, "inputs"), at, one)
    {
        if (!find_input(inc, one, &i) || inc->own[i].level_kept)
            continue; /* from a newer row */
        inc->own[i].level_kept = true;
        if (!inc->buttons[i].known)
            inc->buttons[i].pressed = json_is_true(json_object_get(one, "pressed"));
    }
}

/* What was known before, unless something later is. */
static void load_tests(struct incidents *inc, const json_t *row)
{
    size_t at, i;
    json_t *one;
    json_array_foreach(json_object_get(row, "inputs"), at, one)
    {
        if (!find_input(inc, one, &i))
            continue;
        struct button *own = &inc->own[i];
        const char *by = json_string_value(json_object_get(one, "tested_by"));
        int64_t tested_ms = json_integer_value(json_object_get(one, "tested_ms"));
        own->known_since_wall_ms = json_integer_value(json_object_get(one, "known_since_ms"));
        if (tested_ms < own->tested_wall_ms)
            continue;
        own->tested_wall_ms = tested_ms;
        encode_copy_utf8(own->tested_by, sizeof own->tested_by, by ? by : "");
    }
}

static void load_progress(const struct incidents *inc, struct incident *incident,
                          const json_t *receivers)
{
    const struct incidents_config *config = &inc->options.config;
    for (size_t i = 0; i < config->receivers->count; i++) {
        const json_t *one = json_object_get(receivers, config->receivers->items[i].id);
        json_int_t progress = json_integer_value(json_object_get(one, "progress"));
        if (progress > 0 && progress <= INCIDENT_PROGRESS_COMING)
            incident->progress[i] = (uint8_t)progress;
        if (one) /* that there is an entry says that it knew of some press */
            incident->before[i] = INCIDENT_PROGRESS_UNCONFIRMED;
        incident->closing[i] = json_is_true(json_object_get(one, "closing"));
        incident->rejected[i] = json_is_true(json_object_get(one, "rejected"));
        incident->has_press[i] = json_is_true(json_object_get(one, "has_press"));
    }
}

/* What can be read of it is taken over; one whose class nobody can read is a real alarm. If it is
 * not known which event tells of its newest press, nobody at a receiver is known to have seen that.
 */
static void load_incident(const struct incidents *inc, struct incident *incident,
                          const json_t *object, bool is_whole, bool same_boot)
{
    *incident = (struct incident){
        .button = incident->button,
        .class = incident->class,
        .open = true,
        .held = json_is_true(json_object_get(object, "held")),
        .at_start = json_is_true(json_object_get(object, "at_start")),
        .cancelled = json_is_true(json_object_get(object, "cancelled")),
        .undelivered = json_is_true(json_object_get(object, "undelivered")),
        .presses = is_whole ? (unsigned)json_integer_value(json_object_get(object, "presses")) : 1,
        .level = is_whole ? (unsigned)json_integer_value(json_object_get(object, "level")) : 1,
        .level_ns = clock_monotonic_ns(),
        .raised_wall_ms = json_integer_value(json_object_get(object, "raised_wall_ms"))};
    snprintf(incident->alarm, sizeof incident->alarm, "%s",
             json_string_value(json_object_get(object, "alarm")));
    /* It holds of every open one (incident.c), whatever was read. */
    if (incident->level == 0)
        incident->level = 1;
    if (incident->presses == 0)
        incident->presses = 1;
    /* Times of another boot mean nothing on this boot's clock. */
    if (is_whole && same_boot) {
        incident->level_ns = json_integer_value(json_object_get(object, "level_ns"));
        incident->raised_ns = json_integer_value(json_object_get(object, "raised_ns"));
        incident->last_press_ns = json_integer_value(json_object_get(object, "last_press_ns"));
        incident->waits_ns = incident->last_press_ns; /* the row does not say more */
    }
    const json_t *press_seq = is_whole ? json_object_get(object, "press_seq") : NULL;
    incident->press_seq = incident->told_seq = (uint64_t)json_integer_value(press_seq);
    load_progress(inc, incident, json_object_get(object, "receivers"));
}

/* Where the alarm that `one` names belongs; NULL if nowhere. */
static struct incident *place_of(struct incidents *inc, const json_t *one)
{
    const char *alarm = json_string_value(json_object_get(one, "alarm"));
    enum incident_class class = INCIDENT_CLASS_ALARM;
    size_t i = 0;
    if (!alarm || !uuid_is_valid(alarm) || panel_find(&inc->panel, alarm) ||
        !find_input(inc, one, &i))
        return NULL;
    shape_class_of(json_string_value(json_object_get(one, "nature")), &class);
    return panel_incident(&inc->panel, i, class);
}

/* Its line chattered, and the count is still to be told. */
static void note_unreported(struct incidents *inc, const struct incident *incident,
                            const json_t *object)
{
    if (json_object_get(object, "press_seq") && incident->press_seq == 0)
        inc->own[incident->button].unreported = true;
}

/* One that was open; if it is not all known, why: what is known of it is open all the same. */
static void load_one(struct incidents *inc, json_t *one, bool same_boot)
{
    const char *id = json_string_value(json_object_get(one, "input"));
    const char *alarm = json_string_value(json_object_get(one, "alarm"));
    char reason[FACT_TEXT_SIZE];
    struct err e;
    bool is_whole = shape_incident(one, same_boot ? clock_monotonic_ns() : INT64_MAX, &e) == 0;
    struct incident *incident = place_of(inc, one);
    bool is_taken = incident && incident->open;
    if (incident && !is_taken)
        load_incident(inc, incident, one, is_whole, same_boot);
    if (incident && !is_taken && is_whole) {
        note_unreported(inc, incident, one);
        return;
    }
    if (!is_whole)
        log_error("tocsind", "what was kept of alarm %s: %s", alarm ? alarm : "?", e.text);
    snprintf(reason, sizeof reason, "alarm %s of input %s was open before the restart; %s",
             alarm ? alarm : "?", id ? id : "?",
             !is_whole  ? "what was kept of it is not whole"
             : is_taken ? "another alarm of the input was kept beside it"
                        : "the configuration has no such input now, or it was kept twice");
    doubt_add(inc, reason, true);
}

static bool is_of_this_boot(const struct incidents *inc, const json_t *row)
{
    const char *boot = json_string_value(json_object_get(row, "boot"));
    return boot && strcmp(boot, events_boot(inc->options.events)) == 0;
}

static void load_incidents(struct incidents *inc, const json_t *row)
{
    bool same_boot = is_of_this_boot(inc, row);
    size_t at;
    json_t *one;
    json_array_foreach(json_object_get(row, "incidents"), at, one) load_one(inc, one, same_boot);
}

/* Whether the event is made that it is closed: a later alarm of its button has its place. */
static bool close_followed(struct incidents *inc, json_t *one, bool same_boot)
{
    struct err e;
    const struct incident *later = place_of(inc, one);
    if (!later || !later->open ||
        shape_incident(one, same_boot ? clock_monotonic_ns() : INT64_MAX, &e) != 0)
        return false;
    struct incident followed = {.button = later->button, .class = later->class};
    load_incident(inc, &followed, one, true, same_boot);
    return steps_close_followed(inc, &followed, later);
}

/* Those of the store whose buttons were pressed again while nobody knew of them: who has them open
 * is told that they go on under another name. They are taken out of the row. Each event has a row
 * that still says that the store's are not known: after a kill in between they are found again. */
static void close_all_followed(struct incidents *inc, json_t *row)
{
    json_t *list = json_object_get(row, "incidents");
    bool same_boot = is_of_this_boot(inc, row);
    for (size_t i = json_array_size(list); i > 0; i--) {
        if (close_followed(inc, json_array_get(list, i - 1), same_boot))
            json_array_remove(list, i - 1);
    }
}

static void load_exercise(struct incidents *inc, const json_t *row)
{
    struct exercise *x = &inc->exercise;
    const char *class = json_string_value(json_object_get(row, "exercise"));
    const char *by = json_string_value(json_object_get(row, "by"));
    size_t at;
    json_t *id;
    if (!class)
        return;
    x->phase = EXERCISE_PHASE_ANNOUNCED;
    x->seq = 0;
    x->announce_until_ms = INT64_MAX; /* it is over: see incidents_end_old_exercise */
    x->class = strcmp(class, "test") == 0 ? INCIDENT_CLASS_TEST : INCIDENT_CLASS_DRILL;
    encode_copy_utf8(x->by, sizeof x->by, by ? by : "");
    json_array_foreach(json_object_get(row, "inputs"), at, id)
    {
        for (size_t i = 0; i < inc->count; i++) {
            if (json_is_string(id) && strcmp(id_of(inc, i), json_string_value(id)) == 0)
                x->buttons |= UINT64_C(1) << i;
        }
    }
}

/* The row as an object; NULL if there is none, or if it cannot be read, which is a fault. */
static json_t *read_row(struct incidents *inc, const struct outbox_found *found, const char *row)
{
    const char *text = outbox_found_text(found, row);
    json_error_t error;
    struct err e;
    json_t *object = text ? json_loads(text, JSON_REJECT_DUPLICATES, &error) : NULL;
    bool is_incidents = strcmp(row, ROW_INCIDENTS) == 0;
    if (!text || (json_is_object(object) && (!is_incidents || shape_row(object, &e) == 0))) {
        if (!is_incidents)
            facts_state_fault(inc->options.facts, FAULT_STATE, row, NULL);
        return object;
    }
    char reason[FACT_TEXT_SIZE];
    snprintf(reason, sizeof reason, "what was kept of %s before the restart cannot be read (%s)%s",
             row,
             !object                   ? error.text
             : !json_is_object(object) ? "it is no object"
                                       : e.text,
             is_incidents ? ": alarms may be open of which nothing is known here" : "");
    if (is_incidents) {
        doubt_add(inc, reason, true);
        return object; /* an alarm that can be read is open */
    }
    json_decref(object);
    log_error("tocsind", "%s", reason);
    facts_state_fault(inc->options.facts, FAULT_STATE, row, reason);
    return NULL;
}

/* What waited for that is the caller's, who frees it with held_free. */
static struct apart *join(struct incidents *inc)
{
    struct apart *apart = inc->apart;
    inc->apart = NULL;
    return apart;
}

/* Those of a row that was written by one who did not know the store's. */
static void note_apart(struct incidents *inc, const struct outbox_found *found)
{
    const char *text = outbox_found_text(found, ROW_INCIDENTS);
    json_t *row = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if ((found->unknown[0] && !text) || json_is_true(json_object_get(row, "apart")))
        doubt_stand_apart(inc, found);
    if (inc->apart)
        known_add_restored(inc->apart, found);
    held_note_had(inc->apart, found);
    if (inc->apart && !found->unknown[0] && !found->earlier)
        held_free(join(inc)); /* the store is known, and held nothing */
    json_decref(row);
}

void incidents_catch_up(struct incidents *inc, const struct outbox_found *found)
{
    if (!inc->apart)
        return; /* what this gateway knows came after that */
    held_note_had(inc->apart, found);
    json_t *row = read_row(inc, found, ROW_INCIDENTS);
    /* Of another run that did not know the store's: those come next, from `earlier`. */
    bool is_whole = !found->earlier || !json_is_true(json_object_get(row, "apart"));
    known_drop(inc, row);
    close_all_followed(inc, row);
    struct apart *apart = is_whole ? join(inc) : NULL;
    doubt_load(inc, found);
    inc->doubt_is_new = inc->doubt[0];
    json_t *tests = read_row(inc, found, ROW_TESTS), *exercise = read_row(inc, found, ROW_EXERCISE);
    load_inputs(inc, row);
    load_incidents(inc, row);
    load_tests(inc, tests);
    if (inc->exercise.phase == EXERCISE_PHASE_NONE)
        load_exercise(inc, exercise);
    json_decref(row);
    json_decref(tests);
    json_decref(exercise);
    doubt_keep(inc, found);
    state_save_tests(inc);
    inc->unsaved = true;
    state_save_unsaved(inc);
    panel_catch_up(&inc->panel, clock_monotonic_ns());
    delivery_set_alarm_open(inc->options.delivery, panel_any_open(&inc->panel));
    if (apart)
        answers_catch_up(inc, apart); /* may close some */
    held_free(apart);
}

void incidents_load(struct incidents *inc, const struct outbox_found *found)
{
    note_apart(inc, found);
    doubt_load(inc, found);
    json_t *row = read_row(inc, found, ROW_INCIDENTS);
    json_t *tests = read_row(inc, found, ROW_TESTS), *exercise = read_row(inc, found, ROW_EXERCISE);
    load_inputs(inc, row);
    load_incidents(inc, row);
    load_tests(inc, tests ? tests : row);
    if (row && !tests) /* of an older version: the next press writes over it */
        state_save_tests(inc);
    load_exercise(inc, exercise ? exercise : json_object_get(row, "exercise"));
    json_decref(row);
    json_decref(tests);
    json_decref(exercise);
    doubt_keep(inc, found);
    state_save_unsaved(inc); /* before the first event */
    delivery_set_alarm_open(inc->options.delivery, panel_any_open(&inc->panel));
}
