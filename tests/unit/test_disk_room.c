/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a disk, and when that is short. */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/disk_room.h"
#include "run_suite.h"

static struct statvfs known;
static const char *asked;

int __wrap_statvfs(const char *path, struct statvfs *fs);
int __wrap_statvfs(const char *path, struct statvfs *fs)
{
    asked = path;
    *fs = known;
    errno = EIO;
    return known.f_frsize == 0 ? -1 : 0;
}

START_TEST(what_is_kept_for_root_is_not_free)
{
    known = (struct statvfs){.f_frsize = 4096, .f_bsize = 1 << 20, .f_bavail = 3, .f_bfree = 9};
    ck_assert_int_eq(disk_free_bytes("/state"), 3 * 4096);
    ck_assert_str_eq(asked, "/state");
    known.f_bavail = (fsblkcnt_t)1 << 32; /* 16 TiB */
    ck_assert_int_eq(disk_free_bytes("/state"), INT64_C(4096) << 32);
    known = (struct statvfs){.f_bavail = 7};
    ck_assert_int_eq(disk_free_bytes("/state"), DISK_FREE_UNKNOWN);
}
END_TEST

START_TEST(worse_at_once_and_better_with_a_quarter_more)
{
    static const struct {
        enum disk_room was;
        int64_t free_bytes;
        enum disk_room next;
    } steps[] = {
        {DISK_ROOM_GOOD, 200, DISK_ROOM_GOOD},   {DISK_ROOM_GOOD, 199, DISK_ROOM_SHORT},
        {DISK_ROOM_SHORT, 249, DISK_ROOM_SHORT}, {DISK_ROOM_SHORT, 250, DISK_ROOM_GOOD},
        {DISK_ROOM_SHORT, 100, DISK_ROOM_SHORT}, {DISK_ROOM_SHORT, 99, DISK_ROOM_FULL},
        {DISK_ROOM_GOOD, 99, DISK_ROOM_FULL},    {DISK_ROOM_FULL, 124, DISK_ROOM_FULL},
        {DISK_ROOM_FULL, 125, DISK_ROOM_SHORT},  {DISK_ROOM_FULL, 249, DISK_ROOM_SHORT},
        {DISK_ROOM_FULL, 250, DISK_ROOM_GOOD},   {DISK_ROOM_FULL, 0, DISK_ROOM_FULL},
        {DISK_ROOM_FULL, -1, DISK_ROOM_FULL},    {DISK_ROOM_GOOD, -1, DISK_ROOM_GOOD},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        ck_assert_msg(disk_room_next(steps[i].was, steps[i].free_bytes, 100) == steps[i].next,
                      "step %zu", i);
    ck_assert_int_eq(disk_room_next(DISK_ROOM_FULL, disk_room_good_bytes(100), 100),
                     DISK_ROOM_GOOD);
    ck_assert_int_eq(disk_room_next(DISK_ROOM_FULL, disk_room_good_bytes(100) - 1, 100),
                     DISK_ROOM_SHORT);
}
END_TEST

START_TEST(each_has_a_word)
{
    ck_assert_str_eq(disk_room_name(DISK_ROOM_GOOD), "good");
    ck_assert_str_eq(disk_room_name(DISK_ROOM_SHORT), "short");
    ck_assert_str_eq(disk_room_name(DISK_ROOM_FULL), "full");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk room");
    TCase *tc = tcase_create("disk room");
    tcase_add_test(tc, what_is_kept_for_root_is_not_free);
    tcase_add_test(tc, worse_at_once_and_better_with_a_quarter_more);
    tcase_add_test(tc, each_has_a_word);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
