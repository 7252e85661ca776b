/* SPDX-License-Identifier: Apache-2.0 */
/* How old clips are: by the time that was counted, over restarts and reboots, and by no wall
 * clock. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "run_suite.h"
#include "video/shelf.h"
#include "video_clip_stage.h"
#include "video_shelf_stage.h"
#include "video_units.h"

#define HOUR INT64_C(3600000)
#define YEAR (366 * 24 * HOUR)

static int64_t monotonic_ms, wall_ms;
static char boot[CLOCK_BOOT_ID_SIZE];

int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_monotonic_ms(void)
{
    return monotonic_ms;
}

int64_t __wrap_clock_wall_ms(void);
int64_t __wrap_clock_wall_ms(void)
{
    return wall_ms;
}

int __wrap_clock_boot_id(char ret_id[CLOCK_BOOT_ID_SIZE], struct err *e);
int __wrap_clock_boot_id(char ret_id[CLOCK_BOOT_ID_SIZE], struct err *e)
{
    (void)e;
    memcpy(ret_id, boot, sizeof boot);
    return 0;
}

/* What the log was warned of. */
static unsigned told;

void __wrap_log_line(enum log_level level, const char *module, const char *format, ...);
void __wrap_log_line(enum log_level level, const char *module, const char *format, ...)
{
    (void)module;
    (void)format;
    told += level == LOG_LEVEL_WARNING;
}

static struct shelf shelf;

/* One clip that everybody has. */
static void set_up(void)
{
    monotonic_ms = 5000;
    wall_ms = INT64_C(1764230400000);
    strcpy(boot, "first");
    make_folder();
    open_shelf(&shelf);
    struct message made = make_clip(BEGIN, 10);
    struct shelf_clip *clip = put_on(&shelf, &made);
    shelf_mark(&shelf, clip, true, true);
}

static void tear_down(void)
{
    shelf_close(&shelf);
    remove_folder();
}

static void restart(void)
{
    shelf_close(&shelf);
    open_shelf(&shelf);
}

static size_t left_after(int64_t keep_ms)
{
    shelf_tend(&shelf, keep_ms, INT64_MAX / 2, 0);
    return count_clips(&shelf);
}

START_TEST(a_wall_clock_that_is_years_ahead_makes_no_clip_old)
{
    wall_ms += 20 * YEAR;
    monotonic_ms += HOUR;
    ck_assert_uint_eq(left_after(2 * HOUR), 1);
    wall_ms -= 40 * YEAR; /* nor does one that is behind keep it */
    monotonic_ms += HOUR + 1;
    ck_assert_uint_eq(left_after(2 * HOUR), 0);
}
END_TEST

START_TEST(time_is_counted_over_a_restart_within_a_boot)
{
    monotonic_ms += HOUR / 2;
    ck_assert_uint_eq(left_after(2 * HOUR), 1); /* notes what it has counted */
    monotonic_ms += HOUR / 2;
    restart();
    ck_assert_uint_eq(left_after(2 * HOUR), 1);
    monotonic_ms += HOUR + 1;
    restart();
    ck_assert_uint_eq(left_after(2 * HOUR), 0);
}
END_TEST

static long long noted_ms(void)
{
    char path[300], text[200] = "";
    snprintf(path, sizeof path, "%s/counted", clips());
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    const char *at = strstr(text, "\"ran_ms\"");
    ck_assert_ptr_nonnull(at);
    return atoll(strchr(at, ':') + 1);
}

/* An eMMC bears so many writes and no more, and the shelf is tended each minute. */
START_TEST(the_count_is_noted_each_ten_minutes)
{
    long long notes = 0, before = noted_ms();
    for (int minute = 1; minute <= 60; minute++) {
        monotonic_ms += HOUR / 60;
        left_after(2 * HOUR);
        notes += noted_ms() != before;
        before = noted_ms();
    }
    ck_assert_int_eq(notes, 6);
    ck_assert_int_eq(before, HOUR);
}
END_TEST

START_TEST(time_is_counted_over_a_reboot_and_not_between)
{
    monotonic_ms += HOUR;
    ck_assert_uint_eq(left_after(2 * HOUR), 1);
    strcpy(boot, "second");
    wall_ms += YEAR; /* it was switched off */
    monotonic_ms = 1000;
    restart();
    ck_assert_uint_eq(left_after(2 * HOUR), 1);
    monotonic_ms += HOUR;
    ck_assert_uint_eq(left_after(2 * HOUR), 0); /* the second before the restart is counted, too */
}
END_TEST

