/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upload of one clip by tus 1.0 core (tus.io, protocol 1.0.x), every request signed, resumed at
 * whatever the receiver has:
 *
 *   OPEN ─▶ CREATE (POST) ─▶ OFFSET (HEAD) ─▶ READ ─▶ SEND (PATCH) ─┐
 *                │                              ▲ └─▶ PAUSED ─┘      │ more to send
 *                └── 200: the receiver has it   └───────────────────┘
 *
 * Each run begins with CREATE; the receiver answers with its receipt if it has the whole file, and
 * with the place of what it has otherwise. Pieces are read and hashed in libuv's pool: on a small
 * processor the hash of 4 MiB would keep the loop from a press for tens of milliseconds.
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

#define PIECE_BYTES              (4 << 20)
#define PIECE_TIMEOUT_MS         30000 /* without any byte moving */
#define REQUEST_TIMEOUT_MS       10000
#define STATUS_NOT_THE_MANIFESTS 460

static const char resumable[] = "Tus-Resumable: 1.0.0";

static void free_piece(struct tus_piece *p)
{
    if (p->file >= 0)
        close(p->file);
    p->file = -1;
    free(p->bytes);
    p->bytes = NULL;
}

static void end(struct tus *s, const struct uplink_result *result)
{
    free_piece(&s->piece);
    s->step = TUS_IDLE;
    s->done(s->arg, result);
}

static void fail(struct tus *s, enum uplink_outcome outcome, const char *reason)
{
    struct uplink_result result = {.outcome = outcome, .finished_ns = clock_monotonic_ns()};
    snprintf(result.reason, sizeof result.reason, "clip %s: %s", s->manifest, reason);
    end(s, &result);
}

/* The answer to the last request is the outcome of the upload. */
static void end_with_answer(struct tus *s)
{
    struct transfer *t = &s->transfer;
    char whole[DIGEST_HEADER_SIZE];
    struct evidence evidence;
    struct uplink_result result;
    digest_header(s->sha256, whole);
    outcome_of(t->uplink, t, NULL, s->manifest, whole, &evidence, &result);
    if (t->answer.status == STATUS_NOT_THE_MANIFESTS)
        snprintf(result.reason, sizeof result.reason,
                 "clip %s: the receiver refused the file: it is not the one its manifest describes",
                 s->manifest);
    end(s, &result);
}

/* It forgot the upload, or has other bytes of it than we think: the next run begins anew. */
static bool lost_its_place(long status)
{
    return status == 404 || status == 409 || status == 410 || status == 423;
}

static void fail_by_answer(struct tus *s)
{
    long status = s->transfer.answer.status;
    if (lost_its_place(status))
        fail(s, UPLINK_OUTCOME_RETRY, "the receiver has lost its place in the upload");
    else if (status >= 200 && status < 300)
        fail(s, UPLINK_OUTCOME_RETRY, "the receiver's answer is not what tus 1.0 says");
    else
        end_with_answer(s);
}

static void request(struct tus *s, enum tus_step step, const struct request *wanted,
                    transfer_handler done)
{
    struct uplink *u = s->transfer.uplink;
    struct request r = *wanted;
    unsigned char nothing[DIGEST_BYTES];
    if (!r.digest) {
        digest_sha256("", 0, nothing);
        r.digest = nothing;
        r.body = "";
        r.timeout_ms = REQUEST_TIMEOUT_MS;
    }
    r.content_type = "application/offset+octet-stream";
    r.extra[0] = resumable;
    s->step = step;
    transfer_start(&s->transfer, &u->connections[CONNECTION_CLIPS], &r, done);
}

static void read_piece(struct tus *s);

static void on_sent(struct transfer *t)
{
    struct tus *s = (struct tus *)t;
    const struct https_answer *a = &t->answer;
    int64_t sent_to = s->offset + (int64_t)s->piece.length;
    if (a->status == 204 && sent_to < s->length_bytes) {
        if (a->upload_offset <= s->offset || a->upload_offset > sent_to) {
            fail(s, UPLINK_OUTCOME_RETRY, "the receiver's Upload-Offset is missing or wrong");
            return;
        }
        s->offset = a->upload_offset;
        read_piece(s);
    } else if (a->status >= 200 && a->status < 300 && sent_to == s->length_bytes) {
        end_with_answer(s); /* it must be the receipt */
    } else {
        fail_by_answer(s);
    }
}

static void send_piece(struct tus *s)
{
    char offset[64];
    snprintf(offset, sizeof offset, "Upload-Offset: %lld", (long long)s->offset);
    struct request wanted = {.method = "PATCH",
                             .url = s->location,
                             .body = s->piece.bytes,
                             .length = s->piece.length,
                             .digest = s->piece.digest,
                             .extra = {NULL, offset},
                             .timeout_ms = PIECE_TIMEOUT_MS,
                             .slow = true};
    request(s, TUS_SEND, &wanted, on_sent);
}

