/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery_world.h"

#include <stdlib.h>
#include <string.h>

/* No test looks at this machine's network. */
network_handler on_network;
void *on_network_arg;

int network_open(uv_loop_t *of, network_handler on_changed, void *arg, struct network **ret_network,
                 struct err *e)
{
    (void)of;
    (void)e;
    on_network = on_changed;
    on_network_arg = arg;
    *ret_network = NULL;
    return 0;
}

void network_close(struct network *network)
{
    (void)network;
}

uv_loop_t loop;
struct facts *facts;
struct config_receivers config;
struct config_receiver receivers[3];
struct delivery *delivery;
struct fact told[1000];
size_t told_count;
struct outbox_found found;

static void on_fact(void *self, const struct fact *fact)
{
    (void)self;
    ck_assert_uint_lt(told_count, sizeof told / sizeof *told);
    told[told_count++] = *fact;
    /* As an incident that is further now: its row follows from the delivery. */
    if (fact->kind == FACT_SETTLED)
        outbox_save_row((struct outbox *)&fake_outbox, &(struct outbox_row){"incidents", "{}"});
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
    size_t found_count = 0;
    for (size_t i = 0; i < told_count; i++)
        found_count += told[i].kind == kind;
    return found_count;
}

static struct event *on_heartbeat(void *arg, json_t *data)
{
    (void)arg;
    struct event *event = calloc(1, sizeof *event + 1);
    event->references = 1;
    event->class = EVENT_CLASS_HEARTBEAT;
    event->wall_ms = json_integer_value(json_object_get(data, "answer_seq"));
    json_decref(data);
    return event;
}

void open_delivery(void)
{
    struct err e;
    struct delivery_options options = {.loop = &loop,
                                       .facts = facts,
                                       .receivers = &config,
                                       .outbox = (struct outbox *)&fake_outbox,
                                       .heartbeat = on_heartbeat};
    ck_assert_int_eq(delivery_open(&options, &found, &delivery, &e), 0);
    facts_subscribe(facts, UINT32_MAX, on_fact, NULL);
}

void set_up(void)
{
    struct err e;
    virtual_begin();
    fake_outbox_begin();
    uv_loop_init(&loop);
    attempt_count = uplink_count = told_count = 0;
    refuse_open = refuse_read = new_files = NULL;
    let_others_read();
    reads = reads_in_loop = 0;
    found = (struct outbox_found){0};
    receivers[0] = (struct config_receiver){.id = "police",
                                            .name = "Police",
                                            .heartbeat_ms = 20000,
                                            .alarm_heartbeat_ms = 2000,
                                            .clips = true,
                                            .group = 1,
                                            .responder = true,
                                            .driver.type = &uplink_fake.type};
    receivers[1] = receivers[0];
    receivers[1].id = "school";
    receivers[1].group = 2;
    receivers[1].clips = false;
    receivers[2] = receivers[1];
    receivers[2].id = "third";
    config = (struct config_receivers){.count = 2, .items = receivers};
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
}

void begin(void)
{
    set_up();
    open_delivery();
}

void tear_down(void)
{
    facts_close(facts);
    delivery_close(delivery);
    fake_outbox_answer();
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    delivery_free(delivery);
    facts_free(facts);
    fake_outbox_end();
}

void finish(size_t uplink, uint64_t seq, enum uplink_outcome outcome)
{
    struct attempt *a = under_way(uplink, seq);
    ck_assert_ptr_nonnull(a);
    struct uplink_result result = {.outcome = outcome,
                                   .reason = "as the test says",
                                   .finished_ns = virtual_ns(),
                                   .request_headers = "POST /",
                                   .receipt = "{}",
                                   .receipt_length = 2};
    end_attempt(a, &result);
}

void beat(void)
{
    virtual_advance(facts, 100);
    for (size_t i = 0; i < uplink_count; i++) {
        if (under_way(i, 0))
            finish(i, 0, UPLINK_OUTCOME_STORED);
    }
    facts_tell(facts);
}

void offer(uint64_t seq)
{
    struct event *event = calloc(1, sizeof *event + 1);
    event->references = 1;
    event->seq = seq;
    event->class = EVENT_CLASS_PRESS;
    memcpy(event->alarm, "01980000-0000-7000-8000-000000000001", UUID_TEXT_SIZE);
    delivery_offer(delivery, event);
    event_unref(event);
    virtual_advance(facts, 1);
}

void end_looks(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
}
