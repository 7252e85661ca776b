/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch/uploads.h"

#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "iface/limits.h"

#define BASE_MS 1000
#define CAP_MS  LIMIT_UPLOAD_RETRY_MS

static int compare_seq(const void *a, const void *b)
{
    const struct upload *left = a, *right = b;
    return (left->seq > right->seq) - (left->seq < right->seq);
}

static char *copy_text(const char *text)
{
    char *made = strdup(text);
    if (!made)
        abort();
    return made;
}

static void free_upload(struct upload *upload)
{
    free((char *)upload->file.manifest);
    free((char *)upload->file.path);
    free((char *)upload->file.filename);
    free(upload);
}

void uploads_init(struct uploads *uploads)
{
    *uploads = (struct uploads){0};
    TAILQ_INIT(&uploads->ready);
}

static void end_waiting(struct uploads *uploads)
{
    struct upload *upload = HEAP_OWNER(uploads->waiting.first, struct upload, place);
    heap_remove(&uploads->waiting, &upload->place);
    TAILQ_INSERT_TAIL(&uploads->ready, upload, order);
}

static struct upload *take_ready(struct uploads *uploads)
{
    struct upload *upload = TAILQ_FIRST(&uploads->ready);
    TAILQ_REMOVE(&uploads->ready, upload, order);
    return upload;
}

void uploads_finish(struct uploads *uploads)
{
    uploads_forgive(uploads);
    while (uploads->behind)
        uploads_manifest_is_there(uploads, (*(struct upload **)uploads->behind)->seq);
    while (!TAILQ_EMPTY(&uploads->ready))
        free_upload(take_ready(uploads));
    if (uploads->in_flight)
        free_upload(uploads->in_flight);
    uploads_init(uploads);
}

void uploads_add(struct uploads *uploads, uint64_t seq, const struct uplink_file *file,
                 bool manifest_is_there)
{
    struct upload *upload = calloc(1, sizeof *upload);
    if (!upload)
        abort();
    upload->seq = seq;
    upload->file = *file;
    upload->file.manifest = copy_text(file->manifest);
    upload->file.path = copy_text(file->path);
    upload->file.filename = copy_text(file->filename);
    uploads->count++;
    if (manifest_is_there) {
        TAILQ_INSERT_TAIL(&uploads->ready, upload, order);
        return;
    }
    struct upload **found = tsearch(upload, &uploads->behind, compare_seq);
    if (!found)
        abort();
    assert(*found == upload);
}

/* NULL: no clip goes with it. */
static struct upload *take_behind(struct uploads *uploads, uint64_t seq)
{
    const struct upload wanted = {.seq = seq};
    struct upload **found = tfind(&wanted, &uploads->behind, compare_seq);
    struct upload *upload = found ? *found : NULL;
    if (upload)
        tdelete(upload, &uploads->behind, compare_seq);
    return upload;
}

void uploads_manifest_is_there(struct uploads *uploads, uint64_t seq)
{
    struct upload *upload = take_behind(uploads, seq);
    if (upload)
        TAILQ_INSERT_TAIL(&uploads->ready, upload, order);
}

bool uploads_drop(struct uploads *uploads, uint64_t seq)
{
    struct upload *upload = take_behind(uploads, seq);
    if (!upload)
        return false;
    uploads->count--;
    free_upload(upload);
    return true;
}

struct upload *uploads_next(struct uploads *uploads, int64_t now_ms, int64_t *ret_wake_ms)
{
    *ret_wake_ms = INT64_MAX;
    if (uploads->in_flight)
        return NULL;
    while (uploads->waiting.first && uploads->waiting.first->key <= now_ms)
        end_waiting(uploads);
    if (!TAILQ_EMPTY(&uploads->ready))
        uploads->in_flight = take_ready(uploads);
    else if (uploads->waiting.first)
        *ret_wake_ms = uploads->waiting.first->key;
    return uploads->in_flight;
}

void uploads_arrived(struct uploads *uploads)
{
    free_upload(uploads->in_flight);
    uploads->in_flight = NULL;
    uploads->count--;
}

void uploads_failed(struct uploads *uploads, bool refused, int64_t now_ms, uint32_t random)
{
    struct upload *upload = uploads->in_flight;
    uploads->in_flight = NULL;
    int64_t delay_ms = backoff_delay_ms(++upload->failures, BASE_MS, CAP_MS, random);
    heap_add(&uploads->waiting, &upload->place, now_ms + (refused ? CAP_MS : delay_ms));
}

void uploads_forgive(struct uploads *uploads)
{
    while (uploads->waiting.first)
        end_waiting(uploads);
}
