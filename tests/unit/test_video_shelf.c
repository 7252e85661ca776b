/* SPDX-License-Identifier: Apache-2.0 */
/* What the shelf makes of the clips: their parts, their gaps, what is remembered over a restart,
 * what is found again and what goes. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run_suite.h"
#include "video/shelf.h"
#include "video_clip_stage.h"
#include "video_units.h"

/* What a kill left is on the disk before anybody is told of it, and its announcement too. */
START_TEST(a_recovered_clip_is_on_the_disk)
{
    struct shelf shelf;
    struct err e;
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(id);
    calls[0] = '\0';
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    static const char first[] = "fsync .mp4.part\nrename in clips\nfsync clips\n";
    ck_assert_msg(strncmp(calls, first, sizeof first - 1) == 0, "%s", calls);
    /* atomic_file: the file beside, then the folder. */
    const char *then = calls + sizeof first - 1;
    ck_assert_ptr_nonnull(strstr(then, "sync .json"));
    ck_assert_ptr_nonnull(strstr(strstr(then, "sync .json"), "sync clips"));
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* Without its announcement on the disk the journal stays, and a restart finds the clip by it. */
START_TEST(a_clip_whose_announcement_cannot_be_stored_is_found_again)
{
    struct shelf shelf;
    struct err e;
    char blocked[200], id[UUID_TEXT_SIZE];
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    struct message made = make_clip(BEGIN, 20);
    memcpy(id, made.clip.id, sizeof id);
    snprintf(blocked, sizeof blocked, "%s/%s.json", clips(), id);
    ck_assert_int_eq(mkdir(blocked, 0700), 0); /* no file can take that name */
    shelf_add(&shelf, &made);
    ck_assert_int_eq(count_files(".journal", false), 1);
    shelf_close(&shelf);
    rmdir(blocked);
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    ck_assert_int_eq(count_files(".journal", false), 0);
    ck_assert_int_eq(count_files(".json", false), 1);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* What is stored and done is remembered over a restart; nothing is taken back. */
START_TEST(marks_are_kept_over_a_restart)
{
    struct shelf shelf;
    struct err e;
    char id[UUID_TEXT_SIZE];
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    struct message made = make_clip(BEGIN, 20);
    memcpy(id, made.clip.id, sizeof id);
    struct shelf_clip *clip = shelf_add(&shelf, &made);
    ck_assert(!clip->stored && !clip->done);
    for (int round = 0; round < 3; round++) {
        bool stored = round > 0, done = round > 1;
        shelf_mark(&shelf, shelf_find(&shelf, id), stored, done);
        shelf_close(&shelf);
        ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
        clip = shelf_find(&shelf, id);
        ck_assert_ptr_nonnull(clip);
        ck_assert_int_eq(clip->stored, stored);
        ck_assert_int_eq(clip->done, done);
        ck_assert_int_gt(clip->wall_ms, 0);
        check_message(&clip->message);
    }
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* A worker that starts again recovers its own camera's clips and leaves the others to theirs. */
START_TEST(only_the_named_cameras_clips_are_recovered)
{
    struct shelf shelf;
    struct err e;
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    write_and_die(id);
    shelf_recover(&shelf, "yard");
    ck_assert_ptr_null(shelf_find(&shelf, id));
    shelf_recover(&shelf, "gate");
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

static const json_t *gaps_of(const struct shelf_clip *clip)
{
    return json_object_get(clip->message.clip.manifest, "gaps");
}

START_TEST(parts_are_counted_over_a_restart_and_the_time_between_is_a_gap)
{
    struct shelf shelf;
    struct err e;
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    struct message first = make_clip(BEGIN, 30);
    struct shelf_clip *one = shelf_add(&shelf, &first);
    ck_assert_int_eq(number(&one->message, "part"), 1);
    ck_assert_uint_eq(json_array_size(gaps_of(one)), 0);
    shelf_close(&shelf);
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    struct message second = make_clip(BEGIN + 10 * SECOND, 30);
    struct shelf_clip *two = shelf_add(&shelf, &second);
    ck_assert_int_eq(number(&two->message, "part"), 2);
    ck_assert_uint_eq(json_array_size(gaps_of(two)), 1);
    const json_t *gap = json_array_get(gaps_of(two), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(gap, "from_ms")), -7000);
    struct message third = make_clip(BEGIN + 12 * SECOND, 30); /* overlaps: no gap */
    ck_assert_uint_eq(json_array_size(gaps_of(shelf_add(&shelf, &third))), 0);
    ck_assert_int_eq(count_files(".journal", false), 0);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

START_TEST(a_gap_that_an_earlier_part_shows_is_none)
{
    struct shelf shelf;
    struct err e;
    struct message m;
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    struct message first = make_clip(BEGIN, 30);
    shelf_add(&shelf, &first);
    struct clip_file *clip = begin(1);
    clip_gap(clip, BEGIN - 5 * SECOND, BEGIN + 6 * SECOND, "the ring was empty");
    play(clip, BEGIN + 6 * SECOND, 10, false);
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    const json_t *gaps = gaps_of(shelf_add(&shelf, &m));
    ck_assert_uint_eq(json_array_size(gaps), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(gaps, 0), "from_ms")),
                     -3000);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(gaps, 0), "to_ms")), 0);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

