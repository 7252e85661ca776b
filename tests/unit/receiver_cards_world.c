/* SPDX-License-Identifier: Apache-2.0 */
#include "receiver_cards_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_suite.h"

struct store *s;
int events;
json_t *state;
static char folder[40];

void open_store(void)
{
    ck_assert(store_open(folder, &s));
    sql_run(s->db, "PRAGMA synchronous=OFF"); /* what is on the disk is another test's */
}

void setup(void)
{
    events = 0;
    test_folder(folder, sizeof folder);
    open_store();
}

void teardown(void)
{
    char command[100];
    json_decref(state);
    state = NULL;
    store_close(s);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

const char *name_of(int alarm)
{
    static char name[37];
    snprintf(name, sizeof name, "01890a5d-ac96-774b-bcce-%012d", alarm);
    return name;
}

void put_as(int64_t seq, const char *source, int alarm, enum event_kind kind, const char *type)
{
    char text[40], bytes[100];
    struct event event = {.kind = kind, .seq = seq, .length = 1};
    events++;
    struct store_entry entry;
    snprintf(event.source, sizeof event.source, "%s", source);
    snprintf(event.alarm, sizeof event.alarm, "%s", name_of(alarm));
    snprintf(event.type, sizeof event.type, "%s", type);
    snprintf(text, sizeof text, "event-%d", events);
    snprintf(event.id, sizeof event.id, "%s", text);
    int length = snprintf(bytes, sizeof bytes, "{\"type\":\"%s\"}", type);
    const struct store_evidence evidence = {
        .digest = text, .headers = "", .nonce = text, .nonce_until_s = INT64_MAX};
    ck_assert_int_eq(store_put(s, &event, bytes, (size_t)length, &evidence, &entry), STORE_NEW);
}

void put(const char *source, int alarm, enum event_kind kind, const char *type)
{
    put_as(events + 1, source, alarm, kind, type);
}

void clip(const char *source, int alarm)
{
    put(source, alarm, EVENT_KIND_MANIFEST, "tocsin.clip.manifest");
}

void say(const char *source, int alarm, const char *verb)
{
    char type[48];
    snprintf(type, sizeof type, "tocsin.alarm.%s", verb);
    put(source, alarm, EVENT_KIND_ALARM, type);
}

void answer(int alarm, const char *word)
{
    ck_assert_int_gt(store_answer(s, name_of(alarm), SCHOOL, word, "op", "", INT64_MAX), 0);
}

int64_t answer_to(int64_t seen, int alarm, const char *word)
{
    return store_answer(s, name_of(alarm), SCHOOL, word, "op", "", seen);
}

const json_t *look(void)
{
    char *text = store_state(s, "police");
    json_decref(state);
    state = json_loads(text, 0, NULL);
    free(text);
    ck_assert_ptr_nonnull(state);
    return json_object_get(state, "alarms");
}

size_t count(void)
{
    return json_array_size(look());
}

int place_of(int alarm)
{
    size_t i;
    const json_t *one, *alarms = look();
    json_array_foreach(alarms, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "alarm")), name_of(alarm)) == 0)
            return (int)i;
    }
    return -1;
}

const char *done_with(int alarm)
{
    size_t place = (size_t)place_of(alarm); /* it looks anew, too: what was seen before is gone */
    const char *done = json_string_value(json_object_get(json_array_get(look(), place), "done"));
    return done ? done : "";
}

int64_t not_shown(const char *what)
{
    look();
    return json_integer_value(json_object_get(json_object_get(state, "not_shown"), what));
}

int64_t open_not_shown(const char *source)
{
    look();
    return json_integer_value(
        json_object_get(json_object_get(json_object_get(state, "not_shown"), "open"), source));
}
