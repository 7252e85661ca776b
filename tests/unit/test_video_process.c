/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's side of a worker: what it says is heard line by line and not trusted, what hangs
 * or talks nonsense is killed, what ends is started again, slower and slower. The workers are real
 * processes that play a part. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "run_suite.h"
#include "video/child.h"
#include "video/process.h"

#define CLIP "019a0000-0000-7000-8000-000000000002"

/* Where the tests leave what they have; a process a test. */
static struct stage {
    uv_loop_t loop;
    uv_timer_t limit;
    struct process process;
    int (*part)(int socket);
    char heard[200]; /* clips that are stored by their last letter; cameras as C; its end as E */
    char reason[200];
    bool gone; /* of a channel alone */
    char nonsense[200];
    int early_signal; /* comes to the child before anything else */
} stage;

/* A machine that makes no more processes, say; and a call between that leaves an error of its own.
 */
static bool fork_fails;

pid_t __real_fork(void);
pid_t __wrap_fork(void);
pid_t __wrap_fork(void)
{
    errno = EAGAIN;
    return fork_fails ? -1 : __real_fork();
}

int __real_pthread_sigmask(int how, const sigset_t *set, sigset_t *ret_before);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *ret_before);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *ret_before)
{
    int result = __real_pthread_sigmask(how, set, ret_before);
    errno = EPERM;
    return result;
}

static void hear(char letter)
{
    stage.heard[strlen(stage.heard)] = letter;
}

static void on_message(void *arg, struct message *message)
{
    (void)arg;
    hear(message->type == MESSAGE_CLIP_STORED ? message->word_of[strlen(message->word_of) - 1]
                                              : 'C');
}

static void on_end(void *arg, const char *reason)
{
    (void)arg;
    hear('E');
    snprintf(stage.reason, sizeof stage.reason, "%s", reason);
}

static int run_part(void *arg, int socket, pid_t parent)
{
    (void)arg;
    if (stage.early_signal)
        raise(stage.early_signal);
    child_detach(socket, parent);
    return stage.part(socket);
}

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    ck_abort_msg("waited in vain; heard \"%s\"", stage.heard);
}

static void set_up(void)
{
    const struct process_host host = {.run = run_part, .on_message = on_message, .on_end = on_end};
    memset(&stage, 0, sizeof stage);
    uv_loop_init(&stage.loop);
    uv_timer_init(&stage.loop, &stage.limit);
    uv_timer_start(&stage.limit, on_limit, (uint64_t)patience_ms(), 0);
    process_init(&stage.process, &stage.loop, "gate", &host);
}

static void tear_down(void)
{
    process_finish(&stage.process);
    uv_close((uv_handle_t *)&stage.limit, NULL);
    uv_run(&stage.loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&stage.loop), 0);
}

static void start(int (*part)(int socket), int64_t now_ms)
{
    struct err e;
    stage.part = part;
    ck_assert(process_is_due(&stage.process, now_ms));
    ck_assert_int_eq(process_start(&stage.process, now_ms, &e), 0);
    ck_assert(!process_is_due(&stage.process, now_ms + 1000000));
}

/* Waits for the child, tells of it, and lets the loop read what it said last. */
static void reap(int64_t now_ms, uint32_t random)
{
    int status;
    pid_t pid = stage.process.pid;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(!process_reaped(&stage.process, pid + 1, status, now_ms, random));
    ck_assert(process_reaped(&stage.process, pid, status, now_ms, random));
    while (stage.process.channel)
        uv_run(&stage.loop, UV_RUN_ONCE);
}

static void say(int socket, const char *text)
{
    size_t length = strlen(text);
    if (write(socket, text, length) != (ssize_t)length)
        _exit(99);
}

#define STORED(last)                                                                               \
    "{\"type\":\"clip_stored\",\"clip\":\"019a0000-0000-7000-8000-00000000000" last "\"}\n"

/* --- Parts --------------------------------------------------------------------------------- */

static int speaks_and_ends(int socket)
{
    say(socket, STORED("1") STORED("2") "{\"type\":\"clip_stored\",");
    say(socket, "\"clip\":\"019a0000-0000-7000-8000-000000000003\"}\n");
    return 7;
}

static int speaks_nonsense_and_waits(int socket)
{
    say(socket, STORED("1") "{}\n" STORED("2"));
    pause();
    return 0;
}

static int never_ends_a_line(int socket)
{
    char block[4096];
    memset(block, 'x', sizeof block);
    while (send(socket, block, sizeof block, MSG_NOSIGNAL) > 0)
        continue;
    pause();
    return 0;
}

