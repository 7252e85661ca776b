/* SPDX-License-Identifier: Apache-2.0 */
/* A camera's whole process as its supervisor knows it, in its sandbox, with drivers that play a
 * part: what it says, what a press makes, what a broken session leaves, how it ends. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "drivers/camera/blocking.h"
#include "run_suite.h"
#include "video/session.h"
#include "video/worker.h"
#include "video_units.h"

#define ALARM "019a0000-0000-7000-8000-000000000001"

static char folder[64];
static pid_t worker;
static int line_socket;
static FILE *lines;
/* What it said: of the camera the newest, each that was news ("connecting; fault, …; online"), and
 * every clip. */
static struct message_camera camera;
static char story[1000];
static unsigned beats;
static struct message parts[16];
static size_t part_count;

/* --- What the worker's process and the test's share ----------------------------------------- */

/* The clock is the machine's and this much more, or stands still; and when a session breaks is not
 * for the machine to say. */
static struct shared {
    _Atomic int64_t ahead_us, standing_us;
    atomic_bool breaks;
} * shared;

int64_t __real_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ns(void);

int64_t __wrap_clock_monotonic_ns(void)
{
    int64_t standing_us = atomic_load(&shared->standing_us);
    return standing_us ? standing_us * 1000
                       : __real_clock_monotonic_ns() + atomic_load(&shared->ahead_us) * 1000;
}

/* --- Drivers ------------------------------------------------------------------------------- */

/* Refuses the first session, breaks the second when it is told to, and plays on in the third. A
 * picture each 20 ms, every fifth a keyframe. It lives in the worker's process alone. */
struct camera {
    struct camera_host host;
    uv_timer_t timer;
    int number, session;
};

