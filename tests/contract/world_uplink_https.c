/* SPDX-License-Identifier: Apache-2.0 */
#include "world_uplink_https.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "drivers/uplink/uplinks.h"
#include "mock_pki.h"
#include "uplink_world.h"
#include "wire/digest.h"

struct mock receiver;
struct https_options good_options;
struct mock_reply event_reply;

static enum world_answer mode;
static unsigned events;
static char url[100];
static char *paths[64];
static size_t path_count;
static char *receipt_key[1];
static int64_t offset; /* of the upload */
static char upload_length[24], clip_digest[DIGEST_HEADER_SIZE], text[100];

char *key_file(const char *name)
{
    ck_assert_uint_lt(path_count, 64);
    return paths[path_count++] = mock_pki_path(name);
}

/* tus, as far as one upload at a time needs it. */
static void on_clip(const struct mock_request *request, struct mock_reply *reply)
{
    if (strcmp(request->method, "POST") == 0) {
        snprintf(upload_length, sizeof upload_length, "%s", mock_header(request, "Upload-Length"));
        offset = 0;
        reply->status = 201;
        reply->headers = "Location: /v1/clips/1\r\n";
        return;
    }
    offset += (int64_t)request->length;
    if (strcmp(request->method, "PATCH") == 0 && offset == atoll(upload_length)) {
        digest_header(request->digest, clip_digest);
        reply->clip = "01890a5d-ac96-774b-bcce-b302099a8058";
        reply->digest = clip_digest;
        return;
    }
    snprintf(text, sizeof text, "Upload-Offset: %lld\r\n", (long long)offset);
    reply->status = 204;
    reply->headers = text;
}

static void on_request(struct mock *mock, const struct mock_request *request,
                       struct mock_reply *reply)
{
    (void)mock;
    if (strcmp(request->method, "OPTIONS") == 0) {
        reply->flaw = MOCK_NO_SIGNATURE;
        reply->status = 405;
        return;
    }
    enum world_answer now = mode;
    if (mode == WORLD_FAILS_ONCE)
        now = events++ == 0 ? WORLD_FAILS : WORLD_ACCEPTS;
    switch (now) {
    case WORLD_SAYS_NOTHING:
    case WORLD_TAKES_LONG:
        reply->flaw = MOCK_SILENT;
        return;
    case WORLD_FAILS:
        reply->status = 503;
        return;
    case WORLD_REFUSES:
        reply->status = 403;
        return;
    case WORLD_ACCEPTS:
    case WORLD_FAILS_ONCE:
        break;
    }
    if (strncmp(request->path, "/v1/clips", 9) == 0)
        on_clip(request, reply);
    else
        *reply = event_reply;
}

static void begin(uv_loop_t *use)
{
    mode = WORLD_ACCEPTS;
    mock_open(&receiver, use, "server", 0);
    receiver.on_request = on_request;
    snprintf(url, sizeof url, "https://127.0.0.1:%d/v1/events", receiver.port);
    receipt_key[0] = key_file("receipt.pub.pem");
    good_options = (struct https_options){.url = url,
                                          .ca_file = key_file("ca.pem"),
                                          .cert_file = key_file("gateway.pem"),
                                          .key_file = key_file("gateway.key"),
                                          .receipt_keys = {.items = receipt_key, .count = 1},
                                          .attempt_timeout_ms = LATE_MS};
}

static void end(void)
{
    mock_close(&receiver);
    while (path_count > 0)
        free(paths[--path_count]);
}

void receiver_restart(const char *certificate)
{
    static struct mock old; /* its connections are still closing */
    int port = receiver.port;
    (void)old;
    mock_close(&receiver);
    for (int i = 0; i < 5; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    mock_open(&receiver, &loop, certificate, port);
    receiver.on_request = on_request;
}

static void set_answer(enum world_answer answer)
{
    mode = answer;
    if (answer == WORLD_SAYS_NOTHING)
        good_options.attempt_timeout_ms = SOON_MS;
}

static const void *get_options(void)
{
    return &good_options;
}

/* Nobody will ever write into it. */
static char *fifo(void)
{
    char *path = key_file("fifo");
    mkfifo(path, 0600);
    return path;
}

static char *no_address[] = {"receiver.example"};

static const void *mistake(size_t i, const char **ret_word)
{
    static struct https_options wrong;
    char *open_key;
    wrong = good_options;
    switch (i) {
    case 0:
        wrong.ca_file = key_file("nowhere.pem");
        *ret_word = "nowhere.pem";
        break;
    case 1:
        wrong.ca_file = key_file("gateway.key");
        *ret_word = "holds no certificate";
        break;
    case 2:
        wrong.key_file = key_file("server.key");
        *ret_word = "is not the private key of the certificate";
        break;
    case 3:
        wrong.key_file = key_file("gateway.pem");
        *ret_word = "holds no unencrypted private key";
        break;
    case 4:
        open_key = key_file("server.key");
        ck_assert_int_eq(chmod(open_key, 0604), 0);
        wrong.key_file = open_key;
        *ret_word = "others may read this private key";
        break;
    case 5:
        wrong.receipt_keys.count = 0;
        *ret_word = "no receipt can be believed";
        break;
    case 6:
        wrong.receipt_keys.items = &wrong.cert_file;
        *ret_word = "gateway.pem";
        break;
    case 7:
        wrong.url = "http://localhost/v1/events";
        *ret_word = "must begin with https://";
        break;
    case 8:
        wrong.url = "https://user@localhost/v1/events";
        *ret_word = "must hold no user";
        break;
    case 9:
        wrong.url = "https://local host/";
        *ret_word = "write spaces";
        break;
    case 10:
        wrong.upload_url = "https://elsewhere.example/v1/clips";
        *ret_word = "must be on the host of url";
        break;
    case 11:
        wrong.addresses = (struct option_list){.items = no_address, .count = 1};
        *ret_word = "is no IP address";
        break;
    case 12:
        wrong.ca_file = fifo();
        *ret_word = "fifo: is no file";
        break;
    default:
        return NULL;
    }
    return &wrong;
}

const struct uplink_world world_uplink_https = {.name = "https",
                                                .driver = &uplink_https,
                                                .accepted = UPLINK_OUTCOME_STORED,
                                                .begin = begin,
                                                .end = end,
                                                .answer = set_answer,
                                                .options = get_options,
                                                .mistake = mistake};