/* Or a clip would be kept for as long as was counted before. */
START_TEST(where_the_count_is_lost_the_clips_tell_what_it_was_at_least)
{
    char path[300];
    monotonic_ms += 100 * HOUR;
    struct message made = make_clip(BEGIN, 10);
    shelf_mark(&shelf, put_on(&shelf, &made), true, true);
    snprintf(path, sizeof path, "%s/counted", clips());
    remove(path);
    monotonic_ms = 1000;
    restart();
    ck_assert_uint_eq(left_after(90 * HOUR), 1); /* the first is a hundred hours old */
    monotonic_ms += 91 * HOUR;
    ck_assert_uint_eq(left_after(90 * HOUR), 0);
}
END_TEST

/* What its note says of when it was finished: what cannot be makes no other clip old. */
static void write_note(const char *id, const char *ran_ms)
{
    char path[300], *text;
    struct err e;
    snprintf(path, sizeof path, "%s/%s.json", clips(), id);
    ck_assert_int_eq(atomic_file_read(path, 1 << 20, &text, NULL, &e), 0);
    json_t *note = json_loads(text, 0, NULL), *age = json_loads(ran_ms, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(age);
    ck_assert_int_eq(json_object_set_new(note, "ran_ms", age), 0);
    free(text);
    text = json_dumps(note, JSON_COMPACT);
    json_decref(note);
    ck_assert_int_eq(atomic_file_write(path, 0640, text, strlen(text), &e), 0);
    free(text);
}

START_TEST(a_note_of_an_age_that_cannot_be_makes_its_clip_new_and_no_other_old)
{
    static const char *const ages[] = {
        "4000000000000000000", "9223372036854775807", "-1", "-9223372036854775808", "\"1\"",
        "1209600000"};
    char id[UUID_TEXT_SIZE];
    monotonic_ms += HOUR;
    struct message made = make_clip(BEGIN, 10);
    memcpy(id, made.clip.id, sizeof id);
    shelf_mark(&shelf, put_on(&shelf, &made), true, true);
    ck_assert_uint_eq(left_after(2 * HOUR), 2);
    for (int starts = 0; starts < 2; starts++) {
        if (starts == 0)
            write_note(id, ages[_i]);
        told = 0;
        restart();
        ck_assert_uint_eq(told, starts == 0); /* what was taken is written down */
        ck_assert_uint_eq(left_after(2 * HOUR), 2);
    }
    monotonic_ms += HOUR + 1;
    ck_assert_uint_eq(left_after(2 * HOUR), 1); /* the other, in its time */
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    restart();
    monotonic_ms += HOUR;
    ck_assert_uint_eq(left_after(2 * HOUR), 0);
}
END_TEST

/* Then no note of it bounds the others'. */
START_TEST(where_the_count_is_lost_no_clip_is_of_another_century)
{
    char id[UUID_TEXT_SIZE], path[300];
    monotonic_ms += HOUR;
    struct message made = make_clip(BEGIN, 10);
    memcpy(id, made.clip.id, sizeof id);
    shelf_mark(&shelf, put_on(&shelf, &made), true, true);
    ck_assert_uint_eq(left_after(2 * HOUR), 2);
    write_note(id, "3155760000001");
    snprintf(path, sizeof path, "%s/counted", clips());
    ck_assert_int_eq(remove(path), 0);
    told = 0;
    restart();
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(left_after(2 * HOUR), 2);
}
END_TEST

/* A reboot may take what was counted behind the last note of it: a clip of then is no false one. */
START_TEST(a_note_of_after_the_last_count_is_believed)
{
    char id[UUID_TEXT_SIZE];
    monotonic_ms += HOUR;
    ck_assert_uint_eq(left_after(9 * HOUR), 1); /* notes what it has counted */
    monotonic_ms += HOUR / 7;
    struct message made = make_clip(BEGIN, 10);
    memcpy(id, made.clip.id, sizeof id);
    shelf_mark(&shelf, put_on(&shelf, &made), true, true);
    strcpy(boot, "second");
    monotonic_ms = 1000;
    restart();
    ck_assert_int_eq(shelf.counted.ran_ms, HOUR + HOUR / 7);
    ck_assert_int_eq(shelf_find(&shelf, id)->note.ran_ms, HOUR + HOUR / 7);
}
END_TEST

#define DAYS (48 * HOUR)

/* The files are the kernel's, with its time. */
START_TEST(a_wall_clock_that_is_set_takes_nothing_that_is_being_written)
{
    char id[UUID_TEXT_SIZE] = "";
    wall_ms = (int64_t)time(NULL) * 1000;
    restart();
    write_and_die(id);
    wall_ms += DAYS; /* set ahead */
    left_after(YEAR);
    ck_assert_int_eq(count_files(".part", false) + count_files(".journal", false), 2);
    wall_ms -= DAYS;
    monotonic_ms += DAYS; /* set back */
    left_after(YEAR);
    ck_assert_int_eq(count_files(".part", false) + count_files(".journal", false), 2);
    wall_ms += DAYS; /* set by nobody */
    left_after(YEAR);
    ck_assert_int_eq(count_files(".part", false) + count_files(".journal", false), 0);
}
END_TEST

START_TEST(what_was_counted_stays_counted_in_a_folder_that_is_there_again)
{
    char path[300];
    struct err e;
    snprintf(path, sizeof path, "%s/counted", clips());
    monotonic_ms += 3 * HOUR;
    ck_assert_uint_eq(left_after(4 * HOUR), 1); /* notes it */
    for (int i = 0; i < 2; i++) {
        shelf_leave(&shelf);
        monotonic_ms += HOUR / 4;
        ck_assert_int_eq(shelf_open(&shelf, clips_base, &e), 0);
        ck_assert_uint_eq(count_clips(&shelf), 1);
        ck_assert_int_eq(shelf.counted.ran_ms, 3 * HOUR + (i + 1) * HOUR / 4);
        remove(path); /* another one is there */
    }
    monotonic_ms += HOUR / 2 + 1;
    ck_assert_uint_eq(left_after(4 * HOUR), 0);
}
END_TEST

/* Once it had a count, and is refused it: not as if there had never been one. */
START_TEST(a_count_that_may_not_be_read_is_told)
{
    char path[300];
    struct counted c;
    counted_init(&c, monotonic_ms);
    snprintf(path, sizeof path, "%s/counted", clips());
    remove(path);
    told = 0;
    shelf_files_load_count(clips(), &c);
    ck_assert_uint_eq(told, 0); /* the first start */
    ck_assert_int_eq(mkdir(path, 0700), 0);
    shelf_files_load_count(clips(), &c);
    ck_assert_uint_eq(told, 1);
    rmdir(path);
}
END_TEST

START_TEST(a_count_that_cannot_be_read_begins_anew)
{
    static const char *const texts[] = {
        "",
        "{}",
        "{\"boot\":\"first\",\"ran_ms\":-1,\"at_ms\":5}",
        "{\"boot\":\"first\",\"ran_ms\":1,\"at_ms\":-5}",
        "{\"boot\":\"first\",\"ran_ms\":1,\"at_ms\":700}", /* later than now */
        "{\"boot\":\"first\",\"ran_ms\":9223372036854775807,\"at_ms\":5}",
        "{\"boot\":\"first\",\"ran_ms\":3155760000001,\"at_ms\":5}",
        "{\"boot\":1,\"ran_ms\":1,\"at_ms\":5}",
        "{\"boot\":\"first\",\"ran_ms\":\"1\",\"at_ms\":5}",
    };
    struct counted c;
    struct err e;
    counted_init(&c, 600);
    ck_assert_int_lt(counted_load(&c, texts[_i], "first", 600, &e), 0);
    ck_assert_int_eq(c.ran_ms, 0);
    counted_go_on(&c, 650);
    ck_assert_int_eq(c.ran_ms, 50);
    counted_go_on(&c, 640); /* never back */
    ck_assert_int_eq(c.ran_ms, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video age");
    TCase *tc = tcase_create("age");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_wall_clock_that_is_years_ahead_makes_no_clip_old);
    tcase_add_test(tc, time_is_counted_over_a_restart_within_a_boot);
    tcase_add_test(tc, the_count_is_noted_each_ten_minutes);
    tcase_add_test(tc, time_is_counted_over_a_reboot_and_not_between);
    tcase_add_test(tc, where_the_count_is_lost_the_clips_tell_what_it_was_at_least);
    tcase_add_loop_test(tc, a_note_of_an_age_that_cannot_be_makes_its_clip_new_and_no_other_old, 0,
                        6);
    tcase_add_test(tc, where_the_count_is_lost_no_clip_is_of_another_century);
    tcase_add_test(tc, a_note_of_after_the_last_count_is_believed);
    tcase_add_test(tc, a_wall_clock_that_is_set_takes_nothing_that_is_being_written);
    tcase_add_test(tc, what_was_counted_stays_counted_in_a_folder_that_is_there_again);
    tcase_add_test(tc, a_count_that_may_not_be_read_is_told);
    tcase_add_loop_test(tc, a_count_that_cannot_be_read_begins_anew, 0, 9);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
