/* SPDX-License-Identifier: Apache-2.0 */
/* The ring holds the time before the press: whole groups, enough of them, within its bytes. */
#include <string.h>

#include "run_suite.h"
#include "video/ring.h"

#define SECOND 1000000

static void push(struct ring *ring, unsigned stream, bool key, int64_t dts_us, size_t length)
{
    struct camera_unit *unit = calloc(1, sizeof *unit + length);
    *unit = (struct camera_unit){
        .references = 1, .stream = stream, .key = key, .dts_us = dts_us, .length = length};
    ck_assert(ring_add(ring, unit));
    camera_unit_unref(unit);
}

/* `seconds` of ten pictures a second, a keyframe every `group` seconds, sound between. */
static void play(struct ring *ring, int64_t from_s, int64_t seconds, int64_t group_s, size_t length)
{
    for (int64_t i = from_s * 10; i < (from_s + seconds) * 10; i++) {
        push(ring, 0, i % (group_s * 10) == 0, i * SECOND / 10, length);
        push(ring, 1, true, i * SECOND / 10 + 50000, 10);
    }
}

static int64_t begins_us(const struct ring *ring)
{
    const struct ring_entry *first = TAILQ_FIRST(&ring->entries);
    ck_assert_ptr_nonnull(first);
    ck_assert_uint_eq(first->unit->stream, 0);
    ck_assert(first->unit->key);
    return first->unit->dts_us;
}

START_TEST(it_reaches_back_as_far_as_asked_at_every_moment)
{
    struct ring ring;
    ring_init(&ring, 5 * SECOND, 1 << 20);
    for (int64_t s = 0; s < 60; s++) {
        play(&ring, s, 1, 2, 100);
        int64_t newest_us = TAILQ_LAST(&ring.entries, ring_list)->unit->dts_us;
        ck_assert_int_le(begins_us(&ring), s < 5 ? 0 : newest_us - 5 * SECOND);
        ck_assert_int_ge(begins_us(&ring), newest_us - 10 * SECOND); /* and not for ever */
    }
    ring_clear(&ring);
}
END_TEST

START_TEST(a_long_group_is_kept_whole)
{
    struct ring ring;
    ring_init(&ring, 5 * SECOND, 1 << 20);
    play(&ring, 0, 50, 30, 100);
    ck_assert_int_eq(begins_us(&ring), 0);
    play(&ring, 50, 15, 30, 100);
    ck_assert_int_eq(begins_us(&ring), 30 * SECOND);
    ring_clear(&ring);
}
END_TEST

START_TEST(bytes_are_a_hard_limit)
{
    struct ring ring;
    ring_init(&ring, 3600 * (int64_t)SECOND, 50000);
    for (int64_t s = 0; s < 100; s++) {
        play(&ring, s, 1, 1, 1000);
        ck_assert_uint_le(ring.bytes, 50000);
    }
    ck_assert_int_ge(begins_us(&ring), 95 * SECOND);
    ring_clear(&ring);
    ck_assert_uint_eq(ring.bytes, 0);
    ck_assert_uint_eq(ring.keyframes, 0);
}
END_TEST

START_TEST(a_group_beyond_all_bytes_is_given_up_and_the_next_one_kept)
{
    struct ring ring;
    ring_init(&ring, 5 * SECOND, 5000);
    play(&ring, 0, 8, 8, 1000); /* 80 pictures of 1000 bytes, one keyframe */
    ck_assert(TAILQ_EMPTY(&ring.entries));
    push(&ring, 0, true, 8 * SECOND, 1000);
    ck_assert_int_eq(begins_us(&ring), 8 * SECOND);
    ring_clear(&ring);
}
END_TEST

START_TEST(nothing_is_kept_before_the_first_keyframe)
{
    struct ring ring;
    ring_init(&ring, 5 * SECOND, 5000);
    push(&ring, 0, false, 1, 10);
    push(&ring, 1, true, 2, 10); /* sound: its units are all "key" */
    ck_assert(TAILQ_EMPTY(&ring.entries));
    ck_assert_ptr_null(ring_from(&ring, 100));
    ck_assert_ptr_null(ring_newest_keyframe(&ring));
    ring_clear(&ring);
}
END_TEST

START_TEST(a_clip_begins_at_the_keyframe_at_or_before)
{
    struct ring ring;
    ring_init(&ring, 20 * SECOND, 1 << 20);
    play(&ring, 0, 10, 2, 100);
    ck_assert_int_eq(ring_from(&ring, 4 * SECOND)->unit->dts_us, 4 * SECOND);
    ck_assert_int_eq(ring_from(&ring, 4 * SECOND - 1)->unit->dts_us, 2 * SECOND);
    ck_assert_int_eq(ring_from(&ring, 5 * SECOND)->unit->dts_us, 4 * SECOND);
    ck_assert_int_eq(ring_from(&ring, -1)->unit->dts_us, 0); /* as far as it goes */
    ck_assert_int_eq(ring_newest_keyframe(&ring)->unit->dts_us, 8 * SECOND);
    ring_clear(&ring);
}
END_TEST

START_TEST(a_copy_is_what_the_ring_was)
{
    struct ring ring, copy;
    ring_init(&ring, 5 * SECOND, 1 << 20);
    play(&ring, 0, 4, 2, 100);
    ring_copy(&ring, &copy);
    ck_assert_uint_eq(copy.bytes, ring.bytes);
    ck_assert_uint_eq(copy.keyframes, 2);
    play(&ring, 4, 20, 2, 100);
    ck_assert_int_eq(begins_us(&copy), 0);
    ck_assert_int_eq(TAILQ_LAST(&copy.entries, ring_list)->unit->dts_us, 3950000);
    ring_clear(&copy);
    ck_assert_int_eq(begins_us(&ring), 16 * SECOND);
    ring_clear(&ring);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video ring");
    TCase *ring = tcase_create("ring");
    tcase_add_test(ring, it_reaches_back_as_far_as_asked_at_every_moment);
    tcase_add_test(ring, a_long_group_is_kept_whole);
    tcase_add_test(ring, bytes_are_a_hard_limit);
    tcase_add_test(ring, a_group_beyond_all_bytes_is_given_up_and_the_next_one_kept);
    tcase_add_test(ring, nothing_is_kept_before_the_first_keyframe);
    tcase_add_test(ring, a_clip_begins_at_the_keyframe_at_or_before);
    tcase_add_test(ring, a_copy_is_what_the_ring_was);
    suite_add_tcase(suite, ring);
    return run_suite(suite);
}
