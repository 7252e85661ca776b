/* SPDX-License-Identifier: Apache-2.0 */
#include "store_life.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "cut_disk.h"
#include "outbox/fresh.h"
#include "outbox/numbers.h"
#include "outbox/prune.h"
#include "outbox/room.h"
#include "outbox/scrub.h"
#include "outbox/strike.h"
#include "wire/digest.h"

#define EVENTS_WANTED 40 /* beyond them more is delivered and pruned than is made */
#define PRUNE_PIECE   16 /* as in prune.c */
#define STRIKE_PIECE  32 /* as in strike.c */

void store_life_begin(struct store_life *l, uint64_t seed)
{
    memset(l, 0, sizeof *l);
    l->lot.seed = seed;
    l->lot.wall_ms = 1700000000000;
    snprintf(l->store.path, sizeof l->store.path, CUT_DISK_FOLDER "/" STORE_FILE);
    l->store.receivers = image_receivers;
    l->store.receiver_count = IMAGE_RECEIVERS;
}

static unsigned below(struct store_life *l, unsigned n)
{
    return chance_below(&l->lot.seed, n);
}

static bool one_in(struct store_life *l, unsigned n)
{
    return chance_one_in(&l->lot.seed, n);
}

/* When the disk is off everything fails, as it must. */
static void note_wrong(struct store_life *l, const struct err *e)
{
    if (l->is_wrong || cut_disk_is_off())
        return;
    l->is_wrong = true;
    err_set(&l->wrong, EIO, "%s: %s", l->doing, e->text);
}

static int commit(struct store_life *l, struct err *e)
{
    int result = store_commit(&l->store, e);
    l->refused = l->next;
    if (result == 0)
        l->kept = l->next;
    l->commits += result == 0;
    return result;
}

static struct event *make_event(struct store_life *l, enum event_class class)
{
    size_t filler = one_in(l, 12) ? below(l, 9000) : below(l, 1000);
    char day[UUID_TEXT_SIZE];
    struct event *event = calloc(1, sizeof *event + filler + 100);
    if (!event)
        abort();
    event->references = 1;
    event->seq = ++l->lot.used;
    if (event->seq > l->given)
        l->given = event->seq;
    event->class = class;
    event->wall_ms = l->lot.wall_ms += below(l, 1000);
    store_id_of_time(event->wall_ms, day);
    snprintf(event->id, sizeof event->id, "%s-7000-8000-%012llu", day,
             (unsigned long long)++l->lot.made);
    strcpy(event->type, "tocsin.alarm.raised");
    if (one_in(l, 2))
        snprintf(event->alarm, sizeof event->alarm, "01890a5d-ac96-774b-bcce-%012u", below(l, 9));
    int head = sprintf(event->bytes, "{\"seq\":%llu,\"made\":%llu,\"text\":\"",
                       (unsigned long long)event->seq, (unsigned long long)l->lot.made);
    memset(event->bytes + head, 'a' + (int)(l->lot.made % 26), filler);
    strcpy(event->bytes + head + filler, "\"}");
    event->length = strlen(event->bytes);
    digest_sha256(event->bytes, event->length, event->digest);
    return event;
}

/* A row of state to go with something, or none. */
static const struct outbox_row *make_row(struct store_life *l, char text[32],
                                         struct outbox_row *ret_row)
{
    unsigned i = below(l, IMAGE_ROWS * 2);
    if (i >= IMAGE_ROWS)
        return NULL;
    image_row_text(++l->next.rows[i], text);
    *ret_row = (struct outbox_row){.name = image_rows[i], .text = text};
    return ret_row;
}

static void owe_clip(struct store_life *l, struct image_event *event, uint32_t receivers)
{
    const struct store *s = &l->store;
    bool is_known = false;
    for (size_t i = 0; i < IMAGE_RECEIVERS; i++) {
        bool takes = !s->no_clips[i] && !(s->withheld[i] & UPLINK_TAKES(event->class));
        if (!(receivers & 1u << i) || !takes)
            continue;
        event->uploads[1 + i] = STORE_DELIVERY_PENDING;
        is_known = true;
    }
    if (!is_known)
        event->uploads[0] = STORE_DELIVERY_STRUCK;
}

