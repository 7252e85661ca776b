/* SPDX-License-Identifier: Apache-2.0 */
#include "events_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake_outbox.h"
#include "run_suite.h"
#include "virtual_time.h"

/* Receivers that only count. */
unsigned offered, prepared;
uint64_t offered_seq;
int64_t confirmed;

void delivery_offer(struct delivery *d, struct event *event)
{
    ck_assert_ptr_eq(d, DELIVERY);
    offered++;
    offered_seq = event->seq;
}

void delivery_prepare_press(struct delivery *d, struct event *event)
{
    (void)d;
    (void)event;
    prepared++;
}

void delivery_answer_stored(struct delivery *d, size_t receiver, int64_t answer_seq)
{
    (void)d;
    (void)receiver;
    confirmed = answer_seq;
}

bool unread;

bool delivery_waits_for_store(const struct delivery *d)
{
    (void)d;
    return unread;
}

uv_loop_t loop;
struct facts *facts;
static const struct config_site site = {.id = "g1"};
struct config_storage storage = {.state_dir = "/nowhere", .commit_wait_ms = 50, .keep_days = 10};
static const struct config_receivers nobody;
struct events *events;
struct faults *faults;
struct fact told[1000];
size_t told_count;

static void on_fact(void *self, const struct fact *fact)
{
    (void)self;
    ck_assert_uint_lt(told_count, sizeof told / sizeof *told);
    told[told_count++] = *fact;
}

const struct fact *last(enum fact_kind kind)
{
    for (size_t i = told_count; i-- > 0;) {
        if (told[i].kind == kind)
            return &told[i];
    }
    return NULL;
}

size_t count(enum fact_kind kind)
{
    size_t found = 0;
    for (size_t i = 0; i < told_count; i++)
        found += told[i].kind == kind;
    return found;
}

void open_events(void)
{
    struct err e;
    struct outbox_found found;
    struct events_options options = {
        .loop = &loop, .facts = facts, .config = {&site, &storage, &nobody}};
    ck_assert_int_eq(events_open(&options, &events, &found, &e), 0);
    outbox_found_finish(&found);
    ck_assert_int_eq(faults_open(facts, events, &faults, &e), 0);
    facts_subscribe(facts, UINT32_MAX, on_fact, NULL);
}

void set_up(void)
{
    struct err e;
    virtual_begin();
    fake_outbox_begin();
    uv_loop_init(&loop);
    offered = prepared = 0;
    confirmed = 0;
    unread = false;
    told_count = 0;
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
    open_events();
    events_connect(events, DELIVERY);
}

void tear_down(void)
{
    facts_close(facts);
    events_close(events);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    faults_free(faults);
    events_free(events);
    facts_free(facts);
    fake_outbox_end();
}

uint64_t emit(enum event_class class, const struct outbox_upload *upload)
{
    return events_emit(events, &(struct events_new){.type = "tocsin.alarm.raised",
                                                    .class = class,
                                                    .alarm = "",
                                                    .at_ns = virtual_ns() - 7000,
                                                    .data = json_object(),
                                                    .row = &(struct outbox_row){"incidents", "{}"},
                                                    .upload = upload,
                                                    .upload_receivers = upload ? 3 : 0});
}

void begin_again(void)
{
    tear_down();
    set_up();
    facts_close(facts);
    events_close(events);
    uv_run(&loop, UV_RUN_DEFAULT);
    faults_free(faults);
    events_free(events);
    facts_free(facts);
    struct err e;
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
}
