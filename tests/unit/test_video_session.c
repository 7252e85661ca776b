/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions of a camera in virtual time: what is given up when, what is tried again when, and
 * what is said of it. */
#include <string.h>

#include "run_suite.h"
#include "video/session.h"

#define SECOND INT64_C(1000000)
#define START  (100 * SECOND)

static void check_said(const struct session *s, enum message_camera_state state, const char *reason)
{
    ck_assert_int_eq(s->state, state);
    ck_assert_msg(strstr(s->reason, reason) != NULL, "%s", s->reason);
}

/* Opened at `at_us`, and its streams known. */
static void play(struct session *s, int64_t at_us)
{
    ck_assert(session_is_due(s, at_us));
    session_open(s, at_us);
    session_streams(s, at_us);
}

START_TEST(it_is_opened_at_once_and_only_once)
{
    struct session s;
    session_init(&s, START);
    check_said(&s, MESSAGE_CAMERA_CONNECTING, "");
    ck_assert(session_is_due(&s, START));
    ck_assert(!session_is_due(&s, START - 1));
    session_open(&s, START);
    ck_assert_int_eq(s.phase, SESSION_OPENING);
    ck_assert(!session_is_due(&s, START + 1000 * SECOND));
    check_said(&s, MESSAGE_CAMERA_CONNECTING, "");
}
END_TEST

START_TEST(a_camera_that_does_not_answer_is_given_up)
{
    struct session s;
    session_init(&s, START);
    session_open(&s, START);
    ck_assert_ptr_null(session_tick(&s, START + SESSION_OPEN_US));
    ck_assert(!session_is_late(&s, START + SESSION_OPEN_US));
    ck_assert(session_is_late(&s, START + SESSION_OPEN_US + 1));
    ck_assert_ptr_nonnull(strstr(session_tick(&s, START + SESSION_OPEN_US + 1), "no answer"));
}
END_TEST

/* A busy machine learns no stream in 15 s; it must not be cut off there for ever. */
START_TEST(a_camera_that_is_slow_to_answer_has_longer_with_each_try)
{
    static const int64_t seconds[] = {15, 30, 60, 60};
    struct session s;
    int64_t now_us = START;
    session_init(&s, now_us);
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        session_open(&s, now_us);
        ck_assert_ptr_null(session_tick(&s, now_us + seconds[i] * SECOND));
        ck_assert_ptr_nonnull(session_tick(&s, now_us + seconds[i] * SECOND + 1));
        session_end(&s, "no answer", now_us, 0);
        now_us = s.due_us;
    }
    play(&s, now_us);
    session_unit(&s, true, true, now_us); /* it is there: the next time as at first */
    session_end(&s, "closed", now_us, 0);
    now_us = s.due_us;
    session_open(&s, now_us);
    ck_assert_ptr_null(session_tick(&s, now_us + 30 * SECOND));
    ck_assert_ptr_nonnull(session_tick(&s, now_us + 30 * SECOND + 1));
}
END_TEST

START_TEST(nothing_is_of_use_before_the_first_keyframe)
{
    struct session s;
    session_init(&s, START);
    play(&s, START);
    ck_assert(!session_unit(&s, true, false, START + SECOND));
    ck_assert(!session_unit(&s, false, true, START + SECOND)); /* sound: each unit is a key */
    check_said(&s, MESSAGE_CAMERA_CONNECTING, "");
    ck_assert(session_unit(&s, true, true, START + 2 * SECOND));
    check_said(&s, MESSAGE_CAMERA_ONLINE, "");
    ck_assert_str_eq(s.reason, "");
    ck_assert(session_unit(&s, true, false, START + 2 * SECOND));
    ck_assert(session_unit(&s, false, true, START + 2 * SECOND));
}
END_TEST

/* The time counts from the newest picture; sound does not stand for pictures. */
START_TEST(a_session_without_pictures_is_dead)
{
    struct session s;
    session_init(&s, START);
    play(&s, START);
    ck_assert_ptr_null(session_tick(&s, START + SESSION_PICTURE_US));
    ck_assert(session_unit(&s, true, true, START + SESSION_PICTURE_US));
    int64_t last_us = START + SESSION_PICTURE_US;
    session_unit(&s, false, true, last_us + 9 * SECOND);
    ck_assert_ptr_null(session_tick(&s, last_us + SESSION_PICTURE_US));
    ck_assert(!session_is_late(&s, last_us + SESSION_PICTURE_US));
    ck_assert_ptr_nonnull(
        strstr(session_tick(&s, last_us + SESSION_PICTURE_US + 1), "no picture for 10 s"));
    ck_assert(session_is_late(&s, last_us + SESSION_PICTURE_US + 1));
}
END_TEST

/* Pictures without a keyframe for `seconds`; what the session is told at the end. */
static const char *play_without_keyframe(struct session *s, int64_t from_us, int64_t seconds)
{
    for (int64_t i = 1; i < seconds; i++) {
        session_unit(s, true, false, from_us + i * SECOND);
        ck_assert_ptr_null(session_tick(s, from_us + i * SECOND));
    }
    session_unit(s, true, false, from_us + seconds * SECOND + 1);
    return session_tick(s, from_us + seconds * SECOND + 1);
}

