/* SPDX-License-Identifier: Apache-2.0 */
/* The uplink of profile tocsin-v1: signed events by HTTPS, receipts checked. */
#include "drivers/uplink/https/https.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/uplink/uplinks.h"

static const char *const receipts_words[] = {
    [HTTPS_RECEIPTS_SIGNED] = "signed", [HTTPS_RECEIPTS_UNSIGNED] = "unsigned", NULL};

#define PREPARED_LIFE_S 2 /* a signature made longer ago is made anew */

static const struct option option_table[] = {
    {.key = "url",
     .type = OPTION_STRING,
     .offset = offsetof(struct https_options, url),
     .max = PROFILE_TARGET_URI_MAX - 9,
     .required = 1,
     .help = "Where events go: https://host[:port]/path."},
    {.key = "ca_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct https_options, ca_file),
     .file = OPTION_FILE_READ,
     .required = 1,
     .help = "Certificate authority of the receiver (PEM); no other is trusted."},
    {.key = "cert_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct https_options, cert_file),
     .file = OPTION_FILE_READ,
     .required = 1,
     .help = "This gateway's client certificate (PEM)."},
    {.key = "key_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct https_options, key_file),
     .file = OPTION_FILE_PRIVATE,
     .required = 1,
     .help = "Its private key (PEM, not encrypted, not readable by others)."},
    {.key = "receipt_keys",
     .type = OPTION_PATHS,
     .offset = offsetof(struct https_options, receipt_keys),
     .file = OPTION_FILE_READ,
     .max = 8,
     .help = "Public keys (PEM) with which the receiver may sign its receipts; "
             "needed unless receipts is unsigned."},
    {.key = "receipts",
     OPTION_ENUM(struct https_options, receipts, receipts_words),
     .fallback = "signed",
     .help = "unsigned: a receiver that cannot sign; the lamp then says unconfirmed."},
    {.key = "upload_url",
     .type = OPTION_STRING,
     .offset = offsetof(struct https_options, upload_url),
     .max = PROFILE_TARGET_URI_MAX - 9,
     .help = "Where clips go, on the host of url; by default url with its last part replaced by "
             "clips."},
    {.key = "attempt_timeout",
     .type = OPTION_DURATION,
     .offset = offsetof(struct https_options, attempt_timeout_ms),
     .fallback = "3s",
     .min = 500,
     .max = 30000,
     .help = "How long one attempt may take."},
    {.key = "addresses",
     .type = OPTION_LIST,
     .offset = offsetof(struct https_options, addresses),
     .max = RESOLVE_ADDRESSES_MAX,
     .help = "IP addresses of the receiver; its name is then never looked up."},
    {.key = "name_servers",
     .type = OPTION_LIST,
     .offset = offsetof(struct https_options, name_servers),
     .max = 4,
     .help = "Name servers (address[:port]) instead of the system's."},
    OPTION_TABLE_END,
};

static void close_https(struct uplink *u);

void uplink_release(struct uplink *u)
{
    assert(u->handles > 0);
    if (--u->handles == 0)
        free(u);
}

void uplink_handle_closed(uv_handle_t *handle)
{
    uplink_release(handle->data);
}

/* The host part, or what is wrong. Caller frees with curl_free. */
static int read_url(const char *url, char **ret_host, struct err *e)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *unwanted = NULL;
    int result = 0;
    size_t printable = 0;
    while (url[printable] > ' ' && url[printable] <= '~' && url[printable] != '"')
        printable++;
    if (url[printable] != '\0')
        result = err_set(e, EINVAL,
                         "write spaces and letters outside of ASCII as %%xx, "
                         "a host's name as xn--…");
    else if (strlen(url) >= PROFILE_TARGET_URI_MAX - 8)
        result = err_set(e, EINVAL, "is longer than %d", PROFILE_TARGET_URI_MAX - 8);
    else if (!parts || curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
             curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        result = err_set(e, EINVAL, "\"%s\" is no https://host[:port]/path", url);
    else if (strcmp(scheme, "https") != 0)
        result = err_set(e, EINVAL, "\"%s\" must begin with https://", url);
    else if (curl_url_get(parts, CURLUPART_USER, &unwanted, 0) == CURLUE_OK ||
             curl_url_get(parts, CURLUPART_QUERY, &unwanted, 0) == CURLUE_OK ||
             curl_url_get(parts, CURLUPART_FRAGMENT, &unwanted, 0) == CURLUE_OK)
        result = err_set(e, EINVAL, "must hold no user, no ? and no #");
    else if (curl_url_get(parts, CURLUPART_HOST, ret_host, 0) != CURLUE_OK)
        result = err_set(e, EINVAL, "\"%s\" names no host", url);
    curl_free(scheme);
    curl_free(unwanted);
    curl_url_cleanup(parts);
    return result;
}

