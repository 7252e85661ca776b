/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "envelope/data.h"
#include "envelope/envelope.h"
#include "outbox/outbox.h"

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static void on_stored(void *arg)
{
    ++*(unsigned *)arg;
}

static void ignore_fault(void *arg, const char *reason)
{
    (void)arg;
    (void)reason;
}

void bench_fill(const char *folder, unsigned wanted, bool waiting)
{
    static const char *const receivers[] = {"police"};
    static char receipt[900];
    const struct data_site site = {.id = "bench", .name = "测试学校", .address = "示范路1号"};
    struct outbox_options options = {.dir = folder,
                                     .receivers = receivers,
                                     .receiver_count = 1,
                                     .reserve_events = 1,
                                     .look_after_ms = 3600000,
                                     .start_wait_ms = 3600000};
    struct outbox_host host = {.on_fault = ignore_fault};
    struct uplink_result result = {
        .outcome = UPLINK_OUTCOME_STORED, .receipt = receipt, .receipt_length = sizeof receipt - 1};
    struct outbox_found found;
    struct outbox *ob;
    struct envelope env;
    struct err e;
    uv_loop_t loop;
    unsigned stored = 0;
    memset(receipt, 'r', sizeof receipt - 1);
    mkdir(folder, 0700);
    uv_loop_init(&loop);
    if (envelope_init(&env, "bench", &e) != 0 ||
        outbox_open(&loop, &options, &host, &ob, &found, &e) != 0)
        die(e.text);
    for (unsigned i = 0; i < wanted; i++) {
        char alarm[UUID_TEXT_SIZE];
        struct event *event;
        uuid_v7(clock_wall_ms(), alarm);
        struct data_alarm data = {.alarm = alarm,
                                  .kind = "panic",
                                  .cause = "edge",
                                  .input_id = "b0",
                                  .input_name = "按钮",
                                  .input_place = "门卫室",
                                  .presses = 1,
                                  .level = 1,
                                  .site = &site};
        if (envelope_make(&env,
                          &(struct envelope_content){"tocsin.alarm.raised", EVENT_CLASS_PRESS,
                                                     alarm, clock_monotonic_ns(),
                                                     data_from_alarm(&data)},
                          &event, &e) != 0)
            die(e.text);
        outbox_store(ob, event, NULL, NULL, 0, on_stored, &stored);
        if (!waiting)
            outbox_record_delivery(ob, event->seq, 0, 1, &result);
        event_unref(event);
    }
    while (stored < wanted)
        uv_run(&loop, UV_RUN_ONCE);
    if (outbox_close(ob, 60000) != 0)
        die("the store could not be filled");
    outbox_found_finish(&found);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}
