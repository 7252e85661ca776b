/* SPDX-License-Identifier: Apache-2.0 */
/* A receiver that is away for long: its clips wait in the store, and those of the others go on. */
#include <stdio.h>
#include <string.h>

#include "clips_world.h"
#include "run_suite.h"

#define FULL  LIMIT_CLIPS_WAITING
#define TODAY 100000 /* events before those that a test makes */

static struct outbox_upload uploads[FULL];

static void name_clip(char ret_clip[UUID_TEXT_SIZE], unsigned number)
{
    snprintf(ret_clip, UUID_TEXT_SIZE, "01980000-0000-7000-8000-00000000%04x", number);
}

static struct outbox_upload waiting(unsigned seq)
{
    struct outbox_upload upload = {.seq = seq, .camera = "cam", .path = "/video/c.mp4"};
    name_clip(upload.clip, seq);
    return upload;
}

static bool fault; /* as was stated last of receiver 0 */

static void on_stated(void *self, const struct fact *fact)
{
    (void)self;
    if (fact->u.fault.code == FAULT_CLIPS && strcmp(fact->u.fault.subject, "police") == 0)
        fault = fact->u.fault.broken;
}

static bool is_fault(void)
{
    facts_tell(world.facts);
    return fault;
}

/* So many of receiver 0 are in memory, numbered from 1, and so many in the store behind them. */
static void begin(unsigned count, size_t left)
{
    for (unsigned i = 0; i < count; i++)
        uploads[i] = waiting(i + 1);
    open_with_left(uploads, count, left);
    fake.seq_before = TODAY;
    fault = !left; /* what is not so is stated, too */
    facts_subscribe(world.facts, FACT_BIT(FACT_FAULT_STATED), on_stated, NULL);
    say_up();
}

/* A clip of today: its manifest is made and stored. */
static void store_clip(unsigned number)
{
    say_clip_of(number);
    fake_outbox_answer();
    say_heard(fake.seq_before + fake.count, true);
}

static void settle(unsigned from, unsigned to)
{
    for (unsigned seq = from; seq < to; seq++)
        say_uploaded(0, seq);
}

/* The store says that these wait for receiver 0. */
static void answer_reading(unsigned from, unsigned to, bool more)
{
    fake_outbox.waiting = (struct outbox_uploads){.more = more};
    for (unsigned seq = from; seq < to; seq++)
        fake_outbox.waiting.uploads[fake_outbox.waiting.count++] = waiting(seq);
    fake_outbox_answer();
    facts_tell(world.facts);
}

START_TEST(a_receiver_that_is_away_stops_the_clips_of_nobody)
{
    begin(FULL, 0);
    fake.takers = 3;
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED);
    ck_assert(!is_fault());
    fake.uploads = 0;
    store_clip(0xaaaa);
    ck_assert_uint_eq(fake.upload_receivers, 3); /* of both it is in the store */
    ck_assert_uint_eq(fake.uploads, 1);
    ck_assert_uint_eq(fake.upload.receiver, 1);
    ck_assert_uint_eq(clips_held(clips, 0), 1);
    ck_assert_uint_eq(clips_held(clips, 1), 0);
    ck_assert(is_fault());
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED);
}
END_TEST

static void say_failed(size_t receiver, uint64_t seq, bool no_file)
{
    const struct fact_failed failed = {.receiver = receiver, .seq = seq, .no_file = no_file};
    facts_publish(world.facts, &(struct fact){.kind = FACT_UPLOAD_FAILED, .u.failed = failed});
    facts_tell(world.facts);
}

START_TEST(one_that_cannot_be_read_is_a_fault_until_it_can_or_nobody_waits_for_it)
{
    begin(2, 0);
    say_failed(0, 1, false);
    ck_assert(!is_fault());
    say_failed(1, 1, true); /* of another receiver, which takes none */
    ck_assert(!is_fault());
    say_failed(0, TODAY, true); /* not known any more */
    ck_assert(!is_fault());
    say_failed(0, 1, true);
    ck_assert(is_fault());
    say_failed(0, 2, true);
    say_failed(0, 1, false); /* it is there again; the receiver took it not */
    ck_assert(is_fault());
    say_failed(0, 2, false);
    ck_assert(!is_fault());
    say_failed(0, 1, true);
    say_uploaded(0, 2);
    ck_assert(is_fault());
    say_uploaded(0, 1);
    ck_assert(!is_fault());
}
END_TEST

START_TEST(one_that_has_room_holds_nothing)
{
    begin(FULL - 1, 0);
    fake.takers = 1;
    fake.uploads = 0;
    store_clip(0xaaaa);
    ck_assert_uint_eq(fake.uploads, 1);
    ck_assert_uint_eq(clips_held(clips, 0), 0);
    ck_assert(!is_fault());
}
END_TEST