/* By default the url with its last part replaced. */
static void set_upload_url(struct uplink *u)
{
    if (u->options->upload_url) {
        snprintf(u->upload_url, sizeof u->upload_url, "%s", u->options->upload_url);
        return;
    }
    const char *url = u->options->url;
    const char *host = strstr(url, "://") + 3;
    const char *path = strchr(host, '/');
    size_t kept = path ? (size_t)(strrchr(path, '/') - url) : strlen(url);
    snprintf(u->upload_url, sizeof u->upload_url, "%.*s/clips", (int)kept, url);
}

static int check_urls(const struct https_options *o, const char **ret_key, struct err *e)
{
    char *host = NULL, *upload_host = NULL;
    *ret_key = "url";
    int result = read_url(o->url, &host, e);
    if (result == 0 && o->upload_url) {
        *ret_key = "upload_url";
        result = read_url(o->upload_url, &upload_host, e);
    }
    if (result == 0 && upload_host && strcasecmp(host, upload_host) != 0)
        result = err_set(e, EINVAL, "must be on the host of url (%s), not %s", host, upload_host);
    curl_free(host);
    curl_free(upload_host);
    return result;
}

static int check_options(const void *options, const char **ret_key, struct err *e)
{
    const struct https_options *o = options;
    int result = check_urls(o, ret_key, e);
    if (result != 0)
        return result;
    *ret_key = "addresses";
    for (size_t i = 0; i < o->addresses.count; i++) {
        if (!resolve_is_numeric(o->addresses.items[i]))
            return err_set(e, EINVAL, "\"%s\" is no IP address", o->addresses.items[i]);
    }
    *ret_key = "receipt_keys";
    if (o->receipts == HTTPS_RECEIPTS_SIGNED && o->receipt_keys.count == 0)
        return err_set(e, EINVAL,
                       "none is given, and without one no receipt can be believed; give the "
                       "receiver's public key, or say receipts: unsigned");
    return 0;
}

static int read_receipt_keys(struct uplink *u, struct err *e)
{
    const struct option_list *files = &u->options->receipt_keys;
    int result = 0;
    for (size_t i = 0; result == 0 && i < files->count; i++)
        result = keys_add_file(&u->receipt_keys, files->items[i], e);
    return result;
}

static int open_https(const void *options, const struct uplink_host *host, uv_loop_t *loop,
                      struct uplink **ret_uplink, struct err *e)
{
    struct uplink *u = calloc(1, sizeof *u);
    if (!u)
        return err_set(e, ENOMEM, "https: out of memory");
    u->options = options;
    u->host = *host;
    u->loop = loop;
    u->handles = 1; /* the caller's, until close */
    u->tus.piece.file = -1;
    const char *key;
    int result = check_options(options, &key, e);
    if (result != 0)
        err_prefix(e, result, "%s", key);
    else
        result = credentials_load(u, e);
    if (result == 0)
        set_upload_url(u);
    if (result == 0)
        result = read_receipt_keys(u, e);
    for (int i = 0; result == 0 && i < CONNECTION_COUNT; i++)
        result = connection_open(u, &u->connections[i], e);
    for (int i = 0; result == 0 && i < UPLINK_LANE_COUNT; i++)
        result = transfer_set_up(u, &u->connections[CONNECTION_OTHER], &u->lanes[i].transfer, e);
    if (result == 0)
        result = transfer_set_up(u, &u->connections[CONNECTION_CLIPS], &u->tus.transfer, e);
    if (result == 0)
        result = address_open(u, e);
    if (result != 0) {
        close_https(u);
        return result;
    }
    connection_dial(
        &u->connections[CONNECTION_PRESS]); /* the other one follows when this one got through */
    *ret_uplink = u;
    return 0;
}