static int waits(int socket)
{
    (void)socket;
    pause();
    return 0;
}

/* Says back, as a camera, when it hears a whole line; ends when asked to. */
static int answers(int socket)
{
    char text[200];
    if (read(socket, text, sizeof text) <= 0 || !strchr(text, '\n'))
        return 1;
    say(socket, "{\"type\":\"camera\",\"camera\":\"gate\",\"state\":\"online\",\"reason\":\"\","
                "\"restarts\":0}\n");
    pause();
    return 2;
}

static int does_not_listen(int socket)
{
    say(socket, STORED("1"));
    pause();
    return 0;
}

/* Its socket is held by one of its own until the other end closes. */
static int leaves_one_behind(int socket)
{
    char text[200];
    if (fork() > 0)
        return 0;
    say(socket, STORED("1"));
    while (read(socket, text, sizeof text) > 0)
        continue;
    return 0;
}

/* What a worker must not have: another descriptor, a handler, a blocked signal. */
static int looks_around(int socket)
{
    struct sigaction action;
    sigset_t blocked;
    for (int fd = 3; fd < 64; fd++) {
        if (fd != socket && fcntl(fd, F_GETFD) != -1)
            return 10;
    }
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int number = 1; number < 32; number++) {
        if (sigismember(&blocked, number) == 1)
            return 11;
    }
    if (sigaction(SIGHUP, NULL, &action) != 0 || action.sa_handler != SIG_DFL)
        return 12;
    return 0;
}

/* --- Tests --------------------------------------------------------------------------------- */

/* Also when its end is known before its words are read: what it said last is not what is so. */
START_TEST(all_that_it_said_is_heard_and_then_its_end)
{
    start(speaks_and_ends, 1000);
    reap(2000, 0);
    ck_assert_str_eq(stage.heard, "123E");
    ck_assert_str_eq(stage.reason, "the camera's worker ended with status 7");
    ck_assert(!process_is_there(&stage.process));
}
END_TEST

START_TEST(its_end_does_not_wait_for_ever_for_its_words)
{
    int status;
    start(leaves_one_behind, 1000);
    pid_t pid = stage.process.pid;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(process_reaped(&stage.process, pid, status, 2000, 0));
    while (!stage.heard[0])
        uv_run(&stage.loop, UV_RUN_ONCE);
    int64_t heard_ms = stage.process.heard_ms;
    process_excuse(&stage.process, 500, heard_ms + 100); /* it was not heard later than now */
    ck_assert_int_eq(stage.process.heard_ms, heard_ms + 100);
    process_excuse(&stage.process, 900, heard_ms + 2000);
    heard_ms += 1000;
    process_watch(&stage.process, heard_ms + PROCESS_SILENCE_MS);
    ck_assert_str_eq(stage.heard, "1");
    process_watch(&stage.process, heard_ms + PROCESS_SILENCE_MS + 1);
    ck_assert_str_eq(stage.heard, "1E");
    ck_assert(!process_is_there(&stage.process));
    process_watch(&stage.process, heard_ms + 10 * PROCESS_SILENCE_MS);
    ck_assert_str_eq(stage.heard, "1E"); /* once */
}
END_TEST

START_TEST(it_is_started_again_slower_and_slower)
{
    static const int64_t longest_ms[] = {2000, 3000, 5000, 9000, 17000, 33000, 61000, 61000};
    int64_t now_ms = 1000;
    for (size_t i = 0; i < sizeof longest_ms / sizeof *longest_ms; i++) {
        start(speaks_and_ends, now_ms);
        reap(now_ms, UINT32_MAX);
        ck_assert(!process_is_due(&stage.process, now_ms + 999));
        ck_assert(!process_is_due(&stage.process, now_ms + longest_ms[i] - 50));
        now_ms += longest_ms[i];
        ck_assert(process_is_due(&stage.process, now_ms));
    }
    start(speaks_and_ends, now_ms);
    reap(now_ms + PROCESS_HEALTHY_MS + 1, UINT32_MAX); /* it lived long: from the beginning */
    ck_assert(process_is_due(&stage.process, now_ms + PROCESS_HEALTHY_MS + 1 + 2000));
}
END_TEST

/* The loop must run for the line to be read: until the channel is gone the child lives. */
static void run_until_gone(void)
{
    while (stage.process.channel)
        uv_run(&stage.loop, UV_RUN_ONCE);
}

START_TEST(a_worker_that_talks_nonsense_is_killed)
{
    start(speaks_nonsense_and_waits, 1000);
    run_until_gone();
    reap(2000, 0);
    ck_assert_str_eq(stage.heard, "1E");
    ck_assert_str_eq(stage.reason, "the camera's worker was ended by signal 9 (Killed)");
}
END_TEST