START_TEST(what_is_held_is_read_again_when_there_is_room)
{
    begin(FULL, 12);
    ck_assert(is_fault());
    settle(1, FULL / 2);
    ck_assert_uint_eq(fake_outbox_count(FAKE_READ), 0);
    settle(FULL / 2, FULL / 2 + 3);
    ck_assert_uint_eq(fake_outbox_count(FAKE_READ), 1); /* once, though three were settled */
    const struct fake_call *read = fake_outbox_last(FAKE_READ);
    ck_assert_uint_eq(read->receiver, 0);
    ck_assert_uint_eq(read->seq, FULL);
    fake.uploads = 0;
    answer_reading(FULL + 1, FULL + 9, true);
    ck_assert_uint_eq(fake.uploads, 8);
    ck_assert_uint_eq(fake.upload.seq, FULL + 8);
    ck_assert_uint_eq(clips_held(clips, 0), 4);
    ck_assert_uint_eq(fake_outbox_count(FAKE_READ), 2);
    ck_assert_uint_eq(fake_outbox_last(FAKE_READ)->seq, FULL + 8);
    ck_assert(is_fault());
    answer_reading(FULL + 9, FULL + 13, false);
    ck_assert_uint_eq(fake.uploads, 12);
    ck_assert_uint_eq(clips_held(clips, 0), 0);
    ck_assert_uint_eq(fake_outbox_count(FAKE_READ), 2);
    ck_assert(is_fault()); /* more than half of what is in memory waits still */
    settle(FULL / 2 + 3, FULL / 2 + 13);
    ck_assert(!is_fault());
}
END_TEST

/* Some were settled by another process's hand, or struck out: a count that stays would be a fault
 * for ever, and the store read without pause. */
START_TEST(what_the_store_has_no_more_is_not_held)
{
    begin(FULL, 5);
    settle(1, FULL / 2 + 1);
    answer_reading(FULL + 1, FULL + 4, false);
    ck_assert_uint_eq(clips_held(clips, 0), 0);
    ck_assert_uint_eq(fake_outbox_count(FAKE_READ), 1);
    settle(FULL / 2 + 1, FULL / 2 + 4);
    ck_assert(!is_fault());
    ck_assert_uint_eq(fake_outbox_count(FAKE_READ), 1);
}
END_TEST

/* Its settings are new, and the turn in which that is told has not come. */
START_TEST(what_is_read_and_taken_by_nobody_is_let_go)
{
    begin(FULL, 3);
    settle(1, FULL / 2 + 1);
    size_t done = count_sent(MESSAGE_CLIP_DONE);
    fake.refuse_uploads = 1;
    answer_reading(FULL + 1, FULL + 4, false);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), done + 3);
    ck_assert_uint_eq(clips_held(clips, 0), 0);
}
END_TEST

/* Or one that comes and goes with every few clips would never be full in memory. */
START_TEST(it_is_read_until_memory_is_full)
{
    begin(FULL, 5000);
    settle(1, FULL / 2 + 1);
    unsigned next = FULL + 1;
    for (unsigned i = 0; i < FULL / 2 / OUTBOX_UPLOADS_MAX; i++, next += OUTBOX_UPLOADS_MAX)
        answer_reading(next, next + OUTBOX_UPLOADS_MAX, true);
    ck_assert_uint_eq(fake_outbox_count(FAKE_READ), FULL / 2 / OUTBOX_UPLOADS_MAX);
    ck_assert_uint_eq(clips_held(clips, 0), 5000 - FULL / 2);
}
END_TEST

START_TEST(what_comes_while_others_are_held_is_held_behind_them)
{
    begin(FULL, 2);
    fake.takers = 1;
    settle(1, FULL / 2 + 1); /* there is room, and the store has not answered */
    fake.uploads = 0;
    fake_outbox.waiting.more = true; /* it answers, and has none ready */
    store_clip(0xaaaa);
    ck_assert_uint_eq(fake.uploads, 0);
    ck_assert_uint_eq(clips_held(clips, 0), 3);
}
END_TEST

/* Its file is wanted still, though this process has forgotten it. */
START_TEST(a_clip_that_is_held_is_let_go_when_nobody_waits_for_it)
{
    begin(FULL, 0);
    fake.takers = 3;
    store_clip(0xaaaa);
    say_uploaded(1, TODAY + 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 0);
    know_last_clip_of(TODAY + 1, _i == 0 ? 1 : 2); /* the other's record is not written as yet */
    fake_outbox_answer();
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), _i == 0 ? 0 : 1);
}
END_TEST

