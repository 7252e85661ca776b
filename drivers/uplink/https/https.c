/* SPDX-License-Identifier: Apache-2.0 */
/* The uplink of profile tocsin-v1: signed events by HTTPS, receipts checked. */
#include "drivers/uplink/https/https.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "drivers/uplink/uplinks.h"
#include "wire/receipt.h"

static const char *const receipts_choices[] = {"signed", "unsigned", NULL};

static const struct option option_table[] = {
    {.key = "url",
     .type = OPTION_STRING,
     .offset = offsetof(struct https_options, url),
     .required = 1,
     .help = "Where events go: https://host[:port]/path."},
    {.key = "ca_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct https_options, ca_file),
     .required = 1,
     .help = "Certificate authority of the receiver (PEM); no other is trusted."},
    {.key = "cert_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct https_options, cert_file),
     .required = 1,
     .help = "This gateway's client certificate (PEM)."},
    {.key = "key_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct https_options, key_file),
     .required = 1,
     .help = "Its private key (PEM)."},
    {.key = "receipt_keys",
     .type = OPTION_PATHS,
     .offset = offsetof(struct https_options, receipt_keys),
     .max = 8,
     .help = "Public keys (PEM) with which the receiver may sign its receipts."},
    {.key = "receipts",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct https_options, receipts),
     .fallback = "signed",
     .choices = receipts_choices,
     .help = "unsigned: a receiver that cannot sign; the lamp then says unconfirmed."},
    {.key = "upload_url",
     .type = OPTION_STRING,
     .offset = offsetof(struct https_options, upload_url),
     .help = "Where clips go; by default the url with its last part replaced by clips."},
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
     .type = OPTION_STRING,
     .offset = offsetof(struct https_options, name_servers),
     .help = "Name servers (address[:port], commas between) instead of the system's."},
    OPTION_TABLE_END,
};

static void make_upload_url(struct uplink *u)
{
    const struct https_options *o = u->options;
    if (o->upload_url) {
        snprintf(u->upload_url, sizeof u->upload_url, "%s", o->upload_url);
        return;
    }
    const char *slash = strrchr(o->url, '/');
    snprintf(u->upload_url, sizeof u->upload_url, "%.*s/clips", (int)(slash - o->url), o->url);
}

static int check_files(const struct https_options *o, struct err *e)
{
    const char *const files[] = {o->ca_file, o->cert_file, o->key_file};
    for (size_t i = 0; i < 3; i++) {
        if (access(files[i], R_OK) != 0)
            return err_system(e, errno, "%s", files[i]);
    }
    if (o->receipts == HTTPS_RECEIPTS_SIGNED && o->receipt_keys.count == 0)
        return err_set(e, EINVAL,
                       "receipt_keys: none is given; without one no receipt can be "
                       "believed (or say receipts: unsigned)");
    return 0;
}

static void close_https(struct uplink *u);

static int open_https(const void *options, const struct uplink_host *host, uv_loop_t *loop,
                      struct uplink **ret_uplink, struct err *e)
{
    const struct https_options *o = options;
    int result = check_files(o, e);
    if (result != 0)
        return result;
    struct uplink *u = calloc(1, sizeof *u);
    if (!u)
        return err_set(e, ENOMEM, "https: out of memory");
    u->options = o;
    u->host = *host;
    u->loop = loop;
    u->tus.file = -1;
    result = transfer_start_multi(u, e);
    if (result != 0) {
        free(u);
        return result;
    }
    for (size_t i = 0; result == 0 && i < o->receipt_keys.count; i++)
        result = keys_add_file(&u->receipt_keys, o->receipt_keys.items[i], e);
    for (int i = 0; result == 0 && i < UPLINK_LANE_COUNT; i++)
        result = transfer_set_up(u, &u->lanes[i].transfer, e);
    if (result == 0)
        result = transfer_set_up(u, &u->tus.transfer, e);
    if (result == 0)
        result = address_open(u, e);
    if (result != 0) {
        close_https(u);
        return result;
    }
    make_upload_url(u);
    *ret_uplink = u;
    return 0;
}

void https_judge_status(const struct https_answer *answer, struct uplink_result *result)
{
    long status = answer->status;
    if (status == 0) {
        result->outcome = answer->refused ? UPLINK_OUTCOME_REFUSED : UPLINK_OUTCOME_RETRY;
        snprintf(result->reason, sizeof result->reason, "%s%s", answer->refused ? "TLS: " : "",
                 answer->reason);
        return;
    }
    char text[160];
    size_t length = strnlen(answer->body, 100);
    char body[101];
    memcpy(body, answer->body, length);
    body[length] = '\0';
    bool again = status == 408 || status == 425 || status == 429 || status >= 500 || status < 400;
    result->outcome = again ? UPLINK_OUTCOME_RETRY : UPLINK_OUTCOME_REFUSED;
    result->retry_after_ms = answer->retry_after_s > 0 && answer->retry_after_s < 86400
                                 ? answer->retry_after_s * 1000
                                 : 0;
    snprintf(result->reason, sizeof result->reason, "the receiver answered %ld: %s", status,
             log_quote(text, sizeof text, body));
}

