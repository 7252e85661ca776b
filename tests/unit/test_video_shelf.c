/* SPDX-License-Identifier: Apache-2.0 */
/* What the shelf makes of the clips: their parts, their gaps, what is remembered over a restart,
 * what is found again and what goes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "run_suite.h"
#include "video/shelf.h"
#include "video_clip_stage.h"
#include "video_shelf_stage.h"
#include "video_units.h"

/* What a kill left is on the disk before anybody is told of it, and its announcement too. */
START_TEST(a_recovered_clip_is_on_the_disk)
{
    struct shelf shelf;
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(id);
    calls[0] = '\0';
    open_shelf(&shelf);
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

static bool is_disk_dead;

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
    ck_assert_msg(!is_disk_dead, "it waits for the disk: %s", path);
    return __real_mkdir(path, mode);
}

/* A disk that stands still holds mkdir also of what is there: tocsin-video would be mute. */
START_TEST(a_folder_that_is_there_is_opened_although_nothing_can_be_written)
{
    struct shelf shelf;
    make_folder();
    open_shelf(&shelf);
    shelf_close(&shelf);
    is_disk_dead = true;
    open_shelf(&shelf);
    is_disk_dead = false;
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* Without its announcement on the disk the journal stays, and a restart finds the clip by it. */
START_TEST(a_clip_whose_announcement_cannot_be_stored_is_found_again)
{
    struct shelf shelf;
    char blocked[200], id[UUID_TEXT_SIZE];
    make_folder();
    open_shelf(&shelf);
    struct message made = make_clip(BEGIN, 20);
    memcpy(id, made.clip.id, sizeof id);
    snprintf(blocked, sizeof blocked, "%s/%s.json", clips(), id);
    ck_assert_int_eq(mkdir(blocked, 0700), 0); /* no file can take that name */
    shelf_add(&shelf, &made);
    ck_assert_int_eq(count_files(".journal", false), 1);
    shelf_close(&shelf);
    rmdir(blocked);
    open_shelf(&shelf);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    ck_assert_int_eq(count_files(".journal", false), 0);
    ck_assert_int_eq(count_files(".json", false), 1);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* Nothing can be written as the announcement of this clip, or it can again. */

/* Neither the end of a worker of its camera nor time takes the only thing that tells of it. */
START_TEST(a_clip_without_an_announcement_keeps_its_journal)
{
    struct shelf shelf;
    char id[UUID_TEXT_SIZE];
    make_folder();
    open_shelf(&shelf);
    struct message made = make_clip(BEGIN, 20);
    memcpy(id, made.clip.id, sizeof id);
    block(id, true);
    struct shelf_clip *clip = put_on(&shelf, &made);
    ck_assert(clip->may_be_told && !clip->is_on_disk);
    shelf_recover(&shelf, "gate");
    ck_assert_int_eq(count_files(".journal", false), 1);
    make_old(id, ".journal");
    shelf_tend(&shelf, 0, 0, 0);
    ck_assert_int_eq(count_files(".journal", false), 1);
    shelf_close(&shelf);
    block(id, false);
    open_shelf(&shelf);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    ck_assert_int_eq(count_files(".journal", false), 0);
    ck_assert_int_eq(count_files(".json", false), 1);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* One refused try each time, and all that the disk takes; what it never takes keeps none waiting.
 */
START_TEST(what_the_disk_refused_is_tried_again)
{
    struct shelf shelf;
    char ids[3][UUID_TEXT_SIZE];
    struct shelf_clip *c[3];
    make_folder();
    open_shelf(&shelf);
    for (int i = 0; i < 3; i++) {
        struct message made = make_clip(BEGIN, 10);
        memcpy(ids[i], made.clip.id, sizeof ids[i]);
        block(ids[i], true);
        c[i] = put_on(&shelf, &made);
    }
    block(ids[1], false);
    block(ids[2], false);
    shelf_tend(&shelf, 0, 0, 0); /* the first: refused */
    ck_assert(!c[0]->is_on_disk && !c[1]->is_on_disk && !c[2]->is_on_disk);
    shelf_tend(&shelf, 0, 0, 0);
    ck_assert(!c[0]->is_on_disk && c[1]->is_on_disk && c[2]->is_on_disk);
    ck_assert_int_eq(count_files(".journal", false), 1);
    block(ids[0], false);
    shelf_mark(&shelf, c[2], true, false); /* the disk takes something */
    ck_assert(c[0]->is_on_disk);
    ck_assert_int_eq(count_files(".journal", false), 0);
    ck_assert(TAILQ_EMPTY(&shelf.refused));
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* A full disk may refuse what would let it be emptied. */
START_TEST(a_refused_clip_that_is_done_goes_with_its_journal)
{
    struct shelf shelf;
    char id[UUID_TEXT_SIZE];
    make_folder();
    open_shelf(&shelf);
    struct message made = make_clip(BEGIN, 10);
    memcpy(id, made.clip.id, sizeof id);
    block(id, true);
    shelf_mark(&shelf, put_on(&shelf, &made), true, true);
    shelf_tend(&shelf, -1, 0, 0);
    ck_assert_int_eq(count_files(".mp4", false) + count_files(".journal", false), 0);
    ck_assert(TAILQ_EMPTY(&shelf.refused));
    block(id, false);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* The power went between the announcement and the journal's end. */
START_TEST(a_journal_beside_its_announcement_goes)
{
    struct shelf shelf;
    char journal[200], aside[200];
    make_folder();
    open_shelf(&shelf);
    struct message made = make_clip(BEGIN, 20);
    snprintf(journal, sizeof journal, "%s/%s.journal", clips(), made.clip.id);
    snprintf(aside, sizeof aside, "%s/aside", clips());
    ck_assert_int_eq(link(journal, aside), 0);
    shelf_add(&shelf, &made);
    shelf_close(&shelf);
    ck_assert_int_eq(count_files(".journal", false), 0);
    ck_assert_int_eq(rename(aside, journal), 0);
    open_shelf(&shelf);
    ck_assert_int_eq(count_files(".journal", false), 0);
    ck_assert_int_eq(count_files(".mp4", false) + count_files(".json", false), 2);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* What is stored and done is remembered over a restart; nothing is taken back. */
START_TEST(marks_are_kept_over_a_restart)
{
    struct shelf shelf;
    char id[UUID_TEXT_SIZE];
    make_folder();
    open_shelf(&shelf);
    struct message made = make_clip(BEGIN, 20);
    memcpy(id, made.clip.id, sizeof id);
    struct shelf_clip *clip = put_on(&shelf, &made);
    ck_assert(!clip->note.stored && !clip->note.done);
    for (int round = 0; round < 3; round++) {
        bool stored = round > 0, done = round > 1;
        shelf_mark(&shelf, shelf_find(&shelf, id), stored, done);
        shelf_close(&shelf);
        open_shelf(&shelf);
        clip = shelf_find(&shelf, id);
        ck_assert_ptr_nonnull(clip);
        ck_assert_int_eq(clip->note.stored, stored);
        ck_assert_int_eq(clip->note.done, done);
        ck_assert_int_ge(clip->note.ran_ms, 0);
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
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    open_shelf(&shelf);
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
    make_folder();
    open_shelf(&shelf);
    struct message first = make_clip(BEGIN, 30);
    struct shelf_clip *one = put_on(&shelf, &first);
    ck_assert_int_eq(number(&one->message, "part"), 1);
    ck_assert_uint_eq(json_array_size(gaps_of(one)), 0);
    shelf_close(&shelf);
    open_shelf(&shelf);
    struct message second = make_clip(BEGIN + 10 * SECOND, 30);
    struct shelf_clip *two = put_on(&shelf, &second);
    ck_assert_int_eq(number(&two->message, "part"), 2);
    ck_assert_uint_eq(json_array_size(gaps_of(two)), 1);
    const json_t *gap = json_array_get(gaps_of(two), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(gap, "from_ms")), -7000);
    struct message third = make_clip(BEGIN + 12 * SECOND, 30); /* overlaps: no gap */
    ck_assert_uint_eq(json_array_size(gaps_of(put_on(&shelf, &third))), 0);
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
    open_shelf(&shelf);
    struct message first = make_clip(BEGIN, 30);
    shelf_add(&shelf, &first);
    struct clip_file *clip = begin(1);
    clip_gap(clip, BEGIN - 5 * SECOND, BEGIN + 6 * SECOND, "the ring was empty");
    play(clip, BEGIN + 6 * SECOND, 10, false);
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    const json_t *gaps = gaps_of(put_on(&shelf, &m));
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
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(id);
    open_shelf(&shelf);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    ck_assert_int_eq(count_files(".json", false), 1);
    shelf_close(&shelf);
    open_shelf(&shelf);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

START_TEST(only_done_clips_are_pruned_oldest_first)
{
    struct shelf shelf;
    make_folder();
    open_shelf(&shelf);
    struct message made[3];
    for (int i = 0; i < 3; i++) {
        made[i] = make_clip(BEGIN, 10);
        usleep(2000); /* ids are in order by the millisecond, and within one in none */
    }
    struct message a = made[0], b = made[1], c = made[2];
    int64_t one_bytes = a.clip.length_bytes;
    struct shelf_clip *first = put_on(&shelf, &a);
    char second[UUID_TEXT_SIZE], third[UUID_TEXT_SIZE];
    memcpy(second, b.clip.id, sizeof second);
    memcpy(third, c.clip.id, sizeof third);
    shelf_add(&shelf, &b);
    shelf_add(&shelf, &c);
    shelf_tend(&shelf, 0, 0, 0); /* none is done: all stay */
    ck_assert_int_eq(count_files(".mp4", false), 3);
    for (struct shelf_clip *one = TAILQ_NEXT(first, link); one; one = TAILQ_NEXT(one, link))
        shelf_mark(&shelf, one, true, true);
    shelf_tend(&shelf, INT64_MAX / 2, one_bytes * 2, 0); /* room for two: the older done one goes */
    ck_assert_ptr_null(shelf_find(&shelf, second));
    ck_assert_ptr_nonnull(shelf_find(&shelf, third));
    ck_assert_int_eq(count_files(".mp4", false), 2);
    shelf_tend(&shelf, -1, INT64_MAX / 2, 0); /* too old: what is done goes, what is not stays */
    ck_assert_ptr_null(shelf_find(&shelf, third));
    ck_assert_int_eq(count_files(".mp4", false), 1);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

START_TEST(of_a_short_disk_as_many_done_clips_go_as_it_lacks)
{
    struct shelf shelf;
    make_folder();
    open_shelf(&shelf);
    struct message made[4];
    for (int i = 0; i < 4; i++) {
        made[i] = make_clip(BEGIN, 10);
        usleep(2000); /* ids are in order by the millisecond, and within one in none */
    }
    int64_t one_bytes = made[0].clip.length_bytes;
    for (int i = 0; i < 4; i++)
        shelf_add(&shelf, &made[i]);
    struct shelf_clip *first = TAILQ_FIRST(&shelf.clips);
    char last[UUID_TEXT_SIZE];
    memcpy(last, TAILQ_LAST(&shelf.clips, shelf_list)->message.clip.id, sizeof last);
    for (struct shelf_clip *one = TAILQ_NEXT(first, link); one; one = TAILQ_NEXT(one, link))
        shelf_mark(&shelf, one, true, true);
    shelf_tend(&shelf, INT64_MAX / 2, INT64_MAX / 2, 0);
    ck_assert_int_eq(count_files(".mp4", false), 4);
    shelf_tend(&shelf, INT64_MAX / 2, INT64_MAX / 2, one_bytes + 1);
    ck_assert_int_eq(count_files(".mp4", false), 2); /* two of them, the older ones */
    ck_assert_ptr_nonnull(shelf_find(&shelf, last));
    shelf_tend(&shelf, INT64_MAX / 2, INT64_MAX / 2, INT64_MAX / 4);
    ck_assert_int_eq(count_files(".mp4", false), 1); /* what is not done stays */
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* A clip that a worker tells twice, or that was found before it was told. */
START_TEST(a_clip_is_on_the_shelf_once)
{
    struct shelf shelf;
    make_folder();
    open_shelf(&shelf);
    struct message made = make_clip(BEGIN, 10), again = made;
    json_incref(made.clip.manifest);
    shelf_add(&shelf, &made);
    shelf_add(&shelf, &again);
    ck_assert_uint_eq(count_clips(&shelf), 1);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* What is being written there is another process's, not a dead one's. */
START_TEST(a_folder_is_one_processs_as_long_as_that_lives)
{
    struct shelf first, second;
    struct err e;
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    open_shelf(&first);
    write_and_die(id);
    shelf_init(&second, NULL);
    ck_assert_int_eq(shelf_open(&second, clips_base, &e), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(e.text, "/clips: another tocsin-video is at work there"));
    ck_assert_int_eq(count_files(".journal", false) + count_files(".part", false), 2);
    ck_assert_uint_eq(count_clips(&second), 0);
    shelf_close(&second);
    shelf_close(&first);
    open_shelf(&first);
    ck_assert_ptr_nonnull(shelf_find(&first, id));
    shelf_close(&first);
    remove_folder();
}
END_TEST

/* Only what nobody finished within a day. */
START_TEST(what_nobody_finished_goes_after_a_day)
{
    struct shelf shelf;
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    open_shelf(&shelf);
    write_and_die(id);
    shelf_tend(&shelf, 0, 0, 0);
    ck_assert_int_eq(count_files(".journal", false) + count_files(".part", false), 2);
    make_old(id, ".mp4.part");
    shelf_tend(&shelf, 0, 0, 0);
    ck_assert_int_eq(count_files(".part", false), 0);
    ck_assert_int_eq(count_files(".journal", false), 1);
    make_old(id, ".journal");
    shelf_tend(&shelf, 0, 0, 0);
    ck_assert_int_eq(count_files(".journal", false), 0);
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
    tcase_add_test(shelf, of_a_short_disk_as_many_done_clips_go_as_it_lacks);
    tcase_add_test(shelf, a_recovered_clip_is_on_the_disk);
    tcase_add_test(shelf, a_folder_that_is_there_is_opened_although_nothing_can_be_written);
    tcase_add_test(shelf, a_clip_whose_announcement_cannot_be_stored_is_found_again);
    tcase_add_test(shelf, a_clip_without_an_announcement_keeps_its_journal);
    tcase_add_test(shelf, what_the_disk_refused_is_tried_again);
    tcase_add_test(shelf, a_refused_clip_that_is_done_goes_with_its_journal);
    tcase_add_test(shelf, a_journal_beside_its_announcement_goes);
    tcase_add_test(shelf, marks_are_kept_over_a_restart);
    tcase_add_test(shelf, only_the_named_cameras_clips_are_recovered);
    tcase_add_test(shelf, a_clip_is_on_the_shelf_once);
    tcase_add_test(shelf, a_folder_is_one_processs_as_long_as_that_lives);
    tcase_add_test(shelf, what_nobody_finished_goes_after_a_day);
    suite_add_tcase(suite, shelf);
    return run_suite(suite);
}