START_TEST(a_line_without_end_is_nonsense)
{
    start(never_ends_a_line, 1000);
    run_until_gone();
    reap(2000, 0);
    ck_assert_ptr_nonnull(strstr(stage.reason, "signal 9"));
}
END_TEST

START_TEST(a_worker_that_hangs_is_killed)
{
    start(waits, 1000);
    process_watch(&stage.process, 1000 + PROCESS_SILENCE_MS);
    ck_assert_int_eq(kill(stage.process.pid, 0), 0);
    ck_assert_int_eq(waitpid(stage.process.pid, NULL, WNOHANG), 0);
    process_watch(&stage.process, 1000 + PROCESS_SILENCE_MS + 1);
    reap(40000, 0);
    ck_assert_ptr_nonnull(strstr(stage.reason, "signal 9"));
    process_watch(&stage.process, 90000); /* there is nobody to kill: not even ourselves */
}
END_TEST

START_TEST(a_worker_that_says_something_does_not_hang)
{
    start(does_not_listen, 1000);
    while (!stage.heard[0])
        uv_run(&stage.loop, UV_RUN_ONCE);
    int64_t now_ms = clock_monotonic_ms();
    ck_assert_int_ge(stage.process.heard_ms, now_ms - 20000);
    process_watch(&stage.process, now_ms);
    ck_assert_int_eq(waitpid(stage.process.pid, NULL, WNOHANG), 0);
    process_signal(&stage.process, SIGKILL);
    reap(now_ms, 0);
}
END_TEST

START_TEST(it_is_spoken_to_and_ends_when_asked)
{
    start(answers, 1000);
    process_send(&stage.process, &(struct message){.type = MESSAGE_CLIP_DONE, .word_of = CLIP});
    while (!stage.heard[0])
        uv_run(&stage.loop, UV_RUN_ONCE);
    ck_assert_str_eq(stage.heard, "C");
    process_signal(&stage.process, SIGTERM);
    reap(2000, 0);
    ck_assert_ptr_nonnull(strstr(stage.reason, "signal 15"));
    process_send(&stage.process, &(struct message){.type = MESSAGE_CLIP_DONE, .word_of = CLIP});
}
END_TEST

/* Half a message would spoil the next one, and an alarm it never heard of would have no clip. */
START_TEST(a_worker_that_does_not_listen_is_killed)
{
    int status = 0;
    start(does_not_listen, 1000);
    pid_t pid = stage.process.pid;
    while (waitpid(pid, &status, WNOHANG) == 0)
        process_send(&stage.process, &(struct message){.type = MESSAGE_CLIP_DONE, .word_of = CLIP});
    ck_assert(process_reaped(&stage.process, pid, status, 2000, 0));
    ck_assert_ptr_nonnull(strstr(stage.reason, "signal 9"));
    ck_assert(!process_is_there(&stage.process));
}
END_TEST

static void on_signal(uv_signal_t *signal, int number)
{
    (void)signal;
    (void)number;
    hear('S');
}

/* A folder that goes, a reload: the worker that is just being started is told to end. */
START_TEST(a_signal_to_a_child_that_has_just_begun_is_not_told_to_its_parent)
{
    static uv_signal_t told;
    int status;
    uv_signal_init(&stage.loop, &told);
    uv_signal_start(&told, on_signal, SIGTERM);
    stage.early_signal = SIGTERM;
    start(speaks_and_ends, 0);
    ck_assert_int_eq(waitpid(stage.process.pid, &status, 0), stage.process.pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    uv_run(&stage.loop, UV_RUN_NOWAIT);
    ck_assert_ptr_null(strchr(stage.heard, 'S'));
    raise(SIGTERM); /* its own is */
    while (!strchr(stage.heard, 'S'))
        uv_run(&stage.loop, UV_RUN_ONCE);
    process_reaped(&stage.process, stage.process.pid, status, 0, 0);
    uv_close((uv_handle_t *)&told, NULL);
    while (stage.process.channel)
        uv_run(&stage.loop, UV_RUN_ONCE);
}
END_TEST

START_TEST(who_cannot_fork_says_why_and_hears_signals_still)
{
    struct err e;
    sigset_t blocked;
    fork_fails = true;
    ck_assert_int_eq(process_start(&stage.process, 1000, &e), -EAGAIN);
    fork_fails = false;
    ck_assert_ptr_nonnull(strstr(e.text, "no process for a worker: "));
    ck_assert_ptr_nonnull(strstr(e.text, strerror(EAGAIN)));
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    ck_assert_int_eq(sigismember(&blocked, SIGTERM), 0);
    ck_assert_int_eq(sigismember(&blocked, SIGCHLD), 0);
    ck_assert(!process_is_there(&stage.process));
    start(speaks_and_ends, 1000 + PROCESS_RETRY_CAP_MS);
    reap(100000, 0);
    ck_assert_str_eq(stage.heard, "123E");
}
END_TEST

START_TEST(a_child_has_nothing_of_its_parents)
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigprocmask(SIG_BLOCK, &some, NULL);
    signal(SIGHUP, SIG_IGN);
    int open_one = dup(2);
    ck_assert_int_ge(open_one, 3);
    start(looks_around, 1000);
    reap(2000, 0);
    ck_assert_str_eq(stage.reason, "the camera's worker ended with status 0");
    close(open_one);
}
END_TEST

