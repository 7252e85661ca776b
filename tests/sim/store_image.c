/* SPDX-License-Identifier: Apache-2.0 */
#include "store_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const image_receivers[IMAGE_RECEIVERS] = {"education", "police", "town"};
const char *const image_rows[IMAGE_ROWS] = {"incidents", "lamps", "faults"};

struct image_event *image_find(struct image *image, uint64_t seq)
{
    size_t low = 0, high = image->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (image->events[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < image->count && image->events[low].seq == seq ? &image->events[low] : NULL;
}

void image_add(struct image *image, const struct event *event)
{
    if (image->count == IMAGE_EVENTS)
        abort();
    struct image_event *e = &image->events[image->count++];
    *e = (struct image_event){.seq = event->seq, .class = event->class, .wall_ms = event->wall_ms};
    memcpy(e->id, event->id, sizeof e->id);
    memcpy(e->digest, event->digest, sizeof e->digest);
    for (size_t i = 0; i < IMAGE_RECEIVERS; i++)
        e->deliveries[i] = IMAGE_NOT_OWED;
    for (size_t i = 0; i <= IMAGE_RECEIVERS; i++)
        e->uploads[i] = IMAGE_NOT_OWED;
}

void image_remove(struct image *image, size_t index)
{
    image->count--;
    memmove(&image->events[index], &image->events[index + 1],
            (image->count - index) * sizeof *image->events);
}

void image_row_text(unsigned number, char ret_text[32])
{
    snprintf(ret_text, 32, "the %u. text", number);
}

void image_receipt(uint64_t seq, size_t receiver, char ret_text[64])
{
    snprintf(ret_text, 64, "{\"receipt\":%llu,\"of\":\"%s\"}", (unsigned long long)seq,
             image_receivers[receiver]);
}

#define WRONG(e, ...) err_set(e, EBADMSG, __VA_ARGS__)

static size_t receiver_of(const char *name)
{
    size_t i = 0;
    while (i < IMAGE_RECEIVERS && strcmp(image_receivers[i], name) != 0)
        i++;
    return i;
}

static int read_event(struct store *s, uint64_t seq, struct image *image, struct err *e)
{
    struct event *event;
    int result = store_get_event(s, seq, &event, e);
    if (result != 0)
        return result;
    if (!event || !store_event_is_whole(event))
        result = WRONG(e, "event %llu is there without its bytes", (unsigned long long)seq);
    else if (image->count > 0 && image->events[image->count - 1].seq >= seq)
        result = WRONG(e, "event %llu is there twice", (unsigned long long)seq);
    else if (image->count == IMAGE_EVENTS)
        result = WRONG(e, "more events than were ever made");
    else
        image_add(image, event);
    event_unref(event);
    return result;
}

typedef int (*row_reader)(struct store *s, sqlite3_stmt *row, struct image *image, struct err *e);

/* What is asked for here is what the store's own code does not read. */
static int read_all(struct store *s, const char *question, row_reader read, struct image *image,
                    struct err *e)
{
    sqlite3_stmt *row = NULL;
    int result = 0, step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(s->db, question, -1, &row, NULL) == SQLITE_OK) {
        while (result == 0 && (step = sqlite3_step(row)) == SQLITE_ROW)
            result = read(s, row, image, e);
    }
    if (result == 0 && step != SQLITE_DONE)
        result = store_error(s, e, question);
    sqlite3_finalize(row);
    return result;
}

static int read_event_row(struct store *s, sqlite3_stmt *row, struct image *image, struct err *e)
{
    return read_event(s, (uint64_t)sqlite3_column_int64(row, 0), image, e);
}

/* seq, receiver, state, receipt. */
static int read_delivery_row(struct store *s, sqlite3_stmt *row, struct image *image, struct err *e)
{
    uint64_t seq = (uint64_t)sqlite3_column_int64(row, 0);
    size_t receiver = receiver_of((const char *)sqlite3_column_text(row, 1));
    struct image_event *event = image_find(image, seq);
    char wanted[64], is[64];
    (void)s;
    if (!event || receiver == IMAGE_RECEIVERS)
        return WRONG(e, "a delivery of an event %llu that is not there", (unsigned long long)seq);
    image_receipt(seq, receiver, wanted);
    store_copy_column(row, 3, is, sizeof is);
    if (strcmp(wanted, is) != 0)
        return WRONG(e, "a delivery of event %llu without its receipt", (unsigned long long)seq);
    event->deliveries[receiver] = sqlite3_column_int(row, 2);
    return 0;
}

/* seq, receiver, state. */
static int read_upload_row(struct store *s, sqlite3_stmt *row, struct image *image, struct err *e)
{
    uint64_t seq = (uint64_t)sqlite3_column_int64(row, 0);
    const char *name = (const char *)sqlite3_column_text(row, 1);
    struct image_event *event = image_find(image, seq);
    size_t at = name[0] ? 1 + receiver_of(name) : 0;
    (void)s;
    if (!event || at > IMAGE_RECEIVERS)
        return WRONG(e, "a clip of an event %llu that is not there", (unsigned long long)seq);
    event->uploads[at] = sqlite3_column_int(row, 2);
    return 0;
}

/* receiver, how many, lowest, highest. */
static int read_answer_row(struct store *s, sqlite3_stmt *row, struct image *image, struct err *e)
{
    size_t receiver = receiver_of((const char *)sqlite3_column_text(row, 0));
    int64_t count = sqlite3_column_int64(row, 1), highest = sqlite3_column_int64(row, 3);
    (void)s;
    if (receiver == IMAGE_RECEIVERS || sqlite3_column_int64(row, 2) != 1 || highest != count)
        return WRONG(e, "an answer is missing between others");
    image->answers[receiver] = highest;
    return 0;
}

static int take_pending(const struct outbox_found *found, struct image *image, struct err *e)
{
    for (size_t i = 0; i < found->pending_count; i++) {
        const struct outbox_pending *p = &found->pending[i];
        struct image_event *event = image_find(image, p->seq);
        if (!event || event->deliveries[p->receiver] != IMAGE_NOT_OWED || event->class != p->class)
            return WRONG(e, "event %llu is owed to %s, and is not there, or done, or another",
                         (unsigned long long)p->seq, image_receivers[p->receiver]);
        event->deliveries[p->receiver] = STORE_DELIVERY_PENDING;
    }
    for (size_t i = 0; i < found->upload_count; i++) {
        const struct outbox_upload *u = &found->uploads[i];
        struct image_event *event = image_find(image, u->seq);
        if (!event || event->uploads[1 + u->receiver] != IMAGE_NOT_OWED)
            return WRONG(e, "a clip of event %llu is owed and done, or of no event",
                         (unsigned long long)u->seq);
        event->uploads[1 + u->receiver] = STORE_DELIVERY_PENDING;
    }
    return 0;
}

static int take_rows(const struct outbox_found *found, struct image *image, struct err *e)
{
    for (size_t i = 0; i < IMAGE_ROWS; i++) {
        const char *text = NULL;
        char whole[32];
        for (size_t j = 0; j < found->row_count; j++) {
            if (strcmp(found->rows[j].name, image_rows[i]) == 0)
                text = found->rows[j].text;
        }
        if (text)
            image->rows[i] = (unsigned)strtoul(text + strlen("the "), NULL, 10);
        image_row_text(image->rows[i], whole);
        if (text && strcmp(text, whole) != 0)
            return WRONG(e, "the row %s is \"%s\"", image_rows[i], text);
    }
    return 0;
}

static int compare_head(const struct outbox_found *found, const struct image *image, struct err *e)
{
    const struct image_event *last = image->count ? &image->events[image->count - 1] : NULL;
    if (found->last_seq != (last ? last->seq : 0) ||
        (last && memcmp(found->head, last->digest, sizeof last->digest) != 0))
        return WRONG(e, "the chain's head is %llu, the last event %llu",
                     (unsigned long long)found->last_seq,
                     (unsigned long long)(last ? last->seq : 0));
    for (size_t i = 0; i < IMAGE_RECEIVERS; i++) {
        if (found->answer_seq[i] != image->answers[i])
            return WRONG(e, "the last answer of %s is another", image_receivers[i]);
    }
    return 0;
}

int image_read(struct store *s, const struct outbox_found *found, struct image *ret_image,
               struct err *e)
{
    memset(ret_image, 0, sizeof *ret_image);
    int result = read_all(s,
                          "SELECT seq FROM event UNION ALL SELECT seq FROM fresh"
                          " WHERE seq NOT IN (SELECT seq FROM event) ORDER BY seq",
                          read_event_row, ret_image, e);
    if (result == 0)
        result = read_all(s, "SELECT seq,receiver,state,receipt FROM delivery WHERE state<>0",
                          read_delivery_row, ret_image, e);
    if (result == 0)
        result = read_all(s, "SELECT seq,receiver,state FROM upload WHERE state<>0",
                          read_upload_row, ret_image, e);
    if (result == 0)
        result = read_all(s,
                          "SELECT receiver,count(*),min(answer_seq),max(answer_seq) FROM answer"
                          " GROUP BY receiver",
                          read_answer_row, ret_image, e);
    if (result == 0)
        result = take_pending(found, ret_image, e);
    if (result == 0)
        result = take_rows(found, ret_image, e);
    return result == 0 ? compare_head(found, ret_image, e) : result;
}

static bool is_same_event(const struct image_event *wanted, const struct image_event *is,
                          struct err *ret)
{
    unsigned long long seq = wanted->seq;
    if (wanted->seq != is->seq || wanted->class != is->class || wanted->wall_ms != is->wall_ms ||
        strcmp(wanted->id, is->id) != 0 ||
        memcmp(wanted->digest, is->digest, sizeof wanted->digest) != 0)
        return WRONG(ret, "where event %llu was is event %llu, or another of that number", seq,
                     (unsigned long long)is->seq) == 0;
    for (size_t i = 0; i < IMAGE_RECEIVERS; i++) {
        if (wanted->deliveries[i] != is->deliveries[i])
            return WRONG(ret, "event %llu for %s: state %d, was %d", seq, image_receivers[i],
                         is->deliveries[i], wanted->deliveries[i]) == 0;
    }
    for (size_t i = 0; i <= IMAGE_RECEIVERS; i++) {
        if (wanted->uploads[i] != is->uploads[i])
            return WRONG(ret, "clip of event %llu for %s: state %d, was %d", seq,
                         i ? image_receivers[i - 1] : "nobody", is->uploads[i],
                         wanted->uploads[i]) == 0;
    }
    return true;
}

bool image_is_same(const struct image *wanted, const struct image *is, struct err *ret)
{
    for (size_t i = 0; i < wanted->count && i < is->count; i++) {
        if (!is_same_event(&wanted->events[i], &is->events[i], ret))
            return false;
    }
    if (wanted->count != is->count)
        return WRONG(ret, "there are %zu events, %zu were stored", is->count, wanted->count) == 0;
    for (size_t i = 0; i < IMAGE_RECEIVERS; i++) {
        if (wanted->answers[i] != is->answers[i])
            return WRONG(ret, "of %s there are %lld answers, %lld were stored", image_receivers[i],
                         (long long)is->answers[i], (long long)wanted->answers[i]) == 0;
    }
    for (size_t i = 0; i < IMAGE_ROWS; i++) {
        if (wanted->rows[i] != is->rows[i])
            return WRONG(ret, "the row %s is the %u. text, the %u. was stored", image_rows[i],
                         is->rows[i], wanted->rows[i]) == 0;
    }
    return true;
}