START_TEST(what_was_being_written_is_on_the_shelf_after_a_start)
{
    struct shelf shelf;
    struct err e;
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(id);
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    ck_assert_int_eq(count_files(".json", false), 1);
    shelf_close(&shelf);
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

START_TEST(only_done_clips_are_pruned_oldest_first)
{
    struct shelf shelf;
    struct err e;
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
    struct message made[3];
    for (int i = 0; i < 3; i++) {
        made[i] = make_clip(BEGIN, 10);
        usleep(2000); /* ids are in order by the millisecond, and within one in none */
    }
    struct message a = made[0], b = made[1], c = made[2];
    int64_t one_bytes = a.clip.length_bytes;
    struct shelf_clip *first = shelf_add(&shelf, &a);
    char second[UUID_TEXT_SIZE], third[UUID_TEXT_SIZE];
    memcpy(second, b.clip.id, sizeof second);
    memcpy(third, c.clip.id, sizeof third);
    shelf_add(&shelf, &b);
    shelf_add(&shelf, &c);
    shelf_prune(&shelf, 0, 0); /* none is done: all stay */
    ck_assert_int_eq(count_files(".mp4", false), 3);
    for (struct shelf_clip *one = TAILQ_NEXT(first, link); one; one = TAILQ_NEXT(one, link))
        shelf_mark(&shelf, one, true, true);
    shelf_prune(&shelf, INT64_MAX / 2, one_bytes * 2); /* room for two: the older done one goes */
    ck_assert_ptr_null(shelf_find(&shelf, second));
    ck_assert_ptr_nonnull(shelf_find(&shelf, third));
    ck_assert_int_eq(count_files(".mp4", false), 2);
    shelf_prune(&shelf, -1, INT64_MAX / 2); /* too old: what is done goes, what is not stays */
    ck_assert_ptr_null(shelf_find(&shelf, third));
    ck_assert_int_eq(count_files(".mp4", false), 1);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video shelf");
    TCase *shelf = tcase_create("shelf");
    tcase_add_test(shelf, parts_are_counted_over_a_restart_and_the_time_between_is_a_gap);
    tcase_add_test(shelf, a_gap_that_an_earlier_part_shows_is_none);
    tcase_add_test(shelf, what_was_being_written_is_on_the_shelf_after_a_start);
    tcase_add_test(shelf, only_done_clips_are_pruned_oldest_first);
    tcase_add_test(shelf, a_recovered_clip_is_on_the_disk);
    tcase_add_test(shelf, a_clip_whose_announcement_cannot_be_stored_is_found_again);
    tcase_add_test(shelf, marks_are_kept_over_a_restart);
    tcase_add_test(shelf, only_the_named_cameras_clips_are_recovered);
    suite_add_tcase(suite, shelf);
    return run_suite(suite);
}
