/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets the room of a disk that is full: alarms the half that is theirs, all else the other. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk_room.h"
#include "outbox/fresh.h"
#include "outbox/job.h"
#include "outbox/room.h"
#include "outbox_world.h"
#include "run_suite.h"
#include "wire/digest.h"

#define ALARMS 100

/* What the kernel says is free. */
static int64_t free_bytes = INT64_C(1) << 40;
static char asked[200];

int64_t __wrap_disk_free_bytes(const char *folder);
int64_t __wrap_disk_free_bytes(const char *folder)
{
    snprintf(asked, sizeof asked, "%s", folder);
    return free_bytes;
}

/* --- The rule, over a store without a thread ----------------------------------------------- */

static const char *const names[] = {"police", "education"};
static struct store store;
static char folder[40];

static void set_up(void)
{
    struct err e;
    test_folder(folder, sizeof folder);
    store = (struct store){.receivers = names, .receiver_count = 2};
    snprintf(store.path, sizeof store.path, "%s/" STORE_FILE, folder);
    free_bytes = INT64_C(1) << 40;
    ck_assert_int_eq(store_open(&store, &e), 0);
}

static void tear_down(void)
{
    char command[100];
    store_close(&store);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void limit_pages(int64_t pages)
{
    char text[60];
    snprintf(text, sizeof text, "PRAGMA max_page_count=%lld", (long long)pages);
    ck_assert_int_eq(sqlite3_exec(store.db, text, NULL, NULL, NULL), SQLITE_OK);
}

/* The database is as long as it will ever be. */
static void fill_disk(void)
{
    limit_pages(1); /* SQLite takes what there is for the least */
    free_bytes = 0;
}

static void take_all(struct room *room)
{
    struct err e;
    while (room_go_on(&store, room, &e) > 0)
        continue;
}

/* As an alarm of a school with a long name and address makes it. */
static int put_alarm(uint64_t seq, struct err *e)
{
    size_t length = 1700;
    struct event *event = calloc(1, sizeof *event + length + 1);
    event->references = 1;
    event->seq = seq;
    snprintf(event->id, sizeof event->id, "01890a5d-ac96-774b-bcce-%012llu",
             (unsigned long long)seq);
    snprintf(event->alarm, sizeof event->alarm, "01890a5d-ac96-774b-bccf-%012llu",
             (unsigned long long)seq);
    strcpy(event->type, "tocsin.alarm.raised");
    memset(event->bytes, 'x', length);
    event->length = length;
    digest_sha256(event->bytes, length, event->digest);
    int result = store_begin(&store, e);
    if (result == 0)
        result = store_put_event(&store, event, NULL, NULL, 0, e);
    if (result == 0)
        result = fresh_settle(&store, e);
    if (result == 0)
        result = store_commit(&store, e);
    if (result != 0)
        store_rollback(&store);
    event_unref(event);
    return result;
}

/* With its evidence, as it comes from a receiver that signs. */
static int put_record(uint64_t seq, const char *receiver, struct err *e)
{
    char evidence[700];
    memset(evidence, 'e', sizeof evidence);
    evidence[sizeof evidence - 1] = '\0';
    const struct store_delivery delivery = {.seq = seq,
                                            .receiver = receiver,
                                            .state = STORE_DELIVERY_STORED,
                                            .attempts = 1,
                                            .request = evidence,
                                            .receipt = evidence,
                                            .receipt_headers = evidence};
    int result = store_begin(&store, e);
    if (result == 0)
        result = store_put_delivery(&store, &delivery, e);
    if (result == 0)
        result = store_commit(&store, e);
    if (result != 0)
        store_rollback(&store);
    return result;
}

START_TEST(a_full_disk_takes_the_alarms_of_the_reserve_whatever_records_took)
{
    struct room room;
    struct err e;
    uint64_t seq = 0;
    room_init(&room, ALARMS, 0);
    take_all(&room);
    ck_assert_int_eq(room.seen.reserve_events, ALARMS);
    ck_assert_int_eq(room.seen.held_events, ALARMS);
    ck_assert(!room.seen.alarms_only);
    for (; seq < 80; seq++) /* what is recorded now */
        ck_assert_int_eq(put_alarm(seq + 1, &e), 0);
    take_all(&room);
    fill_disk();
    uint64_t recorded = 0;
    while (!room_is_for_alarms(&store, &room)) {
        ck_assert_uint_lt(recorded, 160);
        ck_assert_msg(put_record(1 + recorded / 2, names[recorded % 2], &e) == 0, "%s", e.text);
        recorded++;
    }
    ck_assert_uint_gt(recorded, 40);
    ck_assert(room.seen.alarms_only);
    ck_assert_int_ge(room.seen.held_events, ALARMS * 9 / 10); /* the one that crossed the line */
    ck_assert_int_lt(room.seen.held_events, ALARMS);
    int64_t before = room.seen.held_events;
    for (int i = 0; i < ALARMS - 10; i++)
        ck_assert_msg(put_alarm(++seq, &e) == 0, "alarm %d: %s", i, e.text);
    ck_assert(room_is_for_alarms(&store, &room));
    ck_assert_int_lt(room.seen.held_events, before / 4);
    /* The disk has room again: it is taken, and records go on. */
    limit_pages(1 << 30);
    free_bytes = INT64_C(1) << 40;
    take_all(&room);
    ck_assert(!room_is_for_alarms(&store, &room));
    ck_assert_int_eq(room.seen.held_events, ALARMS);
}
END_TEST

START_TEST(without_a_reserve_that_was_ever_whole_records_are_written_while_there_is_a_disk)
{
    struct room room;
    room_init(&room, ALARMS, 0);
    ck_assert(!room_is_for_alarms(&store, &room));
    free_bytes = ROOM_SPARE_BYTES;
    ck_assert(!room_is_for_alarms(&store, &room));
    free_bytes = ROOM_SPARE_BYTES - 1;
    ck_assert(room_is_for_alarms(&store, &room));
    ck_assert_str_eq(asked, folder);
    free_bytes = DISK_FREE_UNKNOWN; /* what the kernel does not say stops nothing */
    ck_assert(!room_is_for_alarms(&store, &room));
}
END_TEST

START_TEST(a_disk_that_has_none_is_not_asked_and_one_that_refused_not_again_soon)
{
    struct room room;
    struct err e;
    room_init(&room, ALARMS, 0);
    free_bytes = 2 * ALARMS * ROOM_EVENT_BYTES / 8; /* and the spare is not there */
    ck_assert_int_eq(room_go_on(&store, &room, &e), 0);
    ck_assert(room.is_refused);
    ck_assert_int_eq(room.again_in_ns, ROOM_LOOK_NS);
    ck_assert_int_eq(room.seen.free_bytes, free_bytes);
    int64_t gain = free_bytes;
    free_bytes += ROOM_SPARE_BYTES; /* as much as is to be had */
    while (room_go_on(&store, &room, &e) > 0 && room.step != ROOM_LOOK)
        free_bytes = ROOM_SPARE_BYTES;
    take_all(&room);
    int64_t had = store_free_bytes(&store);
    ck_assert_int_ge(had, gain - 4096);
    ck_assert_int_lt(had, gain + 4 * (32 << 10)); /* whole pieces */
    /* It says that it has some, and refuses it (a quota). */
    free_bytes = INT64_C(1) << 40;
    fill_disk();
    free_bytes = INT64_C(1) << 40;
    ck_assert_int_eq(room_go_on(&store, &room, &e), 1);
    take_all(&room);
    ck_assert(room.is_refused);
    ck_assert_int_ge(store_free_bytes(&store), had / 4096 * 4096 - 4096); /* is given back */
    ck_assert_int_gt(room.ask_ns, clock_monotonic_ns() + ROOM_ASK_AGAIN_NS / 2);
    limit_pages(1 << 30);
    ck_assert_int_eq(room_go_on(&store, &room, &e), 0); /* not now */
    room.ask_ns = 0;
    take_all(&room);
    ck_assert(!room.is_refused);
    ck_assert_int_ge(store_free_bytes(&store), 2 * ALARMS * ROOM_EVENT_BYTES);
}
END_TEST

/* The refusal of one time says nothing of the next. */
START_TEST(a_refusal_is_over_as_soon_as_there_is_room)
{
    struct room room;
    struct err e;
    uint64_t seq = 0;
    room_init(&room, ALARMS, 0);
    take_all(&room);
    room_note_refused(&store, &room);
    ck_assert(room.is_refused);
    take_all(&room); /* all that is wanted is there */
    ck_assert(!room.is_refused);
    /* Used up again, on a disk that has enough: records wait for nothing. */
    room.ask_ns = INT64_MAX;
    while (store_free_bytes(&store) >= ALARMS * ROOM_EVENT_BYTES)
        ck_assert_int_eq(put_alarm(++seq, &e), 0);
    ck_assert(!room_is_for_alarms(&store, &room));
}
END_TEST

START_TEST(a_press_finds_the_room_that_is_just_being_taken)
{
    struct room room;
    struct err e;
    int result = 0;
    uint64_t seq = 0;
    room_init(&room, ALARMS, 0);
    take_all(&room);
    room_init(&room, 2 * ALARMS, 0); /* all that is free is taken first */
    while (room.step != ROOM_TAKE || store_free_bytes(&store) > 2 * 4096 * 8)
        ck_assert_int_eq(room_go_on(&store, &room, &e), 1);
    fill_disk();
    while (result == 0)
        result = put_alarm(++seq, &e);
    ck_assert_int_eq(result, -ENOSPC);
    ck_assert(room_note_refused(&store, &room));
    ck_assert(room.is_refused);
    ck_assert_int_eq(room.ask_ns, 0); /* the kernel says when there is some again */
    ck_assert_int_eq(put_alarm(seq, &e), 0);
    ck_assert_int_gt(store_free_bytes(&store), ALARMS * ROOM_EVENT_BYTES);
    ck_assert(!room_note_refused(&store, &room)); /* there is nothing more */
}
END_TEST

START_TEST(room_is_looked_at_before_any_may_be_taken)
{
    struct room room;
    struct err e;
    free_bytes = 12345678;
    room_init(&room, ALARMS, clock_monotonic_ns() + INT64_C(3000000000));
    ck_assert_int_eq(room_go_on(&store, &room, &e), 0);
    ck_assert_int_eq(room.seen.free_bytes, 12345678);
    ck_assert_int_eq(room.seen.keep_bytes, 2 * ALARMS * ROOM_EVENT_BYTES);
    ck_assert_int_lt(room.again_in_ns, INT64_C(3000000001)); /* then */
    ck_assert(!room.is_refused);
    room.ask_ns = clock_monotonic_ns() + 2 * ROOM_LOOK_NS;
    ck_assert_int_eq(room_go_on(&store, &room, &e), 0);
    ck_assert_int_eq(room.again_in_ns, ROOM_LOOK_NS);
}
END_TEST

/* --- The thread, which keeps the rule ------------------------------------------------------ */

static struct outbox_room told;
static unsigned tellings;
static bool is_for_alarms;

bool __real_room_is_for_alarms(struct store *s, struct room *room);
bool __wrap_room_is_for_alarms(struct store *s, struct room *room);
bool __wrap_room_is_for_alarms(struct store *s, struct room *room)
{
    if (!is_for_alarms)
        return __real_room_is_for_alarms(s, room);
    room->seen.alarms_only = true;
    return true;
}

static void told_room(void *arg, const struct outbox_room *room)
{
    (void)arg;
    told = *room;
    tellings++;
}

static void record(struct fixture *f, uint64_t seq)
{
    static const struct uplink_result result = {
        .outcome = UPLINK_OUTCOME_STORED, .receipt = "{}", .receipt_length = 2};
    outbox_record_delivery(f->outbox, seq, 0, 1, &result);
}

static void turn_until_told(struct fixture *f, bool alarms_only)
{
    int64_t deadline_ms = clock_monotonic_ms() + patience_ms();
    while ((tellings == 0 || told.alarms_only != alarms_only) &&
           clock_monotonic_ms() < deadline_ms) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        usleep(200);
    }
    ck_assert_uint_gt(tellings, 0);
    ck_assert_int_eq(told.alarms_only, alarms_only);
}

