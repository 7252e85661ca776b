/* SPDX-License-Identifier: Apache-2.0 */
/* Clips that wait for a receiver: so many are found at a start, the others are read on demand. */
#include <stdio.h>
#include <string.h>

#include "outbox/uploads.h"
#include "outbox_world.h"
#include "run_suite.h"

static void put_clip(struct fixture *f, uint64_t seq, uint32_t to)
{
    struct outbox_upload upload = {.path = "/p", .camera = "gate", .length_bytes = (int64_t)seq};
    struct event *event = make_event(seq, EVENT_CLASS_MANIFEST);
    snprintf(upload.clip, sizeof upload.clip, "01890a5d-ac96-774b-bcce-%012llu",
             (unsigned long long)seq);
    memset(upload.sha256, (int)seq, sizeof upload.sha256);
    outbox_store(f->outbox, event, NULL, &upload, to, on_stored, f);
    event_unref(event);
}

struct answer {
    bool came, closed;
    struct outbox_uploads found;
};

static void on_uploads(void *arg, const struct outbox_uploads *found)
{
    struct answer *answer = arg;
    answer->came = true;
    answer->closed = !found;
    if (found)
        answer->found = *found;
}

static struct outbox_uploads read_uploads(struct fixture *f, size_t receiver, uint64_t after)
{
    struct answer answer = {.came = false};
    outbox_read_uploads(f->outbox, receiver, after, on_uploads, &answer);
    turn_until(f, &answer.came);
    ck_assert(!answer.closed);
    return answer.found;
}

START_TEST(those_of_one_receiver_are_read_in_their_order)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 100; seq++)
        put_clip(f, seq, seq % 40 == 0 ? 3 : 1); /* 40, 80: beyond a piece of the table */
    /* Not waited for: what is handed over is seen. */
    struct outbox_uploads found = read_uploads(f, 1, 0);
    ck_assert_uint_eq(found.count, 2);
    ck_assert(!found.more);
    ck_assert_uint_eq(found.uploads[0].seq, 40);
    ck_assert_uint_eq(found.uploads[1].seq, 80);
    ck_assert_uint_eq(found.uploads[1].receiver, 1);
    ck_assert_str_eq(found.uploads[1].clip, "01890a5d-ac96-774b-bcce-000000000080");
    ck_assert_str_eq(found.uploads[1].camera, "gate");
    ck_assert_str_eq(found.uploads[1].path, "/p");
    ck_assert_int_eq(found.uploads[1].length_bytes, 80);
    ck_assert_uint_eq(found.uploads[1].sha256[31], 80);
    ck_assert_uint_eq(read_uploads(f, 1, 40).count, 1);
    ck_assert_uint_eq(read_uploads(f, 1, 80).count, 0);
    end(f);
}
END_TEST

START_TEST(what_is_settled_is_not_read)
{
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    for (uint64_t seq = 1; seq <= 3; seq++)
        put_clip(f, seq, 1);
    outbox_record_upload(f->outbox, 2, 0, &result);
    wait_stored(f, 3);
    close_outbox(f);
    open_outbox(f);
    struct outbox_uploads found = read_uploads(f, 0, 0);
    ck_assert_uint_eq(found.count, 2);
    ck_assert_uint_eq(found.uploads[1].seq, 3);
    end(f);
}
END_TEST

/* However many wait, so many are in memory of each. */
START_TEST(a_start_finds_so_many_and_counts_those_behind_them)
{
    struct fixture *f = begin();
    uint64_t last = LIMIT_CLIPS_WAITING + 20, after = LIMIT_CLIPS_WAITING;
    for (uint64_t seq = 1; seq <= last; seq++)
        put_clip(f, seq, seq <= 5 ? 3 : 1);
    wait_stored(f, (unsigned)last);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.upload_count, LIMIT_CLIPS_WAITING + 5);
    ck_assert_uint_eq(f->found.uploads_left[0], 20);
    ck_assert_uint_eq(f->found.uploads_left[1], 0);
    ck_assert_uint_eq(f->found.uploads[f->found.upload_count - 1].seq, after);
    for (bool more = true; more;) {
        struct outbox_uploads found = read_uploads(f, 0, after);
        for (size_t i = 0; i < found.count; i++)
            ck_assert_uint_eq(found.uploads[i].seq, ++after);
        more = found.more;
    }
    ck_assert_uint_eq(after, last);
    end(f);
}
END_TEST

