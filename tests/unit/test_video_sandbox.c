/* SPDX-License-Identifier: Apache-2.0 */
/* What a camera's worker may do once it parses what the camera sends, and what not. Each case runs
 * in a process of its own (Check forks), which stays in the sandbox until it ends. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netdb.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "run_suite.h"
#include "video/sandbox.h"

/* The leak checker starts a process at the end, which is what the sandbox is there to refuse. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}

/*
 * Check asks, before a test and after it, which clock there is, by a timer; after it the sandbox
 * refuses one, and Check would take the wall clock: the difference of two clocks, which it cannot
 * send if it is negative in 32 bits, as it is after every second boot of a machine.
 */
int timer_create(clockid_t clock, struct sigevent *event, timer_t *ret_timer)
{
    int (*real)(clockid_t, struct sigevent *, timer_t *) =
        (__typeof__(real))dlsym(RTLD_NEXT, "timer_create");
    *ret_timer = NULL; /* to be deleted, which is refused as well */
    int result = real(clock, event, ret_timer);
    return result != 0 && errno == EPERM ? 0 : result;
}

static char folder[TEST_FOLDER_SIZE];
static char elsewhere[TEST_FOLDER_SIZE], readable[64]; /* what a driver's options name */

static void enter(void)
{
    struct err e;
    const char *const files[] = {readable, NULL};
    if (sandbox_enter(folder, files, (size_t)4 << 30, &e) != 0 || sandbox_seal(&e) != 0)
        ck_abort_msg("%s", e.text);
}

/* What is logged from now on, and what it was: the sandbox opens no file for it. */
static void catch_log(void)
{
    ck_assert_int_eq(dup2(memfd_create("log", 0), STDERR_FILENO), STDERR_FILENO);
}

