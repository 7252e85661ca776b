/* SPDX-License-Identifier: Apache-2.0 */
/* What the shelf takes in beside the loop: piece by piece, in order, and at rest when asked. */
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

static struct heard {
    size_t saved;
} heard;

static void on_saved(void *arg, struct shelf_clip *clip)
{
    (void)arg;
    ck_assert(clip->may_be_told);
    heard.saved++;
}

static void open_with_loop(struct shelf *shelf, uv_loop_t *loop)
{
    struct err e;
    memset(&heard, 0, sizeof heard);
    uv_loop_init(loop);
    shelf_init(shelf, loop);
    shelf_set_handlers(shelf, &(struct shelf_handlers){on_saved, NULL});
    ck_assert_int_eq(shelf_open(shelf, clips_base, &e), 0);
}

static void close_with_loop(struct shelf *shelf, uv_loop_t *loop)
{
    shelf_end(shelf);
    uv_run(loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(loop), 0);
    shelf_close(shelf);
}

#define FULL 20

static void fill_folder(char ret_left[UUID_TEXT_SIZE])
{
    struct shelf shelf;
    make_folder();
    open_shelf(&shelf);
    for (int i = 0; i < FULL; i++) {
        struct message made = make_clip(BEGIN, 10);
        shelf_add(&shelf, &made);
    }
    shelf_mark(&shelf, TAILQ_FIRST(&shelf.clips), true, true);
    shelf_close(&shelf);
    write_and_die(ret_left);
    char **ids;
    ck_assert_uint_eq(shelf_files_list(clips(), SHELF_JOURNAL, &ids), 1);
    memcpy(ret_left, ids[0], UUID_TEXT_SIZE);
    free(ids[0]);
    free(ids);
}

/* However much lies in the folder: a turn of the loop takes one, and a clip that is finished
 * meanwhile is a later part than all that lie there. */
START_TEST(a_full_folder_is_taken_in_piece_by_piece)
{
    struct shelf shelf;
    uv_loop_t loop;
    char left[UUID_TEXT_SIZE] = "", late[UUID_TEXT_SIZE];
    fill_folder(left);
    open_with_loop(&shelf, &loop);
    struct message made = make_clip(BEGIN + 5 * SECOND, 10);
    memcpy(late, made.clip.id, sizeof late);
    shelf_add(&shelf, &made);
    ck_assert(!uv_run(&loop, UV_RUN_NOWAIT)); /* it rests: nobody has begun yet */
    ck_assert_uint_eq(count_clips(&shelf), 0);
    shelf_go_on(&shelf);
    for (size_t before = 0; before < FULL + 2;) {
        uv_run(&loop, UV_RUN_ONCE);
        size_t now = count_clips(&shelf);
        ck_assert_uint_le(now, before + 1 + (before == FULL)); /* the late one waits for no disk */
        before = now;
    }
    ck_assert_int_eq(number(&shelf_find(&shelf, left)->message, "part"), FULL + 1);
    ck_assert_int_eq(number(&shelf_find(&shelf, late)->message, "part"), FULL + 2);
    while (shelf.saving)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(heard.saved, FULL - 1 + 2); /* of one nobody wants to hear */
    close_with_loop(&shelf, &loop);
    remove_folder();
}
END_TEST

/* The disk may hold what was begun before its folder was gone. */
START_TEST(it_is_not_opened_again_beside_what_is_still_under_way)
{
    struct shelf shelf;
    uv_loop_t loop;
    struct err e;
    char left[UUID_TEXT_SIZE];
    fill_folder(left);
    open_with_loop(&shelf, &loop);
    shelf_go_on(&shelf);
    for (int i = 0; i < 2; i++) {
        shelf_leave(&shelf);
        ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), -EBUSY);
        ck_assert_ptr_nonnull(strstr(e.text, "has not ended yet"));
        ck_assert_int_eq(shelf.lock, -1);
        while (!shelf_rest(&shelf))
            uv_run(&loop, UV_RUN_ONCE);
        ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
        shelf_go_on(&shelf);
        if (i == 0) { /* once more, while a clip's announcement is written */
            while (shelf.fetching)
                uv_run(&loop, UV_RUN_ONCE);
            ck_assert_uint_eq(count_clips(&shelf), FULL + 1); /* each once */
            while (shelf.saving)
                uv_run(&loop, UV_RUN_ONCE);
            struct message made = make_clip(BEGIN + 5 * SECOND, 10);
            shelf_add(&shelf, &made);
            ck_assert_ptr_null(shelf.fetching);
            ck_assert_ptr_nonnull(shelf.saving);
        }
    }
    close_with_loop(&shelf, &loop);
    remove_folder();
}
END_TEST

/* Who forks does it while the pool has nothing to do: it is told when, and nothing begins then. */
START_TEST(a_shelf_that_rests_begins_nothing)
{
    struct shelf shelf;
    uv_loop_t loop;
    make_folder();
    open_with_loop(&shelf, &loop);
    ck_assert(shelf_rest(&shelf));
    shelf_go_on(&shelf);
    struct message one = make_clip(BEGIN, 10);
    struct shelf_clip *clip = put_on(&shelf, &one);
    ck_assert_ptr_eq(shelf.saving, clip);
    ck_assert(!shelf_rest(&shelf));
    shelf_mark(&shelf, clip, true, false); /* and more to write */
    shelf_recover(&shelf, "gate");
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(clip->is_to_save);
    ck_assert(shelf_is_recovering(&shelf, "gate"));
    ck_assert(!shelf_is_recovering(&shelf, "yard"));
    ck_assert(shelf_rest(&shelf));
    shelf_go_on(&shelf);
    ck_assert(!clip->is_to_save);
    ck_assert(!shelf_rest(&shelf)); /* both rows have begun */
    uv_run(&loop, UV_RUN_DEFAULT);
    shelf_go_on(&shelf);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(!shelf_is_recovering(&shelf, "gate"));
    close_with_loop(&shelf, &loop);
    remove_folder();
}
END_TEST

