/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/tus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "drivers/uplink/https/tus_judge.h"
#include "drivers/uplink/https/tus_piece.h"

#define PIECE_TIMEOUT_MS         30000 /* without any byte moving */
#define REQUEST_TIMEOUT_MS       10000
#define STATUS_NOT_THE_MANIFESTS 460

enum tus_step {
    TUS_IDLE,
    TUS_OPEN,   /* opening the file */
    TUS_CREATE, /* POST */
    TUS_OFFSET, /* HEAD */
    TUS_READ,   /* reading the next piece from the disk */
    TUS_PAUSED, /* the piece is there and may not leave yet */
    TUS_SEND,   /* PATCH */
};

struct tus {
    struct tus_options options;
    struct transfer *transfer;
    enum tus_step step;
    char manifest[UUID_TEXT_SIZE];
    char path[512], filename[128];
    int64_t length_bytes;
    unsigned char sha256[DIGEST_BYTES];
    char location[PROFILE_TARGET_URI_MAX];
    int64_t offset;
    bool paused;
    struct tus_piece *piece;
    struct tus_bytes read;
    uplink_done_handler done;
    void *arg;
};

static const char resumable[] = "Tus-Resumable: 1.0.0";

static void end(struct tus *s, const struct uplink_result *result)
{
    tus_piece_close(s->piece);
    s->piece = NULL;
    s->step = TUS_IDLE;
    s->done(s->arg, result);
}

static void fail(struct tus *s, enum uplink_outcome outcome, const char *reason)
{
    struct uplink_result result = {
        .outcome = outcome, .no_file = s->read.error != 0, .finished_ns = clock_monotonic_ns()};
    snprintf(result.reason, sizeof result.reason, "clip %s: %s", s->manifest, reason);
    end(s, &result);
}

/* The answer to the last request is the outcome of the upload. */
static void end_with_answer(struct tus *s, const struct exchanged *what)
{
    char whole[DIGEST_HEADER_SIZE];
    const struct outcome_subject subject = {.clip = s->manifest, .digest = whole};
    struct evidence evidence;
    struct uplink_result result;
    digest_header(s->sha256, whole);
    outcome_of(s->options.rules, what, &subject, &evidence, &result);
    if (what->answer->status == STATUS_NOT_THE_MANIFESTS)
        snprintf(result.reason, sizeof result.reason,
                 "clip %s: the receiver refused the file: it is not the one its manifest describes",
                 s->manifest);
    end(s, &result);
}

/* Whether the upload goes on; otherwise it has ended. */
static bool goes_on(struct tus *s, const struct exchanged *what, enum tus_verdict verdict)
{
    switch (verdict) {
    case TUS_GOES_ON:
        return true;
    case TUS_IS_OVER:
        end_with_answer(s, what);
        return false;
    case TUS_LOST:
    case TUS_NOT_TUS:
    case TUS_NO_OFFSET:
        fail(s, UPLINK_OUTCOME_RETRY, tus_explain(verdict));
        return false;
    case TUS_ELSEWHERE:
        fail(s, UPLINK_OUTCOME_REFUSED, tus_explain(verdict));
        return false;
    }
    return false;
}

static void request(struct tus *s, enum tus_step step, const struct request *wanted,
                    transfer_handler done)
{
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
    r.clip = true;
    s->step = step;
    transfer_start(s->transfer, s->options.connection, &r, done, s);
}

static void read_piece(struct tus *s);

static void on_sent(void *arg, const struct exchanged *what)
{
    struct tus *s = arg;
    int64_t to = s->offset + (int64_t)s->read.length;
    if (goes_on(s, what, tus_judge_sent(what->answer, s->offset, to, s->length_bytes, &s->offset)))
        read_piece(s);
}

static void send_piece(struct tus *s)
{
    char offset[64];
    snprintf(offset, sizeof offset, "Upload-Offset: %lld", (long long)s->offset);
    struct request wanted = {.method = "PATCH",
                             .url = s->location,
                             .body = s->read.bytes,
                             .length = s->read.length,
                             .digest = s->read.digest,
                             .extra = {NULL, offset},
                             .timeout_ms = PIECE_TIMEOUT_MS,
                             .slow = true};
    request(s, TUS_SEND, &wanted, on_sent);
}