START_TEST(a_clip_that_is_read_again_has_its_end_then)
{
    begin(FULL, 0);
    fake.takers = 3;
    store_clip(0xaaaa);
    settle(1, FULL / 2 + 1);
    say_uploaded(1, TODAY + 1); /* the store is asked, and before it answers: */
    know_last_clip_of(TODAY + 1, 0);
    fake_outbox.waiting = (struct outbox_uploads){.count = 1, .uploads = {waiting(TODAY + 1)}};
    name_clip(fake_outbox.waiting.uploads[0].clip, 0xaaaa);
    fake_outbox_answer();
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), FULL / 2);
    say_uploaded(0, TODAY + 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), FULL / 2 + 1);
}
END_TEST

START_TEST(a_clip_that_is_held_and_told_of_again_is_kept)
{
    begin(FULL, 1);
    say_clip_of(0xaaaa);
    know_last_clip_of(FULL + 1, _i == 0 ? 1 : 2);
    fake_outbox_answer();
    facts_tell(world.facts);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), _i == 0 ? 0 : 1);
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 0);
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED);
}
END_TEST

/* tocsin-video connects anew while the last that wait are read: let go, the receiver would never
 * have it, nor any that was read behind it. */
START_TEST(what_is_read_while_it_is_told_of_again_is_taken)
{
    const unsigned again = FULL + 1;
    begin(FULL, 3);
    settle(1, FULL / 2 + 1); /* the store is asked for the three */
    fake.uploads = 0;
    sent_count = 0;
    say_clip_of(again);
    know_last_clip_of(again, 1);
    answer_reading(again, again + 3, false);
    ck_assert_uint_eq(fake.uploads, 3);
    ck_assert_uint_eq(clips_held(clips, 0), 0);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 0);
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED); /* its place is free */
    settle(again, again + 3);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 3);
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 0);
}
END_TEST

/* The store answers in the turn in which it has stored one, and that is not told as yet. */
START_TEST(what_is_read_and_not_known_to_be_stored_is_taken_once)
{
    begin(FULL, 0);
    fake.takers = 1;
    store_clip(0xaaaa);
    say_clip_of(0xbbbb);
    fake_outbox_answer(); /* its manifest is made */
    settle(1, FULL / 2 + 1);
    fake.uploads = 0;
    fake_outbox.waiting =
        (struct outbox_uploads){.count = 2, .uploads = {waiting(TODAY + 1), waiting(TODAY + 2)}};
    name_clip(fake_outbox.waiting.uploads[0].clip, 0xaaaa);
    name_clip(fake_outbox.waiting.uploads[1].clip, 0xbbbb);
    fake_outbox_answer();
    ck_assert_uint_eq(fake.uploads, 1);
    ck_assert_uint_eq(clips_held(clips, 0), 0);
    say_heard(TODAY + 2, true);
    ck_assert_uint_eq(fake.uploads, 2);
    ck_assert_uint_eq(fake.upload.seq, TODAY + 2);
    say_heard(TODAY + 2, true); /* of one that came out of the journal it is told, too */
    ck_assert_uint_eq(fake.uploads, 2);
}
END_TEST

START_TEST(for_one_that_takes_no_clips_any_more_nothing_is_held)
{
    begin(FULL, 100);
    ck_assert(is_fault());
    settle(1, FULL / 2 + 1);
    fake.uploads = 0;
    facts_publish(world.facts, &(struct fact){.kind = FACT_NO_CLIPS, .u.no_clips = 0});
    facts_tell(world.facts);
    ck_assert_uint_eq(clips_held(clips, 0), 0);
    answer_reading(FULL + 1, FULL + 9, true);
    ck_assert_uint_eq(fake.uploads, 0);
    ck_assert_uint_eq(fake_outbox_count(FAKE_READ), 1);
    ck_assert(!is_fault());
    /* What was held for it alone is on tocsin-video's shelf, and known to the store. */
    ck_assert_uint_eq(count_sent(MESSAGE_CLIPS_AGAIN), 1);
    ck_assert_int_eq(sent[sent_count - 1].type, MESSAGE_CLIPS_AGAIN); /* behind all that are done */
    say_clip_of(FULL + 1);
    know_last_clip_of(FULL + 1, 1); /* it is not struck out there as yet */
    size_t done = count_sent(MESSAGE_CLIP_DONE);
    fake_outbox_answer();
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), done + 1);
}
END_TEST

START_TEST(of_one_for_which_none_was_held_tocsin_video_is_asked_nothing)
{
    begin(FULL, 0);
    facts_publish(world.facts, &(struct fact){.kind = FACT_NO_CLIPS, .u.no_clips = 0});
    facts_tell(world.facts);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), FULL);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIPS_AGAIN), 0);
    ck_assert_uint_eq(fake_outbox_count(FAKE_READ), 0);
}
END_TEST