static int count_down(void *left)
{
    return --*(int *)left == 0;
}

/* In the so-manyeth of SQLite's steps, or never, when they are more than it takes. */
static int read_broken_off(struct store *s, struct uploads *u, int step, struct err *e)
{
    sqlite3_progress_handler(s->db, 1, count_down, &step);
    int result = uploads_go_on(s, u, e);
    sqlite3_progress_handler(s->db, 0, NULL, NULL);
    return result;
}

/* A disk that cannot be read for a moment, wherever in a piece that is: taken for the end of what
 * waits, the receiver would never have the rest. */
START_TEST(what_cannot_be_read_to_its_end_is_an_error_and_whole_the_next_time)
{
    static const char *const receivers[] = {"police", "education"};
    struct fixture *f = begin();
    struct store s = {.receivers = receivers, .receiver_count = 2};
    struct err e;
    for (uint64_t seq = 1; seq <= 6; seq++)
        put_clip(f, seq, 3);
    wait_stored(f, 6);
    close_outbox(f);
    snprintf(s.path, sizeof s.path, "%s/" STORE_FILE, f->folder);
    ck_assert_int_eq(store_open(&s, &e), 0);
    int step = 1;
    for (bool failed = true; failed; step++) {
        struct uploads *u = uploads_create(1, 0);
        int result = read_broken_off(&s, u, step, &e);
        failed = result != 0;
        if (failed) {
            ck_assert_int_lt(result, 0);
            ck_assert_uint_eq(u->found.count, 0);
            ck_assert_int_eq(uploads_go_on(&s, u, &e), 0);
        }
        ck_assert_uint_eq(u->found.count, 6);
        ck_assert(!u->found.more);
        for (uint64_t seq = 1; seq <= 6; seq++)
            ck_assert_uint_eq(u->found.uploads[seq - 1].seq, seq);
        uploads_destroy(u);
    }
    ck_assert_int_gt(step, 60); /* it was broken off behind each of the twelve rows */
    store_close(&s);
    open_outbox(f);
    end(f);
}
END_TEST

static void on_clip(void *arg, const struct outbox_clip *clip)
{
    *(struct outbox_clip *)arg = *clip;
}

START_TEST(a_clip_is_known_with_those_that_wait_for_it)
{
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    struct outbox_clip clips[3];
    put_clip(f, 1, 3);
    put_clip(f, 2, 2);
    put_clip(f, 3, 0);
    wait_stored(f, 3);
    outbox_record_upload(f->outbox, 1, 0, &result);
    close_outbox(f);
    open_outbox(f);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        char clip[UUID_TEXT_SIZE];
        snprintf(clip, sizeof clip, "01890a5d-ac96-774b-bcce-%012llu", (unsigned long long)seq);
        outbox_find_clip(f->outbox, clip, "", on_clip, &clips[seq - 1]);
    }
    free(ask(f, &(struct outbox_query){.kind = OUTBOX_QUERY_SHOW, .seq = 1}).text);
    for (uint64_t seq = 1; seq <= 3; seq++)
        ck_assert_uint_eq(clips[seq - 1].seq, seq);
    ck_assert_uint_eq(clips[0].pending, 2);
    ck_assert_uint_eq(clips[1].pending, 2);
    ck_assert_uint_eq(clips[2].pending, 0);
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox uploads");
    TCase *tc = tcase_create("outbox uploads");
    tcase_add_test(tc, those_of_one_receiver_are_read_in_their_order);
    tcase_add_test(tc, what_is_settled_is_not_read);
    tcase_add_test(tc, a_start_finds_so_many_and_counts_those_behind_them);
    tcase_add_test(tc, what_cannot_be_read_to_its_end_is_an_error_and_whole_the_next_time);
    tcase_add_test(tc, a_clip_is_known_with_those_that_wait_for_it);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