START_TEST(a_first_keyframe_has_longer_with_each_try)
{
    static const int64_t seconds[] = {20, 40, 80, 160, 320, 320};
    struct session s;
    int64_t now_us = START;
    session_init(&s, now_us);
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        play(&s, now_us);
        ck_assert_ptr_nonnull(play_without_keyframe(&s, now_us, seconds[i]));
        session_end(&s, "no keyframe", now_us, 0);
        now_us = s.due_us;
    }
    play(&s, now_us);
    session_unit(&s, true, true, now_us); /* one came: from the beginning again */
    session_end(&s, "closed", now_us, 0);
    now_us = s.due_us;
    play(&s, now_us);
    ck_assert_ptr_nonnull(play_without_keyframe(&s, now_us, 40));
}
END_TEST

START_TEST(a_smart_codec_is_a_fault_that_keeps_its_session)
{
    struct session s;
    session_init(&s, START);
    play(&s, START);
    session_unit(&s, true, true, START);
    ck_assert_ptr_null(play_without_keyframe(&s, START, 29));
    check_said(&s, MESSAGE_CAMERA_ONLINE, "");
    ck_assert_ptr_null(play_without_keyframe(&s, START, 300));
    check_said(&s, MESSAGE_CAMERA_FAULT, "dynamic GOP");
    ck_assert_uint_eq(s.restarts, 0);
    session_unit(&s, true, true, START + 301 * SECOND);
    check_said(&s, MESSAGE_CAMERA_ONLINE, "");
}
END_TEST

/* With the largest random number the pause is the longest: 1 s and 1, 2, 4, 8 … up to 60 s. */
START_TEST(it_is_tried_again_slower_and_slower)
{
    static const int64_t longest_s[] = {2, 3, 5, 9, 17, 33, 61, 61};
    struct session s;
    int64_t now_us = START;
    session_init(&s, now_us);
    for (unsigned i = 0; i < sizeof longest_s / sizeof *longest_s; i++) {
        session_open(&s, now_us);
        session_end(&s, "the camera refuses the password", now_us, UINT32_MAX);
        ck_assert_uint_eq(s.restarts, i + 1);
        check_said(&s, MESSAGE_CAMERA_FAULT, "password");
        ck_assert(!session_is_due(&s, now_us + SECOND - 1));
        ck_assert_int_le(s.due_us, now_us + longest_s[i] * SECOND);
        ck_assert_int_gt(s.due_us, now_us + longest_s[i] * SECOND - SECOND / 10);
        now_us = s.due_us;
        ck_assert(session_is_due(&s, now_us));
    }
    session_open(&s, now_us);
    session_streams(&s, now_us);
    session_unit(&s, true, true, now_us);
    session_end(&s, "closed", now_us, UINT32_MAX);
    ck_assert_int_le(s.due_us, now_us + 2 * SECOND);
    check_said(&s, MESSAGE_CAMERA_FAULT, "closed");
}
END_TEST

START_TEST(closing_has_a_deadline_of_its_own)
{
    struct session s;
    session_init(&s, START);
    play(&s, START);
    session_end(&s, "closed", START + SECOND, UINT32_MAX);
    ck_assert(!session_is_late(&s, START + SECOND + SESSION_CLOSE_US));
    ck_assert(session_is_late(&s, START + SECOND + SESSION_CLOSE_US + 1));
    ck_assert_ptr_null(session_tick(&s, START + 1000 * SECOND)); /* it has ended already */
}
END_TEST

START_TEST(a_reason_is_cut_between_characters)
{
    struct session s;
    char reason[600];
    session_init(&s, START);
    memset(reason, 'x', sizeof reason);
    memcpy(reason + sizeof s.reason - 2, "门", 3);
    reason[sizeof reason - 1] = '\0';
    session_open(&s, START);
    session_end(&s, reason, START, 0);
    ck_assert_uint_eq(strlen(s.reason), sizeof s.reason - 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video session");
    TCase *session = tcase_create("session");
    tcase_add_test(session, it_is_opened_at_once_and_only_once);
    tcase_add_test(session, a_camera_that_does_not_answer_is_given_up);
    tcase_add_test(session, a_camera_that_is_slow_to_answer_has_longer_with_each_try);
    tcase_add_test(session, nothing_is_of_use_before_the_first_keyframe);
    tcase_add_test(session, a_session_without_pictures_is_dead);
    tcase_add_test(session, a_first_keyframe_has_longer_with_each_try);
    tcase_add_test(session, a_smart_codec_is_a_fault_that_keeps_its_session);
    tcase_add_test(session, it_is_tried_again_slower_and_slower);
    tcase_add_test(session, closing_has_a_deadline_of_its_own);
    tcase_add_test(session, a_reason_is_cut_between_characters);
    suite_add_tcase(suite, session);
    return run_suite(suite);
}
