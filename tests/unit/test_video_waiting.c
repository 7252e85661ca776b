/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-video while its folder is not there: how often it looks for it, with a time that is the
 * test's, and what it says. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/folder_lock.h"
#include "run_suite.h"
#include "video/cameras.h"
#include "video/folder_room.h"
#include "video/shelf.h"
#include "video_supervisor_stage.h"

#define AGAIN_MS 2000 /* between two tries */

enum seen { SEEN_NOTHING, SEEN_GONE, SEEN_ANOTHERS };

/* As both processes know it. */
struct known {
    atomic_llong now_ms;
    atomic_uint tries, ticks, looks; /* at the folder, of the supervisor, at the folder's room */
    atomic_int seen;                 /* what the next look at the folder sees */
};

static struct known *shared;

static FILE *log_file;

int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_monotonic_ms(void)
{
    return shared->now_ms;
}

int __real_shelf_open(struct shelf *s, const char *dir, struct err *e);
int __wrap_shelf_open(struct shelf *s, const char *dir, struct err *e);
int __wrap_shelf_open(struct shelf *s, const char *dir, struct err *e)
{
    shared->tries++;
    return __real_shelf_open(s, dir, e);
}

void __real_cameras_tick(struct cameras *c, int64_t now_ms);
void __wrap_cameras_tick(struct cameras *c, int64_t now_ms);
void __wrap_cameras_tick(struct cameras *c, int64_t now_ms)
{
    __real_cameras_tick(c, now_ms);
    shared->ticks++;
}

void __real_folder_room_tick(struct folder_room *r, int64_t now_ms, int64_t keep_bytes);
void __wrap_folder_room_tick(struct folder_room *r, int64_t now_ms, int64_t keep_bytes);
void __wrap_folder_room_tick(struct folder_room *r, int64_t now_ms, int64_t keep_bytes)
{
    shared->looks++;
    int seen = atomic_exchange(&shared->seen, SEEN_NOTHING);
    r->is_gone = seen == SEEN_GONE;
    r->is_of_another = seen == SEEN_ANOTHERS;
    if (seen == SEEN_NOTHING)
        __real_folder_room_tick(r, now_ms, keep_bytes);
    else
        r->on_look(r->arg, r->state);
}

/* What the supervisor logs goes into a file. */
static void begin_logged(const char *what_lacks)
{
    int own = dup(STDERR_FILENO);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
    shared->now_ms = 1000000;
    log_file = tmpfile();
    ck_assert_ptr_nonnull(log_file);
    dup2(fileno(log_file), STDERR_FILENO);
    lacks = what_lacks;
    begin("horse\n");
    dup2(own, STDERR_FILENO);
    close(own);
}

static void set_up(void)
{
    begin_logged("dir");
}

static void set_up_whole(void)
{
    begin_logged("");
}

static unsigned wanted_ticks;

static bool has_ticked(const char *word)
{
    (void)word;
    return shared->ticks >= wanted_ticks;
}

/* The first of them may have looked at the clock before. */
static void run_ticks(unsigned count)
{
    wanted_ticks = shared->ticks + count;
    run_until_file(has_ticked, "");
}

static unsigned count_lines_with(const char *words)
{
    char line[1000];
    unsigned count = 0;
    rewind(log_file);
    while (fgets(line, sizeof line, log_file))
        count += strstr(line, words) != NULL;
    return count;
}

START_TEST(a_folder_is_looked_for_every_two_seconds_and_missed_once_in_the_log)
{
    run_ticks(2);
    ck_assert_uint_eq(shared->tries, 1); /* at the start */
    shared->now_ms += AGAIN_MS;
    run_ticks(3);
    ck_assert_uint_eq(shared->tries, 2);
    ck_assert_uint_eq(shared->looks, 0); /* there is nothing to look at */
    ck_assert_uint_eq(
        count_lines_with("Not a directory: no camera is started until that is mended"), 1);
    fclose(log_file);
}
END_TEST

/* The clock stands: it is not looked for meanwhile. */
static void see(enum seen what)
{
    RUN_UNTIL(cameras[0].state == MESSAGE_CAMERA_ONLINE);
    shared->seen = what;
    RUN_UNTIL(strstr(cameras[0].reason, "video/clips is "));
}

START_TEST(a_folder_that_has_gone_is_waited_for)
{
    see(SEEN_GONE);
    ck_assert_str_eq(strrchr(cameras[0].reason, '/'), "/clips is gone");
    ck_assert_uint_eq(count_lines_with("is gone: no camera is started until that is mended"), 1);
    fclose(log_file);
}
END_TEST

static bool has_ended(const char *word)
{
    int status;
    (void)word;
    shared->now_ms += AGAIN_MS;
    if (waitpid(supervisor, &status, WNOHANG) != supervisor)
        return false;
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    return true;
}

START_TEST(one_that_another_has_is_not_waited_for)
{
    char path[120];
    struct err e;
    int lock = -1;
    see(SEEN_ANOTHERS);
    ck_assert_str_eq(strrchr(cameras[0].reason, '/'), "/clips is another tocsin-video's");
    ck_assert_uint_eq(count_lines_with("is another tocsin-video's: this one ends its cameras, and "
                                       "itself if that one is still there then"),
                      1);
    snprintf(path, sizeof path, "%s/video/clips", folder.path);
    ck_assert_int_eq(folder_lock_take(path, "tocsin-video", &lock, &e), 0);
    run_until_file(has_ended, "");
    close(lock);
    memset(cameras, 0, sizeof cameras);
    supervisor = run_with(folder.file); /* as systemd does */
    RUN_UNTIL(cameras[0].state == MESSAGE_CAMERA_ONLINE);
    fclose(log_file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video waiting");
    TCase *tests = tcase_create("folder");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_folder_is_looked_for_every_two_seconds_and_missed_once_in_the_log);
    suite_add_tcase(suite, tests);
    TCase *lost = tcase_create("lost");
    tcase_add_checked_fixture(lost, set_up_whole, tear_down);
    tcase_add_test(lost, a_folder_that_has_gone_is_waited_for);
    tcase_add_test(lost, one_that_another_has_is_not_waited_for);
    suite_add_tcase(suite, lost);
    return run_suite(suite);
}