static struct connection *choose_connection(struct uplink *u, enum uplink_lane lane)
{
    struct connection *press = &u->connections[CONNECTION_PRESS],
                      *other = &u->connections[CONNECTION_OTHER];
    switch (lane) {
    case UPLINK_LANE_PRESS:
        return !connection_is_idle(press) && connection_is_idle(other) ? other : press;
    case UPLINK_LANE_HEARTBEAT:
        if (press->active > 0)
            return other;
        return other->active > 0 || press->proven_ns <= other->proven_ns ? press : other;
    case UPLINK_LANE_LATE:
    case UPLINK_LANE_FOLLOWUP:
    case UPLINK_LANE_MANIFEST:
        break;
    }
    return other;
}

static void prepare(struct uplink *u, struct event *event)
{
    struct prepared *p = &u->prepared[u->next_prepared];
    struct err e;
    p->event[0] = '\0';
    p->created_s = clock_wall_ms() / 1000;
    if (transfer_sign(u, "POST", u->options->url, event->digest, &p->headers, &e) != 0)
        return; /* the attempt itself will say so */
    memcpy(p->event, event->id, sizeof p->event);
    u->next_prepared = (u->next_prepared + 1) % HTTPS_PREPARED;
}

/* What was signed ahead for the event, once, and only moments ago by the clock of the signature;
 * NULL if nothing was. */
static const struct profile_headers *take_prepared(struct uplink *u, const struct event *event)
{
    const struct profile_headers *found = NULL;
    for (size_t i = 0; i < HTTPS_PREPARED; i++) {
        struct prepared *p = &u->prepared[i];
        if (strcmp(p->event, event->id) != 0)
            continue;
        int64_t age_s = clock_wall_ms() / 1000 - p->created_s;
        if (age_s >= 0 && age_s <= PREPARED_LIFE_S)
            found = &p->headers;
        p->event[0] = '\0';
    }
    return found;
}

static void on_answer(struct transfer *t)
{
    struct lane *lane = (struct lane *)t;
    struct event *event = lane->event;
    struct evidence evidence;
    struct uplink_result result;
    outcome_of(t->uplink, t, event->id, NULL, t->sent.content_digest, &evidence, &result);
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
                              .signed_ahead = take_prepared(u, event),
                              .content_type = "application/cloudevents+json",
                              .extra = {key},
                              .timeout_ms = u->options->attempt_timeout_ms};
    transfer_start(&lane->transfer, choose_connection(u, which), &request, on_answer);
}

static void refresh(struct uplink *u)
{
    connection_failed(&u->connections[CONNECTION_CLIPS]);
    connection_failed(&u->connections[CONNECTION_PRESS]);
    address_look_up_now(u);
    connection_dial(&u->connections[CONNECTION_PRESS]);
}

static void cancel_lanes(struct uplink *u)
{
    for (int i = 0; i < UPLINK_LANE_COUNT; i++) {
        struct lane *lane = &u->lanes[i];
        transfer_stop(&lane->transfer);
        struct event *event = lane->event;
        if (!event)
            continue;
        lane->event = NULL;
        struct uplink_result result = {.outcome = UPLINK_OUTCOME_CANCELLED,
                                       .reason = "the uplink was closed",
                                       .finished_ns = clock_monotonic_ns()};
        lane->done(lane->arg, &result);
        event_unref(event);
    }
}

static void close_https(struct uplink *u)
{
    if (!u)
        return;
    u->closing = true;
    cancel_lanes(u);
    tus_close(u);
    for (int i = 0; i < UPLINK_LANE_COUNT; i++)
        transfer_tear_down(&u->lanes[i].transfer);
    transfer_tear_down(&u->tus.transfer);
    for (int i = 0; i < CONNECTION_COUNT; i++)
        connection_close(&u->connections[i]);
    address_close(u);
    keys_finish(&u->receipt_keys);
    credentials_finish(u);
    uplink_release(u);
}

const struct uplink_driver uplink_https = {
    .type = {.name = "https",
             .help = "signed events by HTTPS with mutual TLS (profile tocsin-v1)",
             .options = option_table,
             .options_size = sizeof(struct https_options),
             .check = check_options},
    .takes = UPLINK_TAKES_ALL,
    .open = open_https,
    .prepare = prepare,
    .send = send_event,
    .upload = tus_begin,
    .pause_upload = tus_pause,
    .refresh = refresh,
    .close = close_https,
};