static struct fixture *begin_room(void)
{
    is_for_alarms = false;
    tellings = 0;
    free_bytes = 5000000000;
    struct fixture *f = begin();
    f->on_room = told_room;
    close_outbox(f);
    open_outbox(f);
    return f;
}

START_TEST(what_is_left_is_told_at_the_start)
{
    struct fixture *f = begin_room();
    turn_until_told(f, false);
    ck_assert_int_eq(told.free_bytes, 5000000000);
    ck_assert_str_eq(asked, f->folder);
    end(f);
}
END_TEST

START_TEST(records_wait_while_there_is_room_for_alarms_alone_and_nothing_else_does)
{
    struct fixture *f = begin_room();
    put(f, 1, NULL);
    wait_stored(f, 1);
    turn_until_told(f, false);
    is_for_alarms = true;
    record(f, 1);
    turn_until_told(f, true);
    put(f, 2, "row");
    wait_stored(f, 2);
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    json_t *shown = ask_json(f, &query); /* is answered all the same, by what is on the disk */
    char *text = json_dumps(shown, JSON_COMPACT);
    ck_assert_ptr_nonnull(strstr(text, "\"police\",\"state\":\"pending\""));
    free(text);
    json_decref(shown);
    ck_assert(!f->faulty); /* that is no failure of the disk */
    is_for_alarms = false;
    record(f, 2);
    turn_until_told(f, false); /* it was tried again */
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 2); /* of the other receiver */
    ck_assert_uint_eq(f->found.pending[0].receiver, 1);
    ck_assert_uint_eq(f->found.pending[1].receiver, 1);
    end(f);
}
END_TEST