static int put_event(struct store_life *l, struct err *e)
{
    struct outbox_row row;
    char text[32];
    struct outbox_upload upload = {.length_bytes = 1000};
    struct event *event = make_event(l, (enum event_class)below(l, EVENT_CLASS_HEARTBEAT));
    bool has_clip = event->class == EVENT_CLASS_MANIFEST && !one_in(l, 4);
    uint32_t receivers = below(l, 1u << IMAGE_RECEIVERS);
    memcpy(upload.clip, event->id, sizeof upload.clip);
    image_add(&l->next, event);
    struct image_event *added = &l->next.events[l->next.count - 1];
    for (size_t i = 0; i < IMAGE_RECEIVERS; i++) {
        if (!(l->store.withheld[i] & UPLINK_TAKES(event->class)))
            added->deliveries[i] = STORE_DELIVERY_PENDING;
    }
    if (has_clip)
        owe_clip(l, added, receivers);
    int result = store_put_event(&l->store, event, make_row(l, text, &row),
                                 has_clip ? &upload : NULL, receivers, e);
    event_unref(event);
    return result;
}

static int put_answer(struct store_life *l, struct err *e)
{
    struct outbox_row row;
    char text[32];
    size_t receiver = below(l, IMAGE_RECEIVERS);
    struct uplink_answer answer = {.answer_seq = ++l->next.answers[receiver], .by = "Zhang"};
    int result = fresh_settle(&l->store, e);
    if (result != 0)
        return result;
    return store_put_answer(&l->store, image_receivers[receiver], &answer, make_row(l, text, &row),
                            e);
}

static int put_row(struct store_life *l, struct err *e)
{
    struct outbox_row row;
    char text[32];
    int result = fresh_settle(&l->store, e);
    return result == 0 ? store_put_row(&l->store, make_row(l, text, &row), e) : result;
}

/* Of the event, one that is pending: of `count` states. */
static int *find_pending(struct store_life *l, int *states, unsigned count, unsigned *ret_at)
{
    for (unsigned i = 0, first = below(l, count); i < count; i++) {
        *ret_at = (first + i) % count;
        if (states[*ret_at] == STORE_DELIVERY_PENDING)
            return &states[*ret_at];
    }
    return NULL;
}

/* What became of one delivery or clip, mostly of the older ones. */
static int put_record(struct store_life *l, struct err *e)
{
    struct image *next = &l->next;
    size_t first = next->count && one_in(l, 3) ? below(l, (unsigned)next->count) : 0;
    bool of_clip = one_in(l, 3);
    char receipt[64];
    for (size_t i = first; i < next->count; i++) {
        struct image_event *event = &next->events[i];
        unsigned at = 0;
        int *state = of_clip ? find_pending(l, event->uploads + 1, IMAGE_RECEIVERS, &at)
                             : find_pending(l, event->deliveries, IMAGE_RECEIVERS, &at);
        if (!state)
            continue;
        *state = one_in(l, 4) ? STORE_DELIVERY_UNCONFIRMED : STORE_DELIVERY_STORED;
        image_receipt(event->seq, at, receipt);
        struct store_delivery record = {.seq = event->seq,
                                        .receiver = image_receivers[at],
                                        .state = (enum store_delivery_state) * state,
                                        .attempts = 1 + below(l, 3),
                                        .receipt = receipt};
        int result = fresh_settle(&l->store, e);
        if (result != 0)
            return result;
        return of_clip ? store_put_upload(&l->store, &record, e)
                       : store_put_delivery(&l->store, &record, e);
    }
    return 0;
}

static int put_something(struct store_life *l, bool is_full, struct err *e)
{
    unsigned what = below(l, 10);
    if (what < 6 && !is_full)
        return put_event(l, e);
    if (what == 6)
        return put_answer(l, e);
    if (what == 7)
        return put_row(l, e);
    return put_record(l, e);
}

/* One press, a few things of every kind, or, rarely, more events than may be fresh at a time. */
static int write_batch(struct store_life *l, struct err *e)
{
    bool is_flood = one_in(l, 60) && l->next.count < EVENTS_WANTED;
    bool is_full = l->next.count > EVENTS_WANTED;
    unsigned count = is_flood ? FRESH_MAX + below(l, 20) : one_in(l, 2) ? 1 : 1 + below(l, 6);
    int result = store_begin(&l->store, e);
    for (unsigned i = 0; result == 0 && i < count; i++)
        result =
            is_flood || (count == 1 && !is_full) ? put_event(l, e) : put_something(l, is_full, e);
    return result == 0 ? commit(l, e) : result;
}