static const struct option no_options[] = {OPTION_TABLE_END};
static const struct driver_type player_type = {.name = "player", .options = no_options};

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_player(struct camera *c)
{
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void on_picture(uv_timer_t *timer)
{
    struct camera *c = timer->data;
    if (c->number == 0)
        c->host.on_streams(c->host.arg, video_streams, 1);
    if (c->session == 2 && atomic_load(&shared->breaks)) {
        c->host.on_fault(c->host.arg, "the camera closed the connection");
        return;
    }
    struct camera_unit *unit = video_unit(0, c->number % 5 == 0, clock_monotonic_ns() / 1000, 100);
    c->number++;
    c->host.on_unit(c->host.arg, unit);
    camera_unit_unref(unit);
}

static int open_player(const void *options, const struct camera_host *host, uv_loop_t *loop,
                       struct camera **ret_camera, struct err *e)
{
    static int sessions;
    (void)options;
    if (++sessions == 1)
        return err_set(e, EACCES, "the camera refuses the user or the password");
    struct camera *c = calloc(1, sizeof *c);
    c->host = *host;
    c->session = sessions;
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    uv_timer_start(&c->timer, on_picture, 0, 20);
    *ret_camera = c;
    return 0;
}

static const struct camera_driver player = {
    .type = &player_type, .open = open_player, .close = close_player};

/* Never comes back from its open but when it is told to. */
static int open_sleeper(const void *options, const struct camera_host *host,
                        struct blocking_source **ret_source, struct err *e)
{
    (void)options;
    (void)ret_source;
    while (!host->on_wait(host->arg))
        poll(NULL, 0, 10);
    return err_set(e, ETIMEDOUT, "told to give up");
}

static const struct blocking_driver sleeper_source = {.open = open_sleeper};

static int open_blocking(const void *options, const struct camera_host *host, uv_loop_t *loop,
                         struct camera **ret_camera, struct err *e)
{
    return blocking_open(&sleeper_source, options, host, loop, ret_camera, e);
}

static const struct camera_driver sleeper = {
    .type = &player_type, .open = open_blocking, .close = blocking_close};

/* --- The stage ----------------------------------------------------------------------------- */

static void start(const struct camera_driver *driver)
{
    int pair[2];
    const struct worker_settings settings = {.id = "gate",
                                             .driver = driver,
                                             .ring_bytes = 1 << 20,
                                             .recording = {.folder = folder,
                                                           .camera = "gate",
                                                           .pre_us = SECOND / 5,
                                                           .post_us = 3600 * SECOND,
                                                           .part_us = 7200 * SECOND}};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    worker = fork();
    if (worker == 0) {
        close(pair[0]);
        _exit(worker_run(&settings, pair[1]));
    }
    close(pair[1]);
    line_socket = pair[0];
    lines = fdopen(pair[0], "r");
}

static void set_up(void)
{
    test_folder(folder, sizeof folder);
    memset(&camera, 0, sizeof camera);
    memset(story, 0, sizeof story);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
    beats = 0;
    part_count = 0;
    alarm((unsigned)(patience_ms() /
                     1000)); /* what waits for a line that never comes is ended by this */
}

static void tear_down(void)
{
    DIR *dir = opendir(folder);
    for (struct dirent *d; (d = readdir(dir));)
        unlinkat(dirfd(dir), d->d_name, 0);
    closedir(dir);
    rmdir(folder);
    for (size_t i = 0; i < part_count; i++)
        message_finish(&parts[i]);
    if (lines)
        fclose(lines);
    lines = NULL;
    munmap(shared, sizeof *shared);
}

static void note_news(const struct message_camera *said)
{
    size_t used = strlen(story);
    if (used > 0 && said->state == camera.state && strcmp(said->reason, camera.reason) == 0)
        return;
    snprintf(story + used, sizeof story - used, "%s%s %u%s%s", used ? "; " : "",
             message_camera_state_name(said->state), said->restarts, said->reason[0] ? " " : "",
             said->reason);
}

/* One message; false at the end. */
static bool hear(void)
{
    char *line = NULL;
    size_t size = 0;
    struct message message;
    struct err e;
    ssize_t length = getline(&line, &size, lines);
    if (length <= 0) {
        free(line);
        return false;
    }
    ck_assert_int_eq(message_parse(line, (size_t)length - 1, &message, &e), 0);
    free(line);
    if (message.type == MESSAGE_CLIP) {
        ck_assert_uint_lt(part_count, 16);
        parts[part_count++] = message;
    } else {
        ck_assert_int_eq(message.type, MESSAGE_CAMERA);
        ck_assert_str_eq(message.camera.id, "gate");
        note_news(&message.camera);
        camera = message.camera;
        beats++;
    }
    return true;
}

#define HEAR_UNTIL(condition)                                                                      \
    do {                                                                                           \
        while (!(condition))                                                                       \
            ck_assert(hear());                                                                     \
    } while (0)

static void press(void)
{
    char *line = message_format(&(struct message){
        .type = MESSAGE_ALARM,
        .alarm = {.id = ALARM, .press_ms = clock_monotonic_ms(), .camera_count = 0}});
    ck_assert_int_eq(write(line_socket, line, strlen(line)), (ssize_t)strlen(line));
    free(line);
}

static void check_end(int wanted)
{
    int status;
    ck_assert_int_eq(waitpid(worker, &status, 0), worker);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), wanted);
}

static bool has_gap(size_t part, const char *why)
{
    const json_t *gaps = json_object_get(parts[part].clip.manifest, "gaps");
    for (size_t i = 0; i < json_array_size(gaps); i++) {
        if (strcmp(json_string_value(json_object_get(json_array_get(gaps, i), "why")), why) == 0)
            return true;
    }
    return false;
}

static bool is_last(void)
{
    return part_count > 0 &&
           json_is_true(json_object_get(parts[part_count - 1].clip.manifest, "last"));
}

/* --- Tests --------------------------------------------------------------------------------- */