START_TEST(what_is_held_is_not_read_for_one_that_takes_no_clips_any_more)
{
    begin(FULL, 100);
    facts_publish(world.facts, &(struct fact){.kind = FACT_NO_CLIPS, .u.no_clips = 0});
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_outbox_count(FAKE_READ), 0);
    ck_assert(!is_fault());
}
END_TEST

/* The setting was changed while the gateway was off. */
START_TEST(a_start_holds_nothing_for_one_that_takes_no_clips)
{
    fake.takers = 0;
    fake.refuse_uploads = 1;
    begin(FULL, 100);
    ck_assert_uint_eq(clips_held(clips, 0), 0);
    ck_assert(!is_fault());
}
END_TEST

START_TEST(what_is_read_for_one_that_closes_is_dropped)
{
    begin(FULL, 100);
    settle(1, FULL / 2 + 1);
    fake.uploads = 0;
    facts_close(world.facts);
    clips_close(clips);
    fake_outbox.waiting = (struct outbox_uploads){.count = 1, .uploads = {waiting(FULL + 1)}};
    fake_outbox_answer();
    ck_assert_uint_eq(fake.uploads, 0);
}
END_TEST

START_TEST(those_of_a_store_that_comes_late_go_out_or_are_held)
{
    struct outbox_upload late[5];
    struct outbox_found found = {.upload_count = 5, .uploads = late, .uploads_left = {3}};
    for (unsigned i = 0; i < 5; i++)
        late[i] = waiting(0x9000 + i);
    begin(FULL - 2, 0);
    fake.uploads = 0;
    clips_catch_up(clips, &found);
    ck_assert_uint_eq(fake.uploads, 2);
    ck_assert_uint_eq(clips_held(clips, 0), 6);
    ck_assert(is_fault());
    settle(1, FULL / 2 + 1); /* and the first of those that are held is read first */
    ck_assert_uint_eq(fake_outbox_last(FAKE_READ)->seq, 0x9001);
}
END_TEST

START_TEST(one_that_was_told_of_before_the_store_came_is_sent_and_told_to_be_stored)
{
    struct outbox_upload late = waiting(0xaaaa);
    struct outbox_found found = {.upload_count = 1, .uploads = &late};
    begin(0, 0);
    say_clip_of(0xaaaa);
    fake.uploads = 0;
    clips_catch_up(clips, &found);
    clips_catch_up(clips, &found); /* once */
    ck_assert_uint_eq(fake.uploads, 1);
    know_last_clip_of(0xaaaa, 1);
    fake_outbox_answer();
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 0);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clips held");
    TCase *tc = tcase_create("clips held");
    tcase_add_checked_fixture(tc, clips_begin, clips_end);
    tcase_add_test(tc, a_receiver_that_is_away_stops_the_clips_of_nobody);
    tcase_add_test(tc, one_that_cannot_be_read_is_a_fault_until_it_can_or_nobody_waits_for_it);
    tcase_add_test(tc, one_that_has_room_holds_nothing);
    tcase_add_test(tc, what_is_held_is_read_again_when_there_is_room);
    tcase_add_test(tc, what_the_store_has_no_more_is_not_held);
    tcase_add_test(tc, what_is_read_and_taken_by_nobody_is_let_go);
    tcase_add_test(tc, it_is_read_until_memory_is_full);
    tcase_add_test(tc, what_comes_while_others_are_held_is_held_behind_them);
    tcase_add_loop_test(tc, a_clip_that_is_held_is_let_go_when_nobody_waits_for_it, 0, 2);
    tcase_add_test(tc, a_clip_that_is_read_again_has_its_end_then);
    tcase_add_loop_test(tc, a_clip_that_is_held_and_told_of_again_is_kept, 0, 2);
    tcase_add_test(tc, what_is_read_while_it_is_told_of_again_is_taken);
    tcase_add_test(tc, what_is_read_and_not_known_to_be_stored_is_taken_once);
    tcase_add_test(tc, for_one_that_takes_no_clips_any_more_nothing_is_held);
    tcase_add_test(tc, of_one_for_which_none_was_held_tocsin_video_is_asked_nothing);
    tcase_add_test(tc, what_is_held_is_not_read_for_one_that_takes_no_clips_any_more);
    tcase_add_test(tc, a_start_holds_nothing_for_one_that_takes_no_clips);
    tcase_add_test(tc, what_is_read_for_one_that_closes_is_dropped);
    tcase_add_test(tc, those_of_a_store_that_comes_late_go_out_or_are_held);
    tcase_add_test(tc, one_that_was_told_of_before_the_store_came_is_sent_and_told_to_be_stored);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