static int open_and_measure(struct tus_piece *p)
{
    struct stat st;
    p->file = open(p->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (p->file < 0 || fstat(p->file, &st) != 0)
        return -errno;
    p->file_bytes = S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
    return 0;
}

/* In a thread of the pool. */
static void run_piece(uv_work_t *work)
{
    struct tus_piece *p = work->data;
    p->length = 0;
    p->error = p->file < 0 ? open_and_measure(p) : 0;
    while (p->error == 0 && p->length < p->wanted) {
        ssize_t got = pread(p->file, p->bytes + p->length, p->wanted - p->length,
                            (off_t)(p->offset + (int64_t)p->length));
        if (got > 0)
            p->length += (size_t)got;
        else if (got == 0)
            p->error = -ENODATA;
        else if (errno != EINTR)
            p->error = -errno;
    }
    digest_sha256(p->bytes, p->length, p->digest);
}

static void create(struct tus *s);

static void on_piece(uv_work_t *work, int status)
{
    (void)status;
    struct tus_piece *p = work->data;
    struct uplink *u = p->uplink;
    struct tus *s = &u->tus;
    char reason[700];
    p->busy = false;
    if (u->closing) {
        free_piece(p);
    } else if (p->error != 0) {
        snprintf(reason, sizeof reason, "%s: %s", p->path,
                 p->error == -ENODATA ? "the file has become shorter" : strerror(-p->error));
        fail(s, UPLINK_OUTCOME_RETRY, reason);
    } else if (s->step == TUS_OPEN) {
        if (p->file_bytes != s->length_bytes)
            fail(s, UPLINK_OUTCOME_REFUSED, "the file's length is not what its manifest says");
        else
            create(s);
    } else if (s->paused) {
        s->step = TUS_PAUSED;
    } else {
        send_piece(s);
    }
    uplink_release(u);
}

/* The work counts as an open handle of the uplink: a slow disk may outlive close. */
static void start_work(struct tus *s, enum tus_step step, size_t wanted)
{
    struct tus_piece *p = &s->piece;
    struct uplink *u = s->transfer.uplink;
    s->step = step;
    p->work.data = p;
    p->uplink = u;
    p->busy = true;
    p->offset = s->offset;
    p->wanted = wanted;
    u->handles++;
    if (uv_queue_work(u->loop, &p->work, run_piece, on_piece) != 0)
        abort(); /* it only fails for a NULL handler */
}

static void read_piece(struct tus *s)
{
    int64_t left = s->length_bytes - s->offset;
    start_work(s, TUS_READ, (size_t)(left < PIECE_BYTES ? left : PIECE_BYTES));
}

static void on_offset(struct transfer *t)
{
    struct tus *s = (struct tus *)t;
    const struct https_answer *a = &t->answer;
    if (a->status < 200 || a->status > 299) {
        fail_by_answer(s);
    } else if (a->upload_offset < 0 || a->upload_offset > s->length_bytes) {
        fail(s, UPLINK_OUTCOME_RETRY, "the receiver's Upload-Offset is missing or beyond the file");
    } else {
        /* At the very end an empty PATCH asks for the receipt that was lost. */
        s->offset = a->upload_offset;
        read_piece(s);
    }
}

static void on_created(struct transfer *t)
{
    struct tus *s = (struct tus *)t;
    const struct https_answer *a = &t->answer;
    struct request wanted = {.method = "HEAD", .url = s->location};
    if (a->status == 200)
        end_with_answer(s);
    else if (a->status != 201)
        fail_by_answer(s);
    else if (!answer_location(t->request.url, a->location, s->location, sizeof s->location))
        fail(s, UPLINK_OUTCOME_REFUSED, "the receiver's Location is not on its own server");
    else
        request(s, TUS_OFFSET, &wanted, on_offset);
}

static void create(struct tus *s)
{
    char length[64], metadata[HTTPS_HEADER_SIZE];
    char manifest[ENCODE_BASE64_SIZE(UUID_TEXT_SIZE)];
    char name[ENCODE_BASE64_SIZE(sizeof s->filename)];
    encode_base64(s->manifest, strlen(s->manifest), manifest);
    encode_base64(s->filename, strlen(s->filename), name);
    snprintf(length, sizeof length, "Upload-Length: %lld", (long long)s->length_bytes);
    snprintf(metadata, sizeof metadata, "Upload-Metadata: manifest %s,filename %s", manifest, name);
    struct request wanted = {
        .method = "POST", .url = s->transfer.uplink->upload_url, .extra = {NULL, length, metadata}};
    request(s, TUS_CREATE, &wanted, on_created);
}

void tus_begin(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
               void *arg)
{
    struct tus *s = &u->tus;
    snprintf(s->manifest, sizeof s->manifest, "%s", file->manifest);
    snprintf(s->piece.path, sizeof s->piece.path, "%s", file->path);
    snprintf(s->filename, sizeof s->filename, "%s", file->filename);
    s->length_bytes = file->length_bytes;
    memcpy(s->sha256, file->sha256, DIGEST_BYTES);
    s->done = done;
    s->arg = arg;
    s->offset = 0;
    s->piece.bytes = malloc(PIECE_BYTES);
    if (!s->piece.bytes)
        abort();
    start_work(s, TUS_OPEN, 0);
}

void tus_pause(struct uplink *u, bool paused)
{
    struct tus *s = &u->tus;
    s->paused = paused;
    if (!paused && s->step == TUS_PAUSED)
        send_piece(s);
}

void tus_close(struct uplink *u)
{
    struct tus *s = &u->tus;
    transfer_stop(&s->transfer);
    if (s->step == TUS_IDLE)
        return;
    if (!s->piece.busy)
        free_piece(&s->piece); /* otherwise it is freed when the disk has answered */
    s->step = TUS_IDLE;
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_CANCELLED,
                                   .reason = "the uplink was closed",
                                   .finished_ns = clock_monotonic_ns()};
    s->done(s->arg, &result);
}