START_TEST(sessions_come_and_go_and_the_clip_says_so)
{
    start(&player);
    HEAR_UNTIL(camera.state == MESSAGE_CAMERA_ONLINE);
    press();
    HEAR_UNTIL(part_count > 0);
    ck_assert_str_eq(parts[0].clip.alarm, ALARM);
    ck_assert_str_eq(parts[0].clip.camera, "gate");
    ck_assert_int_eq(access(parts[0].clip.path, R_OK), 0);
    atomic_store(&shared->breaks, true);
    HEAR_UNTIL(part_count > 1); /* ended by the first keyframe of the next session */
    HEAR_UNTIL(camera.restarts == 2 && camera.state == MESSAGE_CAMERA_ONLINE);
    ck_assert_str_eq(story, "connecting 0; "
                            "fault 1 the camera refuses the user or the password; online 1; "
                            "fault 2 the camera closed the connection; online 2");
    atomic_store(&shared->ahead_us, 3602 * SECOND);
    HEAR_UNTIL(is_last());
    ck_assert_uint_eq(part_count, 3);
    ck_assert(has_gap(2, "the camera closed the connection"));
    kill(worker, SIGTERM);
    while (hear())
        continue;
    check_end(0);
}
END_TEST

START_TEST(what_is_being_written_is_kept_at_a_stop)
{
    start(&player);
    HEAR_UNTIL(camera.state == MESSAGE_CAMERA_ONLINE);
    press();
    HEAR_UNTIL(part_count == 1);
    kill(worker, SIGTERM);
    while (hear())
        continue;
    check_end(0);
    ck_assert_uint_eq(part_count, 2);
    ck_assert(!is_last()); /* another worker may go on */
}
END_TEST

START_TEST(an_alarm_told_just_before_the_stop_has_its_pictures)
{
    start(&player);
    HEAR_UNTIL(camera.state == MESSAGE_CAMERA_ONLINE);
    /* A beat at a clock that stands from then on: it looks for words once more when it ends. */
    unsigned before = beats;
    atomic_store(&shared->standing_us, clock_monotonic_ms() * 1000 + 2 * SECOND);
    HEAR_UNTIL(beats > before);
    kill(worker, SIGSTOP);
    press();
    kill(worker, SIGTERM);
    kill(worker, SIGCONT);
    while (hear())
        continue;
    check_end(0);
    ck_assert_uint_ge(part_count, 1);
}
END_TEST

START_TEST(a_driver_that_blocks_silences_nobody)
{
    atomic_store(&shared->standing_us, 1000 * SECOND);
    start(&sleeper);
    for (unsigned i = 1; i <= 3; i++) { /* each second, while the one call waits */
        HEAR_UNTIL(beats == i);
        atomic_fetch_add(&shared->standing_us, SECOND);
    }
    ck_assert_int_eq(camera.state, MESSAGE_CAMERA_CONNECTING);
    kill(worker, SIGTERM);
    while (hear())
        continue;
    check_end(0);
    ck_assert_int_eq(camera.state, MESSAGE_CAMERA_CONNECTING); /* a stop is no fault */
}
END_TEST

START_TEST(a_driver_that_blocks_for_too_long_is_told_to_give_up)
{
    start(&sleeper);
    HEAR_UNTIL(beats == 1);
    atomic_store(&shared->ahead_us, SESSION_OPEN_US);
    HEAR_UNTIL(camera.state == MESSAGE_CAMERA_FAULT);
    ck_assert_str_eq(camera.reason, "no answer in time: check address and port");
    kill(worker, SIGTERM);
    while (hear())
        continue;
    check_end(0);
}
END_TEST

START_TEST(it_ends_with_its_supervisor)
{
    start(&player);
    HEAR_UNTIL(camera.state == MESSAGE_CAMERA_ONLINE);
    fclose(lines);
    lines = NULL;
    check_end(0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video worker");
    TCase *tests = tcase_create("worker");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, sessions_come_and_go_and_the_clip_says_so);
    tcase_add_test(tests, what_is_being_written_is_kept_at_a_stop);
    tcase_add_test(tests, an_alarm_told_just_before_the_stop_has_its_pictures);
    tcase_add_test(tests, a_driver_that_blocks_silences_nobody);
    tcase_add_test(tests, a_driver_that_blocks_for_too_long_is_told_to_give_up);
    tcase_add_test(tests, it_ends_with_its_supervisor);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
