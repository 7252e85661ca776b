/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The uplink of profile tocsin-v1: signed events by HTTPS, receipts checked. Its lanes stand here;
 * of the files beside it each sees only those below:
 *
 *   https.c
 *   pool.c, tus.c                    which connection carries what; resumable upload of a clip
 *   dial.c                           keeps a connection warm
 *   transfer.c                       one signed exchange: request, deadline, the next address
 *   connection.c                     libcurl in the loop
 *   files.c                          what it needs of the disk, read outside of the loop
 *   address.c, credentials.c         where the receiver is; certificates and keys
 *   outcome.c, answer.c, tus_judge.c what an answer means (pure)
 *   ahead.c, address_list.c, url.c, options.c (pure); tus_piece.c (a file in libuv's pool)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/uplink/https/ahead.h"
#include "drivers/uplink/https/files.h"
#include "drivers/uplink/https/options.h"
#include "drivers/uplink/https/outcome.h"
#include "drivers/uplink/https/pool.h"
#include "drivers/uplink/https/transfer.h"
#include "drivers/uplink/https/tus.h"
#include "drivers/uplink/https/url.h"
#include "drivers/uplink/uplinks.h"

/* An event under way. */
struct lane {
    struct uplink *uplink;
    struct transfer *transfer;
    struct event *event; /* NULL: none */
    uplink_done_handler done;
    void *arg;
};

struct uplink {
    const struct https_options *options;
    struct uplink_host host;
    char name[URL_HOST_SIZE], upload_url[PROFILE_TARGET_URI_MAX];
    struct outcome_rules rules;
    struct transfer_means means;
    struct pool *pool;
    struct lane lanes[UPLINK_LANE_COUNT];
    struct ahead ahead;
    struct tus *tus;
};

static void close_https(struct uplink *u);

static void on_moved(void *arg)
{
    struct uplink *u = arg;
    pool_forget(u->pool);
}

static int find_receiver(struct uplink *u, struct err *e)
{
    const struct address_options options = {.loop = u->means.loop,
                                            .name = u->name,
                                            .receiver = u->host.receiver,
                                            .state_dir = u->host.state_dir,
                                            .saved = u->host.files->addresses,
                                            .addresses = &u->options->addresses,
                                            .name_servers = &u->options->name_servers,
                                            .on_moved = on_moved,
                                            .arg = u};
    return address_open(&options, &u->means.addresses, e);
}

static int open_connections(struct uplink *u, struct err *e)
{
    const struct pool_options options = {.means = &u->means,
                                         .url = u->options->url,
                                         .receiver = u->host.receiver,
                                         .timeout_ms = u->options->attempt_timeout_ms};
    int result = pool_open(&options, &u->pool, e);
    for (int i = 0; result == 0 && i < UPLINK_LANE_COUNT; i++) {
        u->lanes[i].uplink = u;
        result = transfer_open(&u->means, &u->lanes[i].transfer, e);
    }
    return result;
}

static int open_uploads(struct uplink *u, struct err *e)
{
    const struct tus_options options = {.means = &u->means,
                                        .connection = pool_for_clips(u->pool),
                                        .rules = &u->rules,
                                        .url = u->upload_url};
    return tus_open(&options, &u->tus, e);
}

static int check_options(struct uplink *u, struct err *e)
{
    const struct https_options *o = u->options;
    struct driver_mistakes mistakes = {.count = 0};
    https_options_check(o, &mistakes);
    int result = driver_first_mistake(&mistakes, e);
    if (result != 0)
        return result;
    if (o->upload_url)
        snprintf(u->upload_url, sizeof u->upload_url, "%s", o->upload_url);
    else
        url_of_clips(o->url, u->upload_url, sizeof u->upload_url);
    return url_host(o->url, u->name, e);
}

static int open_https(const void *options, const struct uplink_host *host, uv_loop_t *loop,
                      struct uplink **ret_uplink, struct err *e)
{
    struct uplink *u = calloc(1, sizeof *u);
    if (!u)
        return err_set(e, ENOMEM, "https: out of memory");
    u->options = options;
    u->host = *host;
    u->rules.keys = host->files->receipt_keys;
    u->rules.unsigned_allowed = u->options->receipts == HTTPS_RECEIPTS_UNSIGNED;
    u->means = (struct transfer_means){
        .loop = loop, .signer = host->signer, .credentials = &host->files->credentials};
    int result = check_options(u, e);
    if (result == 0)
        result = find_receiver(u, e);
    if (result == 0)
        result = open_connections(u, e);
    if (result == 0)
        result = open_uploads(u, e);
    if (result != 0) {
        close_https(u);
        return result;
    }
    pool_dial(u->pool);
    *ret_uplink = u;
    return 0;
}

static void prepare(struct uplink *u, struct event *event)
{
    struct profile_headers headers;
    struct err e;
    int64_t created_s = clock_wall_ms() / 1000;
    if (transfer_sign(u->host.signer, "POST", u->options->url, event->digest, &headers, &e) == 0)
        ahead_put(&u->ahead, event->id, &headers, created_s);
    /* otherwise the attempt itself will say so */
}

static void on_answer(void *arg, const struct exchanged *what)
{
    struct lane *lane = arg;
    struct event *event = lane->event;
    const struct outcome_subject subject = {.event = event->id,
                                            .digest = what->sent->content_digest};
    struct evidence evidence;
    struct uplink_result result;
    outcome_of(&lane->uplink->rules, what, &subject, &evidence, &result);
    lane->event = NULL;
    lane->done(lane->arg, &result);
    event_unref(event);
}

static void send_event(struct uplink *u, enum uplink_lane which, struct event *event,
                       const struct event_view *view, uplink_done_handler done, void *arg)
{
    (void)view;
    struct lane *lane = &u->lanes[which];
    char key[UUID_TEXT_SIZE + 32];
    snprintf(key, sizeof key, "Idempotency-Key: \"%s\"", event->id);
    lane->event = event_ref(event);
    lane->done = done;
    lane->arg = arg;
    struct request request = {.method = "POST",
                              .url = u->options->url,
                              .body = event->bytes,
                              .length = event->length,
                              .digest = event->digest,
                              .signed_ahead =
                                  ahead_take(&u->ahead, event->id, clock_wall_ms() / 1000),
                              .content_type = "application/cloudevents+json",
                              .extra = {key},
                              .timeout_ms = u->options->attempt_timeout_ms};
    transfer_start(lane->transfer, pool_choose(u->pool, which), &request, on_answer, lane);
}

static void upload(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
                   void *arg)
{
    tus_begin(u->tus, file, done, arg);
}

static void pause_upload(struct uplink *u, bool paused)
{
    tus_pause(u->tus, paused);
}

static void refresh(struct uplink *u)
{
    address_look_up_now(u->means.addresses);
    pool_forget(u->pool);
}

static void close_lane(struct lane *lane)
{
    struct event *event = lane->event;
    transfer_close(lane->transfer);
    lane->event = NULL;
    if (!event)
        return;
    const struct uplink_result result = {.outcome = UPLINK_OUTCOME_CANCELLED,
                                         .reason = "the uplink was closed",
                                         .finished_ns = clock_monotonic_ns()};
    lane->done(lane->arg, &result);
    event_unref(event);
}

static void close_https(struct uplink *u)
{
    if (!u)
        return;
    for (int i = 0; i < UPLINK_LANE_COUNT; i++)
        close_lane(&u->lanes[i]);
    tus_close(u->tus);
    pool_close(u->pool);
    address_close(u->means.addresses);
    free(u);
}

const struct uplink_driver uplink_https = {
    .type = {.name = "https",
             .help = "signed events by HTTPS with mutual TLS (profile tocsin-v1)",
             .options = https_option_table,
             .options_size = sizeof(struct https_options),
             .check = https_options_check,
             .check_files = files_try,
             .note = https_options_note},
    .takes = UPLINK_TAKES_ALL,
    .open = open_https,
    .prepare = prepare,
    .send = send_event,
    .upload = upload,
    .pause_upload = pause_upload,
    .refresh = refresh,
    .close = close_https,
    .read = files_read,
    .same_files = files_are_same,
    .free_files = files_free,
};