static void copy_evidence(const struct transfer *t, char *request, size_t request_size,
                          char *receipt, size_t receipt_size)
{
    snprintf(request, request_size,
             "%s %s\nContent-Digest: %s\nSignature-Input: %s\nSignature: %s\n", t->method, t->url,
             t->sent.content_digest, t->sent.signature_input, t->sent.signature);
    snprintf(receipt, receipt_size, "Content-Digest: %s\nSignature-Input: %s\nSignature: %s\n",
             t->answer.content_digest, t->answer.signature_input, t->answer.signature);
}

int https_check_receipt(struct uplink *u, const struct transfer *t, const char *event,
                        const char *clip, const char *subject_digest, struct uplink_result *result,
                        struct uplink_answer *answers)
{
    const struct https_answer *a = &t->answer;
    if (u->options->receipts == HTTPS_RECEIPTS_UNSIGNED && a->signature[0] == '\0') {
        result->outcome = UPLINK_OUTCOME_UNCONFIRMED;
        snprintf(result->reason, sizeof result->reason,
                 "accepted without a signed receipt (receipts: unsigned)");
        return 0;
    }
    struct receipt_input input = {
        .status = (int)a->status,
        .content_digest = a->content_digest[0] ? a->content_digest : NULL,
        .signature_input = a->signature_input[0] ? a->signature_input : NULL,
        .signature = a->signature[0] ? a->signature : NULL,
        .body = a->body,
        .body_length = a->length,
        .request_digest = t->sent.content_digest,
        .event = event,
        .clip = clip,
        .subject_digest = subject_digest,
    };
    static struct receipt receipt; /* loop thread only; too large for the stack */
    struct err e;
    int check = receipt_verify(&input, &u->receipt_keys, &receipt, &e);
    if (check != 0) {
        result->outcome = check == -ENOKEY ? UPLINK_OUTCOME_REFUSED : UPLINK_OUTCOME_RETRY;
        snprintf(result->reason, sizeof result->reason, "answered %ld, but %s", a->status, e.text);
        return check;
    }
    result->outcome = UPLINK_OUTCOME_STORED;
    memcpy(answers, receipt.answers, receipt.answer_count * sizeof *answers);
    result->answers = answers;
    result->answer_count = receipt.answer_count;
    return 0;
}

static void on_answer(struct transfer *t)
{
    struct lane *lane = (struct lane *)t;
    struct uplink *u = t->uplink;
    struct event *event = lane->event;
    struct uplink_answer answers[RECEIPT_ANSWERS_MAX];
    char request[2300], receipt_headers[900];
    struct uplink_result result = {.finished_ns = clock_monotonic_ns()};
    if (t->answer.status >= 200 && t->answer.status < 300) {
        if (https_check_receipt(u, t, event->id, NULL, t->sent.content_digest, &result, answers) ==
            0) {
            copy_evidence(t, request, sizeof request, receipt_headers, sizeof receipt_headers);
            result.request_headers = request;
            result.receipt_headers = receipt_headers;
            result.receipt = t->answer.body;
            result.receipt_length = t->answer.length;
        }
    } else {
        https_judge_status(&t->answer, &result);
    }
    lane->event = NULL;
    lane->done(lane->arg, &result);
    event_unref(event);
}

static void send_event(struct uplink *u, enum uplink_lane which, struct event *event,
                       uplink_done_handler done, void *arg)
{
    struct lane *lane = &u->lanes[which];
    char key[UUID_TEXT_SIZE + 32];
    const char *extra[] = {key, NULL};
    snprintf(key, sizeof key, "Idempotency-Key: \"%s\"", event->id);
    lane->event = event_ref(event);
    lane->done = done;
    lane->arg = arg;
    transfer_start(&lane->transfer, "POST", u->options->url, event->bytes, event->length,
                   event->digest, "application/cloudevents+json", extra,
                   u->options->attempt_timeout_ms, on_answer);
}

static void upload(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
                   void *arg)
{
    tus_begin(u, file, done, arg);
}

static void pause_upload(struct uplink *u, bool paused)
{
    tus_pause(u, paused);
}

static void refresh(struct uplink *u)
{
    for (int i = 0; i < UPLINK_LANE_COUNT; i++)
        u->lanes[i].transfer.fresh = true;
    u->looked_ms = 0;
    address_look_up(u);
}

static void cancel_lanes(struct uplink *u)
{
    for (int i = 0; i < UPLINK_LANE_COUNT; i++) {
        struct lane *lane = &u->lanes[i];
        if (lane->transfer.easy)
            transfer_stop(&lane->transfer);
        if (!lane->event)
            continue;
        struct uplink_result result = {.outcome = UPLINK_OUTCOME_CANCELLED};
        snprintf(result.reason, sizeof result.reason, "the uplink was closed");
        lane->done(lane->arg, &result);
        event_unref(lane->event);
        lane->event = NULL;
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
    curl_multi_cleanup(u->multi);
    address_close(u);
    keys_finish(&u->receipt_keys);
    uv_close((uv_handle_t *)&u->curl_timer, uplink_handle_closed);
}

const struct uplink_driver uplink_https = {
    .type = {.name = "https",
             .help = "signed events by HTTPS with mutual TLS (profile tocsin-v1)",
             .options = option_table,
             .options_size = sizeof(struct https_options)},
    .open = open_https,
    .send = send_event,
    .upload = upload,
    .pause_upload = pause_upload,
    .refresh = refresh,
    .close = close_https,
};
