/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upload of one clip by tus 1.0 core, every request signed, resumed at whatever the receiver has:
 *
 *   OPEN ─▶ CREATE (POST) ─▶ OFFSET (HEAD) ─▶ READ ─▶ SEND (PATCH) ─┐
 *                │                              ▲ └── PAUSED ◀──────┤ more to send
 *                └── 200: the receiver has it   └───────────────────┘
 *
 * Each run begins with CREATE; the receiver answers with the place of what it already has. The file
 * is read in libuv's pool, one piece at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "drivers/uplink/https/https.h"
#include "wire/receipt.h"

#define PIECE_BYTES        (1 << 20) /* hashing it keeps the loop for less than a millisecond */
#define PIECE_TIMEOUT_MS   60000
#define REQUEST_TIMEOUT_MS 10000

static void create(struct tus *s);
static void read_piece(struct tus *s);

static void end(struct tus *s, struct uplink_result *result)
{
    if (s->file >= 0)
        close(s->file);
    s->file = -1;
    free(s->piece);
    s->piece = NULL;
    s->step = TUS_IDLE;
    result->finished_ns = clock_monotonic_ns();
    s->done(s->arg, result);
}

static void fail(struct tus *s, enum uplink_outcome outcome, const char *reason)
{
    struct uplink_result result = {.outcome = outcome};
    snprintf(result.reason, sizeof result.reason, "clip %s: %s", s->manifest, reason);
    end(s, &result);
}

static void fail_by_status(struct tus *s)
{
    struct uplink_result result = {0};
    https_judge_status(&s->transfer.answer, &result);
    end(s, &result);
}

static void finish_with_receipt(struct tus *s)
{
    struct transfer *t = &s->transfer;
    struct uplink_answer answers[RECEIPT_ANSWERS_MAX];
    char whole[DIGEST_HEADER_SIZE], headers[900];
    struct uplink_result result = {0};
    digest_header(s->sha256, whole);
    if (https_check_receipt(t->uplink, t, NULL, s->manifest, whole, &result, answers) == 0) {
        snprintf(headers, sizeof headers,
                 "Content-Digest: %s\nSignature-Input: %s\nSignature: %s\n",
                 t->answer.content_digest, t->answer.signature_input, t->answer.signature);
        result.receipt = t->answer.body;
        result.receipt_length = t->answer.length;
        result.receipt_headers = headers;
    }
    end(s, &result);
}

static void start(struct tus *s, enum tus_step step, const char *method, const char *url,
                  const void *body, size_t length, const char *content_type,
                  const char *const *extra, int64_t timeout_ms, transfer_handler done)
{
    unsigned char digest[DIGEST_BYTES];
    digest_sha256(body, length, digest);
    s->step = step;
    transfer_start(&s->transfer, method, url, body, length, digest, content_type, extra, timeout_ms,
                   done);
}

static void on_sent(struct transfer *t)
{
    struct tus *s = (struct tus *)t;
    const struct https_answer *a = &t->answer;
    if (a->status == 460) {
        fail(s, UPLINK_OUTCOME_REFUSED, "the receiver says that the file is not the manifest's");
    } else if (a->status == 204 && a->upload_offset > s->offset &&
               a->upload_offset < s->length_bytes) {
        s->offset = a->upload_offset;
        read_piece(s);
    } else if (a->status == 200) {
        finish_with_receipt(s);
    } else if (a->status == 204) {
        fail(s, UPLINK_OUTCOME_RETRY, "the receiver took the last piece but gave no receipt");
    } else {
        fail_by_status(s);
    }
}

static void send_piece(struct tus *s, size_t length)
{
    char offset[64];
    const char *const extra[] = {"Tus-Resumable: 1.0.0", offset, NULL};
    snprintf(offset, sizeof offset, "Upload-Offset: %lld", (long long)s->offset);
    start(s, TUS_SEND, "PATCH", s->location, s->piece, length, "application/offset+octet-stream",
          extra, PIECE_TIMEOUT_MS, on_sent);
}

static void on_read(uv_fs_t *request)
{
    struct tus *s = request->data;
    ssize_t got = request->result;
    uv_fs_req_cleanup(request);
    s->disk_busy = false;
    if (s->closing) {
        struct uplink *u = s->transfer.uplink;
        if (s->file >= 0)
            close(s->file);
        free(s->piece);
        if (--u->handles == 0)
            free(u);
        return;
    }
    s->transfer.uplink->handles--;
    if (got <= 0)
        fail(s, UPLINK_OUTCOME_RETRY, got < 0 ? uv_strerror((int)got) : "the file is too short");
    else
        send_piece(s, (size_t)got);
}

/* The disk may keep the request for long: it counts as an open handle of the uplink. */
static void begin_disk(struct tus *s)
{
    s->disk_busy = true;
    s->transfer.uplink->handles++;
    s->request.data = s;
}

static void read_piece(struct tus *s)
{
    if (s->paused) {
        s->step = TUS_PAUSED;
        return;
    }
    int64_t left = s->length_bytes - s->offset;
    uv_buf_t buffer = uv_buf_init(s->piece, (unsigned)(left < PIECE_BYTES ? left : PIECE_BYTES));
    s->step = TUS_READ;
    begin_disk(s);
    uv_fs_read(s->transfer.uplink->loop, &s->request, s->file, &buffer, 1, s->offset, on_read);
}