START_TEST(a_child_whose_parent_is_another_does_not_begin)
{
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pid_t pid = fork();
    if (pid == 0) {
        child_detach(pair[1], 1); /* as if the supervisor had died */
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WEXITSTATUS(status), getpid() == 1 ? 0 : 1);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

/* --- The channel alone --------------------------------------------------------------------- */

static void on_gone(void *arg, const char *nonsense)
{
    (void)arg;
    stage.gone = true;
    snprintf(stage.nonsense, sizeof stage.nonsense, "%s", nonsense ? nonsense : "");
}

static struct channel *open_channel(int *ret_other)
{
    const struct channel_handlers handlers = {.on_message = on_message, .on_gone = on_gone};
    struct channel *channel;
    struct err e;
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(channel_create(&stage.loop, pair[0], &handlers, &channel, &e), 0);
    *ret_other = pair[1];
    return channel;
}

START_TEST(a_channel_whose_other_end_closes_is_gone_without_nonsense)
{
    int other;
    open_channel(&other);
    say(other, STORED("5"));
    close(other);
    while (!stage.gone)
        uv_run(&stage.loop, UV_RUN_ONCE);
    ck_assert_str_eq(stage.heard, "5");
    ck_assert_str_eq(stage.nonsense, "");
}
END_TEST

START_TEST(a_channel_that_is_closed_says_nothing_more)
{
    int other;
    struct channel *channel = open_channel(&other);
    say(other, STORED("5"));
    channel_close(channel);
    channel_close(channel);
    channel_close(NULL);
    uv_run(&stage.loop, UV_RUN_NOWAIT);
    ck_assert(!stage.gone);
    ck_assert_str_eq(stage.heard, "");
    close(other);
}
END_TEST

START_TEST(a_channel_needs_a_socket)
{
    const struct channel_handlers handlers = {.on_message = on_message, .on_gone = on_gone};
    struct channel *channel;
    struct err e;
    ck_assert_int_lt(channel_create(&stage.loop, -1, &handlers, &channel, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.text, "a worker's socket"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video process");
    TCase *process = tcase_create("process");
    tcase_add_checked_fixture(process, set_up, tear_down);
    tcase_add_test(process, all_that_it_said_is_heard_and_then_its_end);
    tcase_add_test(process, its_end_does_not_wait_for_ever_for_its_words);
    tcase_add_test(process, it_is_started_again_slower_and_slower);
    tcase_add_test(process, a_worker_that_talks_nonsense_is_killed);
    tcase_add_test(process, a_line_without_end_is_nonsense);
    tcase_add_test(process, a_worker_that_hangs_is_killed);
    tcase_add_test(process, a_worker_that_says_something_does_not_hang);
    tcase_add_test(process, it_is_spoken_to_and_ends_when_asked);
    tcase_add_test(process, a_worker_that_does_not_listen_is_killed);
    tcase_add_test(process, a_signal_to_a_child_that_has_just_begun_is_not_told_to_its_parent);
    tcase_add_test(process, who_cannot_fork_says_why_and_hears_signals_still);
    tcase_add_test(process, a_child_has_nothing_of_its_parents);
    tcase_add_test(process, a_child_whose_parent_is_another_does_not_begin);
    suite_add_tcase(suite, process);
    TCase *channel = tcase_create("channel");
    tcase_add_checked_fixture(channel, set_up, tear_down);
    tcase_add_test(channel, a_channel_whose_other_end_closes_is_gone_without_nonsense);
    tcase_add_test(channel, a_channel_that_is_closed_says_nothing_more);
    tcase_add_test(channel, a_channel_needs_a_socket);
    suite_add_tcase(suite, channel);
    return run_suite(suite);
}