static int write_records(struct store_life *l, struct err *e)
{
    unsigned count = 1 + below(l, 32);
    int result = store_begin(&l->store, e);
    for (unsigned i = 0; result == 0 && i < count; i++)
        result = put_record(l, e);
    return result == 0 ? commit(l, e) : result;
}

static int settle(struct store_life *l, struct err *e)
{
    if (l->store.fresh == 0)
        return 0;
    int result = store_begin(&l->store, e);
    if (result == 0)
        result = fresh_settle(&l->store, e);
    return result == 0 ? commit(l, e) : result;
}

static int move_log(struct store_life *l, struct err *e)
{
    int result = settle(l, e);
    if (result != 0)
        return result;
    store_checkpoint(&l->store);
    return one_in(l, 8) ? 0 : store_begin_log(&l->store, e);
}

/* A transaction that prune.c and strike.c make themselves. */
static int note_piece(struct store_life *l, int result)
{
    l->refused = l->next;
    if (result >= 0)
        l->kept = l->next;
    return result < 0 ? result : 0;
}

static bool is_done(const struct image_event *event)
{
    for (size_t i = 0; i < IMAGE_RECEIVERS; i++) {
        if (event->deliveries[i] == STORE_DELIVERY_PENDING ||
            event->uploads[1 + i] == STORE_DELIVERY_PENDING)
            return false;
    }
    return true;
}

static void expect_pruned(struct image *next, const struct prune *p)
{
    uint64_t newest = next->count ? next->events[next->count - 1].seq : 0;
    size_t i = 0;
    for (int seen = 0; i < next->count && seen < PRUNE_PIECE;) {
        const struct image_event *event = &next->events[i];
        bool is_looked_at = event->seq > p->after_seq && event->seq <= p->last_seq;
        seen += is_looked_at;
        if (is_looked_at && event->seq != newest && is_done(event))
            image_remove(next, i);
        else
            i++;
    }
}

static int prune(struct store_life *l, struct err *e)
{
    struct prune p;
    int result = settle(l, e);
    size_t young = below(l, 12), count = l->next.count;
    prune_init(&p, count > young ? l->next.events[count - 1 - young].seq : 0);
    for (int more = 1; result == 0 && more > 0;) {
        expect_pruned(&l->next, &p);
        more = prune_go_on(&l->store, &p, e);
        result = note_piece(l, more);
    }
    return result;
}

static void expect_deliveries_struck(struct store_life *l, const struct strike *st)
{
    for (size_t i = 0, seen = 0; i < l->next.count && seen < STRIKE_PIECE; i++) {
        struct image_event *event = &l->next.events[i];
        if (event->seq <= st->after_seq ||
            event->deliveries[st->receiver] != STORE_DELIVERY_PENDING)
            continue;
        seen++;
        if (l->store.withheld[st->receiver] & UPLINK_TAKES(event->class))
            event->deliveries[st->receiver] = IMAGE_NOT_OWED;
    }
}

static void expect_clips_struck(struct store_life *l, const struct strike *st)
{
    for (size_t i = 0, seen = 0; i < l->next.count; i++) {
        struct image_event *event = &l->next.events[i];
        for (size_t at = 0; at <= IMAGE_RECEIVERS && seen < STRIKE_PIECE; at++) {
            const char *name = at ? image_receivers[at - 1] : "";
            bool is_next = event->seq > st->after_seq ||
                           (event->seq == st->after_seq && strcmp(name, st->after_receiver) > 0);
            if (!is_next || event->uploads[at] == IMAGE_NOT_OWED)
                continue;
            seen++;
            if (at == 1 + st->receiver && event->uploads[at] == STORE_DELIVERY_PENDING)
                event->uploads[at] = STORE_DELIVERY_STRUCK;
        }
    }
}

