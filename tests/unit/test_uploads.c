/* SPDX-License-Identifier: Apache-2.0 */
/* Which clip is sent next, in virtual time; and the queue by key that clips and events stand in. */
#include <stdio.h>
#include <stdlib.h>

#include "dispatch/uploads.h"
#include "run_suite.h"

static struct uploads uploads;

static void begin(void)
{
    uploads_init(&uploads);
}

static void end(void)
{
    uploads_finish(&uploads);
}

static void add(uint64_t seq, bool manifest_is_there)
{
    const struct uplink_file file = {.manifest = "m", .path = "p", .filename = "f"};
    uploads_add(&uploads, seq, &file, manifest_is_there);
}

static uint64_t next(int64_t now_ms, int64_t *ret_wake_ms)
{
    int64_t wake_ms;
    const struct upload *upload = uploads_next(&uploads, now_ms, &wake_ms);
    if (ret_wake_ms)
        *ret_wake_ms = wake_ms;
    return upload ? upload->seq : 0;
}

START_TEST(clips_go_in_order_one_at_a_time)
{
    add(5, true);
    add(3, true);
    ck_assert_uint_eq(next(0, NULL), 5);
    ck_assert_uint_eq(next(0, NULL), 0);
    uploads_arrived(&uploads);
    ck_assert_uint_eq(uploads.count, 1);
    ck_assert_uint_eq(next(0, NULL), 3);
    uploads_arrived(&uploads);
    ck_assert_uint_eq(next(0, NULL), 0);
    ck_assert_uint_eq(uploads.count, 0);
}
END_TEST

START_TEST(a_clip_waits_for_its_manifest_and_no_other)
{
    int64_t wake_ms;
    add(1, false);
    add(2, false);
    ck_assert_uint_eq(next(0, &wake_ms), 0);
    ck_assert_int_eq(wake_ms, INT64_MAX);
    uploads_manifest_is_there(&uploads, 7);
    ck_assert_uint_eq(next(0, NULL), 0);
    uploads_manifest_is_there(&uploads, 2);
    ck_assert_uint_eq(next(0, NULL), 2);
    uploads_arrived(&uploads);
    ck_assert_uint_eq(next(0, NULL), 0);
    ck_assert_uint_eq(uploads.count, 1);
}
END_TEST

START_TEST(a_clip_that_fails_lets_the_next_one_go_and_waits_longer_each_time)
{
    int64_t wake_ms;
    add(1, true);
    add(2, true);
    ck_assert_uint_eq(next(0, NULL), 1);
    uploads_failed(&uploads, false, 0, UINT32_MAX);
    ck_assert_uint_eq(next(0, NULL), 2);
    ck_assert_uint_eq(next(0, &wake_ms), 0);
    ck_assert_int_eq(wake_ms, INT64_MAX); /* when this one has ended */
    uploads_arrived(&uploads);
    ck_assert_uint_eq(next(0, &wake_ms), 0);
    ck_assert_int_eq(wake_ms, 1000);
    ck_assert_uint_eq(next(999, NULL), 0);
    ck_assert_uint_eq(next(1000, NULL), 1);
    for (int i = 0; i < 8; i++) {
        uploads_failed(&uploads, false, 0, UINT32_MAX);
        ck_assert_uint_eq(next(0, &wake_ms), 0);
        ck_assert_uint_eq(next(wake_ms, NULL), 1);
    }
    ck_assert_int_eq(wake_ms, 60000);
}
END_TEST

START_TEST(a_refused_clip_waits_60_s_unless_somebody_mends_something)
{
    int64_t wake_ms;
    add(1, true);
    next(0, NULL);
    uploads_failed(&uploads, true, 0, 0);
    ck_assert_uint_eq(next(59999, &wake_ms), 0);
    ck_assert_int_eq(wake_ms, 60000);
    uploads_forgive(&uploads);
    ck_assert_uint_eq(next(1, NULL), 1);
}
END_TEST

START_TEST(everything_is_freed_wherever_it_stands)
{
    add(1, true);
    next(0, NULL);
    uploads_failed(&uploads, true, 0, 0);
    add(2, true);
    next(0, NULL);
    add(3, true);
    add(4, false);
    add(5, false);
    ck_assert_uint_eq(uploads.count, 5);
    uploads_finish(&uploads); /* the sanitizers look */
    ck_assert_uint_eq(uploads.count, 0);
    ck_assert_uint_eq(next(INT64_MAX, NULL), 0);
}
END_TEST

#define NODES 20000

static int64_t key(int order, int64_t i)
{
    return order == 0 ? i : order == 1 ? NODES - i : i * 7919 % NODES;
}

/* Adds, removes every third wherever it stands, takes the rest: in order, and never with more
 * steps than twice the logarithm. */
START_TEST(the_queue_by_key_keeps_its_order_and_its_promise)
{
    const uint64_t most = 2 * 15 + 2;
    struct heap heap = {0};
    struct heap_node *nodes = calloc(NODES, sizeof *nodes);
    ck_assert_ptr_nonnull(nodes);
    for (int64_t i = 0; i < NODES; i++) {
        uint64_t before = heap.steps;
        heap_add(&heap, &nodes[i], key(_i, i));
        ck_assert_uint_le(heap.steps - before, most);
    }
    for (int64_t i = 0; i < NODES; i += 3) {
        uint64_t before = heap.steps;
        heap_remove(&heap, &nodes[i]);
        ck_assert_uint_le(heap.steps - before, 2 * most);
    }
    int64_t last = -1, left = 0;
    while (heap.first) {
        struct heap_node *node = heap.first;
        uint64_t before = heap.steps;
        ck_assert_int_gt(node->key, last);
        ck_assert_int_ne((node - nodes) % 3, 0);
        last = node->key;
        left++;
        heap_remove(&heap, node);
        ck_assert_uint_le(heap.steps - before, 2 * most);
    }
    ck_assert_int_eq(left, NODES - (NODES + 2) / 3);
    free(nodes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uploads");
    TCase *tc = tcase_create("uploads");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, clips_go_in_order_one_at_a_time);
    tcase_add_test(tc, a_clip_waits_for_its_manifest_and_no_other);
    tcase_add_test(tc, a_clip_that_fails_lets_the_next_one_go_and_waits_longer_each_time);
    tcase_add_test(tc, a_refused_clip_waits_60_s_unless_somebody_mends_something);
    tcase_add_test(tc, everything_is_freed_wherever_it_stands);
    tcase_add_loop_test(tc, the_queue_by_key_keeps_its_order_and_its_promise, 0, 3);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
