/* SPDX-License-Identifier: Apache-2.0 */
/* Which file systems forget, by what the kernel says of them. */
#include "base/lasting.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "run_suite.h"

/* The kernel: folders, and what each is on; every other one is not there. */
static struct {
    const char *path;
    unsigned long magic;
} folders[4];
static const char *mountinfo;
static dev_t device;

int __wrap_statfs(const char *path, struct statfs *ret_fs);
int __wrap_stat(const char *path, struct stat *ret_st);
FILE *__wrap_fopen(const char *path, const char *mode);

int __wrap_statfs(const char *path, struct statfs *ret_fs)
{
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (folders[i].path && strcmp(folders[i].path, path) == 0) {
            memset(ret_fs, 0, sizeof *ret_fs);
            ret_fs->f_type = (__typeof__(ret_fs->f_type))folders[i].magic;
            return 0;
        }
    }
    errno = ENOENT;
    return -1;
}

int __wrap_stat(const char *path, struct stat *ret_st)
{
    (void)path;
    *ret_st = (struct stat){.st_dev = device};
    return 0;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    ck_assert_str_eq(path, "/proc/self/mountinfo");
    (void)mode;
    return mountinfo ? fmemopen((void *)(uintptr_t)mountinfo, strlen(mountinfo), "r") : NULL;
}

static void set_up(void)
{
    memset(folders, 0, sizeof folders);
    mountinfo = NULL;
    device = makedev(0, 42);
}

static void put(size_t i, const char *path, unsigned long magic)
{
    folders[i].path = path;
    folders[i].magic = magic;
}

START_TEST(memory_forgets_and_disks_do_not)
{
    put(0, "/run/state", TMPFS_MAGIC);
    put(1, "/state", RAMFS_MAGIC);
    put(2, "/var/lib/tocsin", EXT4_SUPER_MAGIC);
    put(3, "/flash", F2FS_SUPER_MAGIC);
    ck_assert_str_eq(lasting_forgets("/run/state"), "tmpfs");
    ck_assert_str_eq(lasting_forgets("/state"), "ramfs");
    ck_assert_ptr_null(lasting_forgets("/var/lib/tocsin"));
    ck_assert_ptr_null(lasting_forgets("/flash"));
}
END_TEST

START_TEST(a_folder_that_is_not_there_yet_will_be_on_what_is_above_it)
{
    put(0, "/", EXT4_SUPER_MAGIC);
    put(1, "/run", TMPFS_MAGIC);
    ck_assert_str_eq(lasting_forgets("/run/a/b/c"), "tmpfs");
    ck_assert_ptr_null(lasting_forgets("/a/b"));
    ck_assert_ptr_null(lasting_forgets("/a"));
    ck_assert_ptr_null(lasting_forgets("a/b"));
    ck_assert_ptr_null(lasting_forgets(""));
    put(0, "/", TMPFS_MAGIC);
    ck_assert_str_eq(lasting_forgets("/a/b"), "tmpfs");
}
END_TEST

START_TEST(a_path_that_is_too_long_or_nowhere_ends)
{
    char path[5000];
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = '\0';
    ck_assert_ptr_null(lasting_forgets(path));
    ck_assert_ptr_null(lasting_forgets("/a/b")); /* not even the root is there */
}
END_TEST

static const char mounts[] =
    "21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
    "30 21 0:41 / /a rw - overlay overlay rw,lowerdir=/l,upperdir=/a/upper,workdir=/a/work\n"
    "31 21 0:42 / / rw shared:1 - overlay overlayroot "
    "rw,lowerdir=/l,upperdir=/o\\040o/u,workdir=/w\n"
    "32 21 0:43 / /ro ro - overlay overlay ro,lowerdir=/l:/m\n"
    "33 21 0:44 / /b rw - overlay overlay rw,lowerdir=/l,workdir=/w,upperdir=/end\n";

START_TEST(an_overlay_is_what_its_upper_folder_is_on)
{
    put(0, "/var", OVERLAYFS_SUPER_MAGIC);
    put(1, "/o o/u", TMPFS_MAGIC);
    put(2, "/end", RAMFS_MAGIC);
    put(3, "/a/upper", EXT4_SUPER_MAGIC);
    ck_assert_ptr_null(lasting_forgets("/var/lib")); /* nobody says what it is made of */
    mountinfo = mounts;
    ck_assert_str_eq(lasting_forgets("/var/lib"), "an overlay over tmpfs");
    device = makedev(0, 44);
    ck_assert_str_eq(lasting_forgets("/var/lib"), "an overlay over ramfs");
    device = makedev(0, 41);
    ck_assert_ptr_null(lasting_forgets("/var/lib"));
    device = makedev(0, 43); /* read-only: it has none */
    ck_assert_ptr_null(lasting_forgets("/var/lib"));
    device = makedev(0, 42);
    folders[1].path = NULL; /* it was moved out of sight */
    ck_assert_ptr_null(lasting_forgets("/var/lib"));
}
END_TEST

START_TEST(an_upper_folder_that_does_not_fit_is_none)
{
    char upper[5];
    FILE *file = fmemopen((void *)(uintptr_t)mounts, strlen(mounts), "r");
    ck_assert_int_eq(lasting_find_upper(file, makedev(0, 44), upper, sizeof upper), 0);
    ck_assert_str_eq(upper, "/end");
    rewind(file);
    ck_assert_int_lt(lasting_find_upper(file, makedev(0, 44), upper, sizeof upper - 1), 0);
    fclose(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lasting");
    TCase *tc = tcase_create("lasting");
    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_test(tc, memory_forgets_and_disks_do_not);
    tcase_add_test(tc, a_folder_that_is_not_there_yet_will_be_on_what_is_above_it);
    tcase_add_test(tc, a_path_that_is_too_long_or_nowhere_ends);
    tcase_add_test(tc, an_overlay_is_what_its_upper_folder_is_on);
    tcase_add_test(tc, an_upper_folder_that_does_not_fit_is_none);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