/* A receiver takes something else from now on. */
static int strike(struct store_life *l, struct err *e)
{
    struct strike st;
    size_t receiver = below(l, IMAGE_RECEIVERS);
    int result = settle(l, e);
    store_set_takes(&l->store, receiver, one_in(l, 2) ? UPLINK_TAKES_ALL : below(l, 8),
                    !one_in(l, 3));
    strike_init(&st, receiver);
    for (int more = 1; result == 0 && more > 0;) {
        if (!st.of_uploads)
            expect_deliveries_struck(l, &st);
        else if (l->store.no_clips[receiver])
            expect_clips_struck(l, &st);
        more = strike_go_on(&l->store, &st, e);
        result = note_piece(l, more);
    }
    return result;
}

/* As note_refused and note_unsettled of worker.c do it. */
static int open_anew(struct store_life *l, struct err *e)
{
    if (l->store.db) {
        store_rollback(&l->store);
        store_checkpoint(&l->store);
    }
    store_close(&l->store);
    return store_open(&l->store, e);
}

/* A batch that is given up, and what the thread does then. */
static int refuse_batch(struct store_life *l, struct err *e)
{
    uint64_t used = l->lot.used, given = l->given;
    int result = store_begin(&l->store, e);
    for (int i = 0; result == 0 && i < 3; i++)
        result = put_something(l, false, e);
    l->lot.used = used; /* as if they had not been made */
    l->given = given;
    if (result != 0)
        return result;
    l->next = l->kept;
    return open_anew(l, e);
}

static int send_event(struct store_life *l, struct err *e)
{
    struct event *event = NULL;
    if (l->kept.count == 0)
        return 0;
    const struct image_event *wanted = &l->kept.events[below(l, (unsigned)l->kept.count)];
    int result = store_get_event(&l->store, wanted->seq, &event, e);
    if (result == 0 && (!event || memcmp(event->digest, wanted->digest, DIGEST_BYTES) != 0))
        result = err_set(e, EBADMSG, "event %llu is not there", (unsigned long long)wanted->seq);
    event_unref(event);
    return result;
}

/* Opened already. */
static int read_all(struct store_life *l, struct image *ret_image, struct err *e)
{
    struct outbox_found found = {0};
    int result = store_read_found(&l->store, &found, e);
    if (result == 0)
        result = image_read(&l->store, &found, ret_image, e);
    outbox_found_finish(&found);
    return result;
}

static int compare(struct store_life *l, const struct image *is, struct err *e)
{
    struct err kept, next;
    if (image_is_same(&l->kept, is, &kept) || image_is_same(&l->next, is, &next) ||
        image_is_same(&l->refused, is, NULL))
        return 0;
    return err_set(e, EBADMSG, "not what was stored (%.200s), nor with what was under way (%.200s)",
                   kept.text, next.text);
}

/* Where numbers go on: none is given that any event ever had. */
static int begin_numbers(struct store_life *l, const struct image *is, struct err *e)
{
    uint64_t last = is->count ? is->events[is->count - 1].seq : 0;
    uint64_t used = numbers_used(&l->store, last, false, numbers_end_clean(&l->store, last), false);
    if (used < l->given)
        return err_set(e, EBADMSG, "numbers go on above %llu, and %llu was given",
                       (unsigned long long)used, (unsigned long long)l->given);
    l->lot.used = used;
    return numbers_begin(&l->store, used, e);
}

/* SQLite's own opinion, which no start waits for. */
static int check_structure(struct store *s, struct err *e)
{
    sqlite3_stmt *check = NULL;
    int result = -EBADMSG;
    if (sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &check, NULL) == SQLITE_OK &&
        sqlite3_step(check) == SQLITE_ROW) {
        const char *verdict = (const char *)sqlite3_column_text(check, 0);
        result = verdict && strcmp(verdict, "ok") == 0
                     ? 0
                     : err_set(e, EBADMSG, "%s", verdict ? verdict : "check failed");
    } else {
        store_error(s, e, "check");
    }
    sqlite3_finalize(check);
    return result;
}

/* And ours: what is whole is never called damaged. */
static int look_over(struct store *s, struct err *e)
{
    struct scrub sc;
    int result = 0;
    scrub_init(&sc);
    do
        result = scrub_go_on(s, &sc, e);
    while (result == 0 && sc.changed == 0 && sc.again_in_ns < INT64_C(3600000000000));
    if (result == 0 && sc.changed > 0)
        result = err_set(e, EBADMSG, "event %llu is said to have changed",
                         (unsigned long long)sc.changed);
    return result;
}