START_TEST(records_that_have_no_room_are_looked_at_again_but_not_by_a_stop)
{
    struct job job = {.kind = JOB_DELIVERY};
    struct queue queue;
    struct work work;
    queue_init(&queue);
    queue_add(&queue, &job);
    ck_assert(queue_take(&queue, 1000, &work));
    queue_hold_records(&queue, &work, 1000);
    ck_assert_int_eq(queue_due_ns(&queue), 1000 + QUEUE_HOLD_NS);
    ck_assert(!queue_fails(&queue));
    queue_stop(&queue, INT64_MAX / 2);
    ck_assert(queue_take(&queue, 1000, &work)); /* there may be room by now */
    queue_hold_records(&queue, &work, 1000);
    ck_assert_int_eq(queue_due_ns(&queue), INT64_MAX);
}
END_TEST

START_TEST(a_stop_leaves_records_that_have_no_room)
{
    struct fixture *f = begin_room();
    put(f, 1, NULL);
    wait_stored(f, 1);
    is_for_alarms = true;
    record(f, 1);
    turn_until_told(f, true);
    /* Nothing is lost but what is made once more. Tried for as long as it may, it would be until
     * long after Check has ended this test. */
    close_outbox_within(f, 10 * patience_ms());
    is_for_alarms = false;
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 1);
    ck_assert_uint_eq(f->found.pending_count, 2);
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox room");
    TCase *rule = tcase_create("rule"), *thread = tcase_create("thread");
    tcase_add_checked_fixture(rule, set_up, tear_down);
    tcase_add_test(rule, a_full_disk_takes_the_alarms_of_the_reserve_whatever_records_took);
    tcase_add_test(rule,
                   without_a_reserve_that_was_ever_whole_records_are_written_while_there_is_a_disk);
    tcase_add_test(rule, a_disk_that_has_none_is_not_asked_and_one_that_refused_not_again_soon);
    tcase_add_test(rule, a_refusal_is_over_as_soon_as_there_is_room);
    tcase_add_test(rule, a_press_finds_the_room_that_is_just_being_taken);
    tcase_add_test(rule, room_is_looked_at_before_any_may_be_taken);
    tcase_add_test(thread, what_is_left_is_told_at_the_start);
    tcase_add_test(thread, records_wait_while_there_is_room_for_alarms_alone_and_nothing_else_does);
    tcase_add_test(thread, records_that_have_no_room_are_looked_at_again_but_not_by_a_stop);
    tcase_add_test(thread, a_stop_leaves_records_that_have_no_room);
    suite_add_tcase(suite, rule);
    suite_add_tcase(suite, thread);
    return run_suite(suite);
}