static void create(struct tus *s);

static void on_piece(void *arg, const struct tus_bytes *read)
{
    struct tus *s = arg;
    char reason[700];
    s->read = *read;
    if (read->error == -EINVAL) {
        fail(s, UPLINK_OUTCOME_REFUSED, "there is no file where the clip should be");
    } else if (read->error != 0) {
        snprintf(reason, sizeof reason, "%s: %s", s->path,
                 read->error == -ENODATA ? "the file has become shorter" : strerror(-read->error));
        fail(s, UPLINK_OUTCOME_RETRY, reason);
    } else if (s->step == TUS_OPEN) {
        if (read->file_bytes != s->length_bytes)
            fail(s, UPLINK_OUTCOME_REFUSED, "the file's length is not what its manifest says");
        else
            create(s);
    } else if (s->paused) {
        s->step = TUS_PAUSED;
    } else {
        send_piece(s);
    }
}

static void read_piece(struct tus *s)
{
    int64_t left = s->length_bytes - s->offset;
    s->step = TUS_READ;
    tus_piece_read(s->piece, s->offset, (size_t)(left < TUS_PIECE_BYTES ? left : TUS_PIECE_BYTES),
                   on_piece, s);
}

static void on_offset(void *arg, const struct exchanged *what)
{
    struct tus *s = arg;
    if (goes_on(s, what, tus_judge_offset(what->answer, s->length_bytes, &s->offset)))
        read_piece(s);
}

static void on_created(void *arg, const struct exchanged *what)
{
    struct tus *s = arg;
    struct request wanted = {.method = "HEAD", .url = s->location};
    if (goes_on(s, what,
                tus_judge_created(what->answer, what->url, s->location, sizeof s->location)))
        request(s, TUS_OFFSET, &wanted, on_offset);
}

static void create(struct tus *s)
{
    char length[64], metadata[TRANSFER_HEADER_SIZE];
    char manifest[ENCODE_BASE64_SIZE(UUID_TEXT_SIZE)];
    char name[ENCODE_BASE64_SIZE(sizeof s->filename)];
    encode_base64(s->manifest, strlen(s->manifest), manifest);
    encode_base64(s->filename, strlen(s->filename), name);
    snprintf(length, sizeof length, "Upload-Length: %lld", (long long)s->length_bytes);
    snprintf(metadata, sizeof metadata, "Upload-Metadata: manifest %s,filename %s", manifest, name);
    struct request wanted = {
        .method = "POST", .url = s->options.url, .extra = {NULL, length, metadata}};
    request(s, TUS_CREATE, &wanted, on_created);
}

int tus_open(const struct tus_options *options, struct tus **ret_tus, struct err *e)
{
    struct tus *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ENOMEM, "https: out of memory");
    s->options = *options;
    int result = transfer_open(options->means, &s->transfer, e);
    if (result == 0)
        *ret_tus = s;
    else
        free(s);
    return result;
}

void tus_begin(struct tus *s, const struct uplink_file *file, uplink_done_handler done, void *arg)
{
    snprintf(s->manifest, sizeof s->manifest, "%s", file->manifest);
    snprintf(s->path, sizeof s->path, "%s", file->path);
    snprintf(s->filename, sizeof s->filename, "%s", file->filename);
    s->length_bytes = file->length_bytes;
    memcpy(s->sha256, file->sha256, DIGEST_BYTES);
    s->done = done;
    s->arg = arg;
    s->offset = 0;
    s->step = TUS_OPEN;
    s->piece = tus_piece_open(s->options.means->loop, s->path);
    if (!s->piece)
        abort();
    tus_piece_read(s->piece, 0, 0, on_piece, s);
}

void tus_pause(struct tus *s, bool paused)
{
    s->paused = paused;
    if (!paused && s->step == TUS_PAUSED)
        send_piece(s);
}

void tus_close(struct tus *s)
{
    if (!s)
        return;
    transfer_close(s->transfer);
    if (s->step != TUS_IDLE) {
        const struct uplink_result result = {.outcome = UPLINK_OUTCOME_CANCELLED,
                                             .reason = "the uplink was closed",
                                             .finished_ns = clock_monotonic_ns()};
        end(s, &result);
    }
    free(s);
}