/* As a start does (outbox/start.c). */
static int open_once(struct store_life *l, struct err *e)
{
    struct image is;
    int result = store_open(&l->store, e);
    if (result == 0)
        result = check_structure(&l->store, e);
    if (result == 0)
        result = look_over(&l->store, e);
    if (result == 0)
        result = read_all(l, &is, e);
    if (result == 0)
        result = compare(l, &is, e);
    if (result == 0)
        result = begin_numbers(l, &is, e);
    if (result == 0)
        l->kept = l->refused = l->next = is;
    return result;
}

static int stop_and_start(struct store_life *l, struct err *e)
{
    int result = numbers_end(&l->store, e);
    if (result != 0)
        return result;
    store_close(&l->store);
    return open_once(l, e);
}

static const struct {
    const char *name;
    int (*work)(struct store_life *l, struct err *e);
    unsigned share;
    bool in_pieces;
} things[] = {
    {"a batch", write_batch, 40, false},        {"records", write_records, 8, false},
    {"a quiet time", move_log, 12, false},      {"pruning", prune, 8, true},
    {"what it takes", strike, 2, true},         {"a batch that is refused", refuse_batch, 2, false},
    {"an event to send", send_event, 8, false}, {"a stop and a start", stop_and_start, 2, false},
};

static size_t choose(struct store_life *l)
{
    unsigned total = 0;
    size_t i = 0;
    for (size_t j = 0; j < sizeof things / sizeof *things; j++)
        total += things[j].share;
    unsigned lot = below(l, total);
    while (lot >= things[i].share)
        lot -= things[i++].share;
    return i;
}

/* What is done in pieces goes on behind the piece that the disk refused, if it is there. */
static int find_refused(struct store_life *l, struct err *e)
{
    struct image is;
    int result = store_prove(&l->store, e);
    if (result == 0)
        result = read_all(l, &is, e);
    if (result == 0 && image_is_same(&l->refused, &is, NULL))
        l->kept = l->next = l->refused;
    return result;
}

/* The same once more, as long as the disk refuses it: what is drawn by lot is then the same, too.
 */
static int work_until_done(struct store_life *l, size_t thing, struct err *e)
{
    struct store_life_lot lot = l->lot;
    unsigned told = cut_disk_failures();
    int result = things[thing].work(l, e);
    while (result != 0 && told < cut_disk_failures()) {
        told = cut_disk_failures();
        l->lot = lot;
        l->next = l->kept;
        result = open_anew(l, e);
        if (result == 0 && things[thing].in_pieces)
            result = find_refused(l, e);
        if (result == 0)
            result = things[thing].work(l, e);
    }
    return result;
}

void store_life_go_on(struct store_life *l)
{
    struct err e;
    size_t thing = choose(l);
    snprintf(l->doing, sizeof l->doing, "%s", things[thing].name);
    if (work_until_done(l, thing, &e) != 0)
        note_wrong(l, &e);
    else if (store_log_is_long(&l->store))
        store_checkpoint(&l->store);
}

static int take_room(struct store_life *l, struct err *e)
{
    unsigned failures = cut_disk_failures();
    struct room room;
    int result = 1;
    room_init(&room, 1, 0);
    while (result > 0)
        result = room_go_on(&l->store, &room, e);
    while (result != 0 && failures < cut_disk_failures()) {
        failures = cut_disk_failures();
        store_close(&l->store);
        result = store_open(&l->store, e);
    }
    return result;
}

/* A read that failed looks like damage to quick_check: no other failure may. */
void store_life_open(struct store_life *l)
{
    struct err e;
    memset(l->store.withheld, 0, sizeof l->store.withheld);
    memset(l->store.no_clips, 0, sizeof l->store.no_clips);
    snprintf(l->doing, sizeof l->doing, "opened");
    unsigned failures = cut_disk_failures();
    int result = open_once(l, &e);
    while (result != 0 && failures < cut_disk_failures()) {
        failures = cut_disk_failures();
        store_close(&l->store);
        result = open_once(l, &e);
    }
    if (result == 0 && one_in(l, 400))
        result = take_room(l, &e);
    if (result != 0)
        note_wrong(l, &e);
}

void store_life_close(struct store_life *l)
{
    store_close(&l->store);
}