static const char *caught_log(void)
{
    static char text[4096];
    ssize_t length = pread(STDERR_FILENO, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

/* By Check itself: from within the sandbox it would be refused. */
static void make_folder(void)
{
    test_folder(folder, sizeof folder);
    test_folder(elsewhere, sizeof elsewhere);
    snprintf(readable, sizeof readable, "%s/film", elsewhere);
    close(open(readable, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void remove_folder(void)
{
    rmdir(folder);
    unlink(readable);
    rmdir(elsewhere);
}

START_TEST(no_process_is_started)
{
    enter();
    ck_assert_int_eq(fork(), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(execl("/bin/true", "true", (char *)NULL), -1);
    ck_assert_int_eq(errno, EPERM);
}
END_TEST

START_TEST(no_other_process_is_touched)
{
    enter();
    ck_assert_int_eq(kill(getppid(), 0), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), -1);
}
END_TEST

START_TEST(the_network_is_that_of_cameras_and_no_server)
{
    enter();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(listen(fd, 1), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(socket(AF_PACKET, SOCK_RAW, 0), -1);
    ck_assert_int_eq(errno, EPERM);
}
END_TEST

START_TEST(names_can_be_looked_up)
{
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM};
    enter();
    ck_assert_int_eq(getaddrinfo("localhost", "554", &hints, &found), 0);
    freeaddrinfo(found);
}
END_TEST

START_TEST(clips_can_be_written)
{
    char path[128], final[128];
    enter();
    snprintf(path, sizeof path, "%s/a.part", folder);
    snprintf(final, sizeof final, "%s/a", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0640);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, "x", 1), 1);
    ck_assert_int_eq(fsync(fd), 0);
    ck_assert_int_eq(rename(path, final), 0);
    ck_assert_int_eq(unlink(final), 0);
}
END_TEST

/* Without Landlock in the kernel this is left to the unit's ProtectSystem= and to file modes. */
static bool kernel_has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

START_TEST(nothing_is_written_elsewhere)
{
    bool limited = kernel_has_landlock();
    enter();
    int fd = open("/tmp/test_video_sandbox.outside", O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(fd >= 0, !limited);
    unlink("/tmp/test_video_sandbox.outside");
    ck_assert_int_eq(open("/tmp", O_RDONLY | O_DIRECTORY) >= 0, !limited);
}
END_TEST

START_TEST(a_file_that_the_driver_plays_can_be_read_and_not_written)
{
    bool limited = kernel_has_landlock();
    enter();
    ck_assert_int_ge(open(readable, O_RDONLY), 0);
    ck_assert_int_eq(open(readable, O_WRONLY) >= 0, !limited);
}
END_TEST

static int to_thread[2], from_thread[2];

/* What a thread that runs already may ask for after the seal. */
static void *ask(void *arg)
{
    char byte = 'x';
    if (write(from_thread[1], &byte, 1) != 1 || read(to_thread[0], &byte, 1) != 1)
        return NULL;
    return socket(AF_PACKET, SOCK_RAW, 0) == -1 && errno == EPERM ? arg : NULL;
}

START_TEST(a_thread_that_was_there_before_is_sealed_too)
{
    struct err e;
    const char *const files[] = {NULL};
    pthread_t thread;
    void *result;
    char byte;
    ck_assert(pipe(to_thread) == 0 && pipe(from_thread) == 0);
    ck_assert_int_eq(sandbox_enter(folder, files, (size_t)4 << 30, &e), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask, folder), 0);
    ck_assert_int_eq((int)read(from_thread[0], &byte, 1), 1);
    ck_assert_int_eq(sandbox_seal(&e), 0);
    ck_assert_int_eq((int)write(to_thread[1], "x", 1), 1);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, folder);
    ck_assert_int_ne(pthread_create(&thread, NULL, ask, folder), 0);
}
END_TEST

/* The clips' thread and the pool's are made before the seal, and a busy machine lets them run after
 * it: the C library ends a process whose thread cannot say these. */
START_TEST(a_thread_that_was_made_before_may_begin_after_the_seal)
{
    enter();
    ck_assert_int_eq((int)syscall(SYS_rseq, NULL, 0, 0, 0), -1);
    ck_assert_int_ne(errno, EPERM);
    ck_assert_int_eq((int)syscall(SYS_set_robust_list, NULL, 0), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static void on_timer(uv_timer_t *timer)
{
    int *count = timer->data;
    if (++*count == 3)
        uv_timer_stop(timer);
}

START_TEST(a_loop_runs)
{
    uv_loop_t loop;
    uv_timer_t timer;
    int count = 0;
    struct err e;
    ck_assert_int_eq(sandbox_prepare(&e), 0);
    ck_assert_int_eq((int)syscall(SYS_io_uring_setup, 0, NULL), -1);
    ck_assert_int_eq(errno, ENOSYS);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    enter();
    uv_timer_init(&loop, &timer);
    timer.data = &count;
    uv_timer_start(&timer, on_timer, 1, 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(count, 3);
}
END_TEST

START_TEST(the_log_says_that_landlock_is_on_where_it_is)
{
    bool limited = kernel_has_landlock();
    catch_log();
    enter();
    ck_assert_int_eq(strstr(caught_log(), "Landlock is on") != NULL, limited);
}
END_TEST

/* As a unit does that names too few calls. */
static void refuse_call(int number)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    ck_assert_int_eq(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0), 0);
    ck_assert_int_eq(seccomp_load(filter), 0);
    seccomp_release(filter);
}

START_TEST(a_filter_that_refuses_landlock_is_blamed_and_not_the_kernel)
{
    refuse_call(SCMP_SYS(landlock_create_ruleset));
    catch_log();
    enter();
    ck_assert_ptr_nonnull(strstr(caught_log(), "SystemCallFilter="));
    ck_assert_ptr_null(strstr(caught_log(), "is on"));
    ck_assert_int_eq(fork(), -1); /* the rest holds */
}
END_TEST

static const int halves[] = {SCMP_SYS(landlock_add_rule), SCMP_SYS(landlock_restrict_self)};

START_TEST(half_a_landlock_is_an_error)
{
    if (!kernel_has_landlock())
        return;
    struct err e;
    const char *const files[] = {NULL};
    refuse_call(halves[_i]);
    ck_assert_int_eq(sandbox_enter(folder, files, (size_t)4 << 30, &e), -EPERM);
    ck_assert_ptr_nonnull(strstr(e.text, "Landlock"));
}
END_TEST

START_TEST(each_reason_for_no_landlock_has_words_of_its_own)
{
    ck_assert_ptr_nonnull(strstr(sandbox_landlock_refusal(ENOSYS), "has no Landlock"));
    ck_assert_ptr_nonnull(strstr(sandbox_landlock_refusal(EOPNOTSUPP), "lsm="));
    ck_assert_ptr_nonnull(strstr(sandbox_landlock_refusal(EPERM), "SystemCallFilter="));
    ck_assert_str_eq(sandbox_landlock_refusal(ENOMEM), strerror(ENOMEM));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video sandbox");
    TCase *sandbox = tcase_create("sandbox");
    tcase_add_unchecked_fixture(sandbox, make_folder, remove_folder);
    tcase_add_test(sandbox, no_process_is_started);
    tcase_add_test(sandbox, no_other_process_is_touched);
    tcase_add_test(sandbox, the_network_is_that_of_cameras_and_no_server);
    tcase_add_test(sandbox, names_can_be_looked_up);
    tcase_add_test(sandbox, clips_can_be_written);
    tcase_add_test(sandbox, nothing_is_written_elsewhere);
    tcase_add_test(sandbox, a_file_that_the_driver_plays_can_be_read_and_not_written);
    tcase_add_test(sandbox, a_thread_that_was_there_before_is_sealed_too);
    tcase_add_test(sandbox, a_thread_that_was_made_before_may_begin_after_the_seal);
    tcase_add_test(sandbox, a_loop_runs);
    tcase_add_test(sandbox, the_log_says_that_landlock_is_on_where_it_is);
    tcase_add_test(sandbox, a_filter_that_refuses_landlock_is_blamed_and_not_the_kernel);
    tcase_add_loop_test(sandbox, half_a_landlock_is_an_error, 0, sizeof halves / sizeof *halves);
    tcase_add_test(sandbox, each_reason_for_no_landlock_has_words_of_its_own);
    suite_add_tcase(suite, sandbox);
    return run_suite(suite);
}