static void on_offset(struct transfer *t)
{
    struct tus *s = (struct tus *)t;
    const struct https_answer *a = &t->answer;
    if (a->status < 200 || a->status > 299) {
        fail_by_status(s);
    } else if (a->upload_offset < 0 || a->upload_offset >= s->length_bytes) {
        fail(s, UPLINK_OUTCOME_RETRY, "the receiver's Upload-Offset is missing or beyond the file");
    } else {
        s->offset = a->upload_offset;
        read_piece(s);
    }
}

/* Location may be a path or a url, but only of the very server that was asked. */
static bool take_location(struct tus *s, const char *location)
{
    const char *url = s->transfer.url;
    const char *path = strchr(strstr(url, "://") + 3, '/');
    size_t origin = path ? (size_t)(path - url) : strlen(url);
    if (location[0] == '/' && location[1] != '/')
        snprintf(s->location, sizeof s->location, "%.*s%s", (int)origin, url, location);
    else if (strncmp(location, url, origin) == 0 && location[origin] == '/')
        snprintf(s->location, sizeof s->location, "%s", location);
    else
        return false;
    return true;
}

static void on_created(struct transfer *t)
{
    struct tus *s = (struct tus *)t;
    const struct https_answer *a = &t->answer;
    static const char *const extra[] = {"Tus-Resumable: 1.0.0", NULL};
    if (a->status == 200)
        finish_with_receipt(s);
    else if (a->status != 201)
        fail_by_status(s);
    else if (!take_location(s, a->location))
        fail(s, UPLINK_OUTCOME_REFUSED, "the receiver's Location is not on its own server");
    else
        start(s, TUS_OFFSET, "HEAD", s->location, "", 0, "application/offset+octet-stream", extra,
              REQUEST_TIMEOUT_MS, on_offset);
}

static void create(struct tus *s)
{
    char length[64], metadata[400];
    char manifest[ENCODE_BASE64_SIZE(UUID_TEXT_SIZE)], name[ENCODE_BASE64_SIZE(128)];
    const char *const extra[] = {"Tus-Resumable: 1.0.0", length, metadata, NULL};
    encode_base64(s->manifest, strlen(s->manifest), manifest);
    encode_base64(s->filename, strlen(s->filename), name);
    snprintf(length, sizeof length, "Upload-Length: %lld", (long long)s->length_bytes);
    snprintf(metadata, sizeof metadata, "Upload-Metadata: manifest %s,filename %s", manifest, name);
    start(s, TUS_CREATE, "POST", s->transfer.uplink->upload_url, "", 0,
          "application/offset+octet-stream", extra, REQUEST_TIMEOUT_MS, on_created);
}

static void on_opened(uv_fs_t *request)
{
    struct tus *s = request->data;
    int file = (int)request->result;
    uv_fs_req_cleanup(request);
    s->disk_busy = false;
    struct uplink *u = s->transfer.uplink;
    if (s->closing) {
        if (file >= 0)
            close(file);
        free(s->piece);
        if (--u->handles == 0)
            free(u);
        return;
    }
    u->handles--;
    struct stat st;
    if (file < 0) {
        char reason[600];
        snprintf(reason, sizeof reason, "%s: %s", s->path, uv_strerror(file));
        fail(s, UPLINK_OUTCOME_RETRY, reason);
        return;
    }
    s->file = file;
    if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != s->length_bytes)
        fail(s, UPLINK_OUTCOME_REFUSED, "the file's length is not what its manifest says");
    else
        create(s);
}

void tus_begin(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
               void *arg)
{
    struct tus *s = &u->tus;
    snprintf(s->manifest, sizeof s->manifest, "%s", file->manifest);
    snprintf(s->path, sizeof s->path, "%s", file->path);
    snprintf(s->filename, sizeof s->filename, "%s", file->filename);
    s->length_bytes = file->length_bytes;
    memcpy(s->sha256, file->sha256, DIGEST_BYTES);
    s->done = done;
    s->arg = arg;
    s->offset = 0;
    s->piece = malloc(PIECE_BYTES);
    if (!s->piece)
        abort();
    s->step = TUS_OPEN;
    begin_disk(s);
    uv_fs_open(u->loop, &s->request, s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0, on_opened);
}

void tus_pause(struct uplink *u, bool paused)
{
    struct tus *s = &u->tus;
    s->paused = paused;
    if (!paused && s->step == TUS_PAUSED)
        read_piece(s);
}

void tus_close(struct uplink *u)
{
    struct tus *s = &u->tus;
    if (s->step == TUS_IDLE)
        return;
    s->closing = true;
    if (s->transfer.easy)
        transfer_stop(&s->transfer);
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_CANCELLED};
    snprintf(result.reason, sizeof result.reason, "the uplink was closed");
    if (s->disk_busy) {
        s->step = TUS_IDLE;
        s->done(s->arg, &result); /* the disk's answer frees the rest */
    } else {
        end(s, &result);
    }
}
