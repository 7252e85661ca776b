/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at a receiver whose uplink could not be opened: its files are read in libuv's pool, and
 * when that went well the uplink is opened in the loop. A disk that does not answer keeps a thread
 * of the pool, so there are few looks at a time.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/reading.h"
#include "delivery/closed_uplink.h"
#include "delivery/internal.h"

#define LOOKS_MAX 2     /* at a time: the pool has eight threads, for others, too (gateway/main) */
#define LONG_MS   10000 /* a look that takes longer is said, once */

struct look {
    uv_work_t work;
    struct delivery_receiver *receiver;
    const struct config_receiver *config;
    struct reading reading;
    int64_t begun_ms;
    bool is_said;
    /* The pool's, until it is over. */
    struct uplink_files *files;
    int result;
    struct err error;
};

static void run(uv_work_t *work)
{
    struct look *look = work->data;
    look->result = uplinks_read(look->receiver->delivery, look->config, &look->reading,
                                &look->files, &look->error);
}

static int open_after(struct look *look)
{
    struct delivery_receiver *r = look->receiver;
    struct dispatch_receiver_options options;
    /* Everything is closed, or a reload has opened another. */
    if (!r->delivery->dispatch || r->driver)
        return -ECANCELED;
    int result = look->result;
    if (result == 0)
        result = uplinks_open(r, look->config, look->files, &options, &look->error);
    if (result != 0)
        return result;
    log_info("receiver", "%s: can be opened now", look->config->id);
    uplinks_replace(r, &options, look->files);
    return 0;
}

static void finish(uv_work_t *work, int status)
{
    struct look *look = work->data;
    struct delivery_receiver *r = look->receiver;
    (void)status;
    int result = open_after(look);
    if (result != 0)
        uplinks_free_files(uplink_driver_of(look->config->driver.type), look->files);
    /* What is wrong now may not be what was wrong before: the next attempt says it, and the tick.
     */
    if (result != 0 && result != -ECANCELED && closed_uplink_explain(r->stand_in, look->error.text))
        log_error("receiver", "%s: %s", look->config->id, look->error.text);
    r->reopen_ms = clock_monotonic_ms() + REOPEN_MS;
    r->look = NULL;
    r->delivery->looks--;
    reading_finish(&look->reading);
    free(look);
}

static void begin(struct delivery_receiver *r)
{
    struct look *look = calloc(1, sizeof *look);
    if (!look)
        return;
    look->work.data = look;
    look->receiver = r;
    look->config = r->config;
    look->begun_ms = clock_monotonic_ms();
    look->result = -ECANCELED;
    reading_init(&look->reading);
    if (uv_queue_work(r->delivery->options.loop, &look->work, run, finish) != 0) {
        reading_finish(&look->reading);
        free(look);
        return;
    }
    r->look = look;
    r->delivery->looks++;
}

static void say_if_long(struct look *look)
{
    char path[READING_SIZE];
    if (look->is_said || clock_monotonic_ms() - look->begun_ms < LONG_MS)
        return;
    look->is_said = true;
    reading_get(&look->reading, path);
    log_warning("receiver", "%s: reading %s has taken %d s: its disk does not answer",
                look->config->id, path, LONG_MS / 1000);
}

void look_if_due(struct delivery_receiver *r)
{
    if (r->look)
        say_if_long(r->look);
    else if (!r->driver && clock_monotonic_ms() >= r->reopen_ms && r->delivery->looks < LOOKS_MAX)
        begin(r);
}

bool look_uses(const struct look *look, const struct config_receivers *receivers)
{
    return look && look->config >= receivers->items &&
           look->config < receivers->items + receivers->count;
}