/* While a long recovery holds up a rest, clips go on being announced. */
START_TEST(a_rest_that_waits_for_the_intake_stops_no_notes)
{
    struct shelf shelf;
    uv_loop_t loop;
    char left[UUID_TEXT_SIZE] = "";
    fill_folder(left);
    open_with_loop(&shelf, &loop);
    shelf_go_on(&shelf);
    ck_assert_ptr_nonnull(shelf.fetching);
    while (count_clips(&shelf) == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_ptr_nonnull(shelf.fetching);
    ck_assert(!shelf_rest(&shelf));
    struct shelf_clip *clip = TAILQ_FIRST(&shelf.clips);
    shelf_mark(&shelf, clip, !clip->note.stored, false);
    ck_assert_ptr_eq(shelf.saving, clip);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(count_clips(&shelf), 2); /* what was on its way, and no more */
    ck_assert(shelf_rest(&shelf));
    close_with_loop(&shelf, &loop);
    remove_folder();
}
END_TEST

/* What a worker left is an earlier part than what is finished after it. */
START_TEST(what_a_search_finds_goes_before_what_waits)
{
    struct shelf shelf;
    uv_loop_t loop;
    char left[UUID_TEXT_SIZE] = "", late[UUID_TEXT_SIZE];
    make_folder();
    open_with_loop(&shelf, &loop);
    write_and_die(left);
    shelf_recover(&shelf, "gate");
    struct message made = make_clip(BEGIN + 5 * SECOND, 10);
    memcpy(late, made.clip.id, sizeof late);
    shelf_add(&shelf, &made);
    shelf_go_on(&shelf);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(count_clips(&shelf), 2);
    ck_assert_int_eq(number(&shelf_find(&shelf, left)->message, "part"), 1);
    ck_assert_int_eq(number(&shelf_find(&shelf, late)->message, "part"), 2);
    close_with_loop(&shelf, &loop);
    remove_folder();
}
END_TEST

/* A try that is refused while there is more to note is one try; the search is one, too. */
START_TEST(what_waits_already_is_not_put_there_twice)
{
    struct shelf shelf;
    uv_loop_t loop;
    char id[UUID_TEXT_SIZE];
    make_folder();
    open_with_loop(&shelf, &loop);
    shelf_go_on(&shelf);
    struct message made = make_clip(BEGIN, 10);
    memcpy(id, made.clip.id, sizeof id);
    block(id, true);
    struct shelf_clip *clip = put_on(&shelf, &made);
    shelf_mark(&shelf, clip, true, false);
    ck_assert(shelf.saving == clip && clip->is_to_save);
    for (int i = 0; i < 2; i++)
        shelf_recover(&shelf, "gate");
    ck_assert(shelf.fetching && TAILQ_EMPTY(&shelf.intake));
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_ptr_eq(TAILQ_FIRST(&shelf.refused), clip);
    ck_assert_ptr_null(TAILQ_NEXT(clip, to_save));
    ck_assert(!clip->is_to_save && TAILQ_EMPTY(&shelf.to_save));
    ck_assert_uint_eq(heard.saved, 1);
    block(id, false);
    close_with_loop(&shelf, &loop);
    remove_folder();
}
END_TEST

/* What was being written when the power went, days ago, is recovered and not tidied away; a search
 * that finds it once more does not put it there twice. */
START_TEST(what_is_old_is_recovered_before_it_is_tidied)
{
    struct shelf shelf;
    uv_loop_t loop;
    char left[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(left);
    make_old(left, ".journal");
    make_old(left, ".mp4.part");
    open_with_loop(&shelf, &loop);
    shelf_tend(&shelf, INT64_MAX / 2, INT64_MAX / 2, 0);
    shelf_recover(&shelf, "gate");
    shelf_go_on(&shelf);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_ptr_nonnull(shelf_find(&shelf, left));
    ck_assert_uint_eq(count_clips(&shelf), 1);
    ck_assert(!shelf_is_recovering(&shelf, "gate"));
    ck_assert_int_eq(count_files(".journal", false), 0);
    close_with_loop(&shelf, &loop);
    remove_folder();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video intake");
    TCase *loop = tcase_create("loop");
    tcase_add_test(loop, a_full_folder_is_taken_in_piece_by_piece);
    tcase_add_test(loop, it_is_not_opened_again_beside_what_is_still_under_way);
    tcase_add_test(loop, a_shelf_that_rests_begins_nothing);
    tcase_add_test(loop, a_rest_that_waits_for_the_intake_stops_no_notes);
    tcase_add_test(loop, what_a_search_finds_goes_before_what_waits);
    tcase_add_test(loop, what_waits_already_is_not_put_there_twice);
    tcase_add_test(loop, what_is_old_is_recovered_before_it_is_tidied);
    suite_add_tcase(suite, loop);
    return run_suite(suite);
}
