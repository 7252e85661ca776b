/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-video as tocsind sees it, with workers that play a part instead of reading a camera: who
 * is told what, which clips are believed, and that one camera's trouble is one camera's. */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "conf/kept.h"
#include "config_folder.h"
#include "drivers/camera/types.h"
#include "run_suite.h"
#include "video/supervisor.h"

#define ALARM "019a0000-0000-7000-8000-000000000001"
#define OTHER "019a0000-0000-7000-8000-000000000002"
#define CLIP  "019a0000-0000-7000-8000-00000000000"
#define HASH  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MANIFEST                                                                                   \
    "{\"part\":1,\"last\":false,\"start\":\"2026-11-23T08:00:00.000Z\","                           \
    "\"stop\":\"2026-11-23T08:00:09.500Z\",\"start_monoms\":1000,\"stop_monoms\":10500,"           \
    "\"container\":\"mp4\",\"codecs\":[\"h264\"],\"length\":77,\"sha256\":\"" HASH "\","           \
    "\"chunk_bytes\":4194304,\"chunks\":[\"" HASH "\"],"                                           \
    "\"gops\":[{\"at_ms\":0,\"sha256\":\"" HASH "\"}],\"gaps\":[]}"

static struct config_folder folder;
static pid_t supervisor;
static uv_loop_t loop;
static uv_timer_t limit;
static struct link_client *link_to_video;
/* What it said: of each camera the newest, of camera one everything, and the ids of all clips. What
 * comes between two looks is not missed: a busy machine looks late. */
static struct message_camera cameras[3], told[64];
static size_t told_count, heard_count;
static char clips[200];

/* --- The workers --------------------------------------------------------------------------- */

static void say(int socket, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(int socket, const char *format, ...)
{
    char text[4000];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text - 1, format, args);
    va_end(args);
    text[length++] = '\n';
    if (write(socket, text, (size_t)length) != length)
        _exit(99);
}

static void say_clip_of(int socket, const char *alarm, const char *camera, const char *file_folder,
                        int number)
{
    say(socket,
        "{\"type\":\"clip\",\"clip\":\"" CLIP "%d\",\"alarm\":\"%s\",\"camera\":\"%s\","
        "\"path\":\"%s/" CLIP "%d.mp4\",\"manifest\":" MANIFEST "}",
        number, alarm, camera, file_folder, number);
}

static void say_clip(int socket, const char *camera, const char *file_folder, int number)
{
    say_clip_of(socket, ALARM, camera, file_folder, number);
}

/* Camera "two" ends at once. "one" is online, and answers an alarm with a clip of its own and some
 * that are not, then ends, so that the next one hears of the alarm, too. With the password "mule"
 * it does not end when it is asked to. */
static int play_worker(const struct worker_settings *settings, int socket)
{
    char text[1000];
    ssize_t length;
    const struct lav_options *options = settings->options;
    if (strcmp(settings->id, "two") == 0)
        return 3;
    if (options->password && strcmp(options->password, "mule") == 0)
        signal(SIGTERM, SIG_IGN);
    say(socket,
        "{\"type\":\"camera\",\"camera\":\"%s\",\"state\":\"online\",\"reason\":\"%s\","
        "\"restarts\":2}",
        settings->id, settings->driver->type->name);
    if ((length = read(socket, text, sizeof text - 1)) <= 0)
        return 0;
    text[length] = '\0';
    if (!strstr(text, ALARM))
        return 4;
    say_clip_of(socket, OTHER, settings->id, settings->recording.folder, 4); /* nobody's */
    say_clip(socket, settings->id, settings->recording.folder, 1);
    say_clip(socket, "two", settings->recording.folder, 2);
    say_clip(socket, settings->id, "/etc", 3);
    say_clip(socket, settings->id, settings->recording.folder, 1);
    return 5;
}

/* --- The stage ----------------------------------------------------------------------------- */

/* What is free, as both processes know it. */
static int64_t *free_bytes;
static struct message_room room;
static unsigned rooms_told;

int64_t __wrap_disk_free_bytes(const char *path);
int64_t __wrap_disk_free_bytes(const char *path)
{
    if (!free_bytes)
        return INT64_C(1) << 40;
    return strstr(path, "/video/clips") ? *free_bytes : 0;
}

static void want_clip(void)
{
    link_client_send(link_to_video, &(struct message){.type = MESSAGE_CLIP_WANTED});
}

static void on_up(void *arg)
{
    (void)arg;
    want_clip();
}

static void on_down(void *arg, const char *reason)
{
    (void)arg;
    (void)reason;
}

static void on_message(void *arg, const struct message *message)
{
    (void)arg;
    if (message->type == MESSAGE_CLIP) {
        size_t used = strlen(clips);
        snprintf(clips + used, sizeof clips - used, "%s%s", message->clip.camera,
                 message->clip.id + 35);
        want_clip();
        return;
    }
    if (message->type == MESSAGE_ROOM) {
        room = message->room;
        rooms_told++;
        return;
    }
    static const char *const ids[] = {"one", "two", "three"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(message->camera.id, ids[i]) != 0)
            continue;
        cameras[i] = message->camera;
        if (i == 0 && told_count < sizeof told / sizeof *told)
            told[told_count++] = message->camera;
    }
}

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    ck_abort_msg("waited in vain: \"%s\" \"%s\" \"%s\" clips \"%s\"", cameras[0].reason,
                 cameras[1].reason, cameras[2].reason, clips);
}

static void connect_link(void)
{
    char path[128];
    struct err e;
    const struct link_handlers handlers = {on_up, on_down, on_message, NULL, NULL};
    snprintf(path, sizeof path, "%s/link.sock", folder.path);
    ck_assert_int_eq(link_client_create(&loop, path, &handlers, &link_to_video, &e), 0);
}

/* Runs tocsin-video in a process of its own, as main.c does. */
static void run_supervisor(void)
{
    static const struct config_drivers drivers = {.cameras = camera_types,
                                                  .secrets_may_wait = true};
    static char kept[120];
    struct start start;
    struct err e;
    snprintf(kept, sizeof kept, "%s/tocsin.yaml.last", folder.path);
    supervisor = fork();
    ck_assert_int_ge(supervisor, 0);
    if (supervisor > 0)
        return;
    if (start_read(folder.file, kept, &drivers, &start, &e) != 0)
        _exit(78);
    _exit(supervisor_run(folder.file, kept, &start, play_worker, &e) == 0 ? 0 : 1);
}

static char leftover[200];

/* Of a clip that nobody finished, two days ago. */
static void make_leftover(void)
{
    char path[200];
    const struct timespec old[2] = {{.tv_sec = time(NULL) - 2 * 86400},
                                    {.tv_sec = time(NULL) - 2 * 86400}};
    snprintf(path, sizeof path, "%s/video", folder.path);
    ck_assert_int_eq(mkdir(path, 0750), 0);
    strcat(path, "/clips");
    ck_assert_int_eq(mkdir(path, 0750), 0);
    snprintf(leftover, sizeof leftover, "%.150s/" CLIP "7.mp4.part", path);
    int fd = open(leftover, O_WRONLY | O_CREAT, 0640);
    ck_assert_int_eq(futimens(fd, old), 0);
    close(fd);
}

static const char *lacks = ""; /* at the start: "dir", "socket" */

/* Something else has its place. */
static void take_away(void)
{
    char path[200];
    snprintf(path, sizeof path, "%s/link.sock", folder.path);
    if (strcmp(lacks, "socket") == 0)
        ck_assert_int_eq(mkdir(path, 0700), 0);
    if (strcmp(lacks, "dir") == 0)
        config_folder_write(&folder, "video", "x", 1, 0640);
    else
        make_leftover();
}

/* Camera three's password is there from the start, or comes late (NULL). */
static void begin(const char *password)
{
    config_folder_init(&folder);
    if (password)
        config_folder_write(&folder, "late.password", password, strlen(password), 0640);
    char text[2000];
    snprintf(text, sizeof text,
             "site: {id: a, name: x}\n"
             "signing: {driver: pem, key_file: key.pem}\n"
             "video: {socket: link.sock, dir: video, post_event: 1h}\n"
             "inputs: [{id: b, name: x, place: x, driver: sim, cameras: [one, two, three]}]\n"
             "cameras:\n"
             "  - {id: one, name: x, driver: lav, url: 'rtsp://a/1'}\n"
             "  - {id: two, name: x, driver: lav, url: 'rtsp://b/1'}\n"
             "  - {id: three, name: x, driver: lav, url: 'rtsp://c/1', user: u,\n"
             "     password_file: late.password}\n"
             "receivers: [{id: r, name: x, driver: sim}]\n");
    config_folder_write(&folder, "tocsin.yaml", text, strlen(text), 0640);
    take_away();
    memset(cameras, 0, sizeof cameras);
    memset(clips, 0, sizeof clips);
    told_count = heard_count = 0;
    run_supervisor();
    uv_loop_init(&loop);
    uv_timer_init(&loop, &limit);
    uv_timer_start(&limit, on_limit, (uint64_t)patience_ms(), 0);
    connect_link();
}

#define MIB INT64_C(1048576)

static void set_up_with(const char *password, int64_t bytes)
{
    free_bytes =
        mmap(NULL, sizeof *free_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(free_bytes, MAP_FAILED);
    *free_bytes = bytes;
    rooms_told = 0;
    begin(password);
}

static void set_up(void)
{
    set_up_with(NULL, 9000 * MIB);
}

static void set_up_full(void)
{
    set_up_with(NULL, 256 * MIB - 1);
}

static void set_up_with_a_mule(void)
{
    set_up_with("mule\n", 9000 * MIB);
}

static void remove_below(const char *name)
{
    char command[200];
    snprintf(command, sizeof command, "rm -rf %s/%s", folder.path, name);
    ck_assert_int_eq(system(command), 0);
}

static void tear_down(void)
{
    int status;
    link_client_close(link_to_video);
    uv_close((uv_handle_t *)&limit, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    kill(supervisor, SIGTERM);
    ck_assert_int_eq(waitpid(supervisor, &status, 0), supervisor);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    remove_below("video");
    config_folder_finish(&folder);
}

static void press(void)
{
    struct message alarm = {.type = MESSAGE_ALARM,
                            .alarm = {.id = ALARM,
                                      .press_ms = (int64_t)(uv_hrtime() / 1000000),
                                      .camera_count = 2,
                                      .cameras = {"one", "nobody"}}};
    struct message other = {.type = MESSAGE_ALARM,
                            .alarm = {.id = OTHER,
                                      .press_ms = alarm.alarm.press_ms,
                                      .camera_count = 1,
                                      .cameras = {"nobody"}}};
    link_client_send(link_to_video, &other);
    link_client_send(link_to_video, &alarm);
}

#define RUN_UNTIL(condition)                                                                       \
    do {                                                                                           \
        while (!(condition))                                                                       \
            uv_run(&loop, UV_RUN_ONCE);                                                            \
    } while (0)

/* The next that was said of camera one. */
static void expect_camera(enum message_camera_state state, const char *reason, unsigned restarts)
{
    RUN_UNTIL(heard_count < told_count);
    const struct message_camera *camera = &told[heard_count++];
    ck_assert_int_eq(camera->state, state);
    ck_assert_str_eq(camera->reason, reason);
    ck_assert_uint_eq(camera->restarts, restarts);
}

static void expect_online(void)
{
    RUN_UNTIL(cameras[0].state != MESSAGE_CAMERA_CONNECTING);
    if (told[0].state == MESSAGE_CAMERA_CONNECTING)
        heard_count = 1; /* it was not there yet when this side connected */
    expect_camera(MESSAGE_CAMERA_ONLINE, "lav", 2);
}

static void on_beat(uv_timer_t *timer)
{
    (void)timer;
}

static bool leftover_is_gone(const char *word)
{
    (void)word;
    return access(leftover, F_OK) != 0;
}

/* Whether the newest that is kept of clip 1 has this word. */
static bool clip_says(const char *word)
{
    char path[200], *text;
    size_t length;
    struct err e;
    snprintf(path, sizeof path, "%s/video/clips/" CLIP "1.json", folder.path);
    if (atomic_file_read(path, 1 << 16, &text, &length, &e) != 0)
        return false;
    bool says = strstr(text, word) != NULL;
    free(text);
    return says;
}

/* A file tells nobody that it has changed. */
static void run_until_file(bool (*is_so)(const char *word), const char *word)
{
    uv_timer_t beat;
    uv_timer_init(&loop, &beat);
    uv_timer_start(&beat, on_beat, 5, 5);
    RUN_UNTIL(is_so(word));
    uv_close((uv_handle_t *)&beat, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

/* --- Tests --------------------------------------------------------------------------------- */

static void set_up_without_dir(void)
{
    lacks = "dir";
    begin("horse\n");
}

static void set_up_without_socket(void)
{
    lacks = "socket";
    begin("horse\n");
}

/* Not an end for ever: systemd gives up starting what ends at once. */
START_TEST(without_its_folder_each_camera_says_so_and_begins_when_it_is_there)
{
    for (int i = 0; i < 3; i++) {
        RUN_UNTIL(cameras[i].state == MESSAGE_CAMERA_FAULT);
        ck_assert_msg(strstr(cameras[i].reason, "video.dir: ") &&
                          strstr(cameras[i].reason, "video/clips: Not a directory"),
                      "%s", cameras[i].reason);
    }
    remove_below("video");
    RUN_UNTIL(cameras[0].state == MESSAGE_CAMERA_ONLINE &&
              cameras[2].state == MESSAGE_CAMERA_ONLINE);
    press();
    RUN_UNTIL(strcmp(clips, "one1") == 0);
}
END_TEST

START_TEST(a_socket_that_cannot_be_had_is_there_when_it_can)
{
    run_until_file(leftover_is_gone, ""); /* it runs */
    remove_below("link.sock");
    RUN_UNTIL(cameras[0].state == MESSAGE_CAMERA_ONLINE);
    press();
    RUN_UNTIL(strcmp(clips, "one1") == 0);
}
END_TEST

START_TEST(each_camera_says_its_own)
{
    expect_online();
    RUN_UNTIL(cameras[1].state == MESSAGE_CAMERA_FAULT && cameras[2].state == MESSAGE_CAMERA_FAULT);
    ck_assert_str_eq(cameras[1].reason, "the camera's worker ended with status 3");
    ck_assert_ptr_nonnull(strstr(cameras[2].reason, "late.password: No such file"));
    RUN_UNTIL(cameras[1].restarts >= 2); /* and is started again */
    config_folder_write(&folder, "late.password", "horse\n", 6, 0640);
    RUN_UNTIL(cameras[2].state == MESSAGE_CAMERA_ONLINE);
    ck_assert_uint_eq(told_count, heard_count); /* the others' trouble is not camera one's */
    press();
    RUN_UNTIL(cameras[0].restarts >= 6);
    ck_assert_int_eq(cameras[2].state, MESSAGE_CAMERA_ONLINE); /* the alarm is not camera three's */
    ck_assert_uint_eq(cameras[2].restarts, 2);
    run_until_file(leftover_is_gone, "");
}
END_TEST

/* Only a clip of the worker's own camera in the clips' folder is one, and only once. It is told
 * until it is stored, and the worker that starts again is told of the alarm. */
START_TEST(clips_are_believed_once_and_told_until_stored)
{
    static const char ended[] = "the camera's worker ended with status 5";
    expect_online();
    press();
    expect_camera(MESSAGE_CAMERA_FAULT, ended, 3); /* its two sessions, and itself */
    RUN_UNTIL(strcmp(clips, "one1") == 0);         /* once its announcement is on the disk */
    expect_camera(MESSAGE_CAMERA_ONLINE, "lav", 5);
    /* Told of the alarm again, it has nothing new to say, and ends once more in the same way. */
    expect_camera(MESSAGE_CAMERA_FAULT, ended, 6);
    ck_assert_str_eq(clips, "one1");
    link_client_close(link_to_video);
    connect_link();
    RUN_UNTIL(strcmp(clips, "one1one1") == 0);
    link_client_send(link_to_video,
                     &(struct message){.type = MESSAGE_CLIP_STORED, .word_of = CLIP "1"});
    run_until_file(clip_says, "\"stored\":true");
    link_client_close(link_to_video);
    connect_link();
    RUN_UNTIL(strcmp(clips, "one1one1one1") == 0); /* it is not at the receivers yet */
    link_client_send(link_to_video, &(struct message){.type = MESSAGE_CLIPS_AGAIN});
    RUN_UNTIL(strcmp(clips, "one1one1one1one1") == 0);
    link_client_send(link_to_video,
                     &(struct message){.type = MESSAGE_CLIP_DONE, .word_of = CLIP "1"});
    run_until_file(clip_says, "\"done\":true");
    link_client_close(link_to_video);
    memset(cameras, 0, sizeof cameras);
    connect_link();
    RUN_UNTIL(cameras[2].state == MESSAGE_CAMERA_FAULT);
    link_client_send(link_to_video, /* nobody knows it */
                     &(struct message){.type = MESSAGE_CLIP_STORED, .word_of = CLIP "9"});
    RUN_UNTIL(cameras[0].restarts >= 8); /* told after the clips would have been */
    ck_assert_str_eq(clips, "one1one1one1one1");
}
END_TEST

static bool is_kept(const char *expected)
{
    char path[120];
    struct conf_text text;
    struct err e;
    snprintf(path, sizeof path, "%s/tocsin.yaml.last", folder.path);
    if (kept_read(path, &text, &e) != 0)
        return false;
    bool is = strcmp(text.bytes, expected) == 0;
    conf_text_finish(&text);
    return is;
}

/* It is not told again, and what is kept of it does not say that tocsind has it. */
START_TEST(a_clip_that_is_refused_is_not_told_again)
{
    expect_online();
    press();
    RUN_UNTIL(strcmp(clips, "one1") == 0);
    link_client_send(link_to_video,
                     &(struct message){.type = MESSAGE_CLIP_REFUSED, .word_of = CLIP "1"});
    link_client_send(link_to_video, /* nobody knows it */
                     &(struct message){.type = MESSAGE_CLIP_REFUSED, .word_of = CLIP "9"});
    run_until_file(clip_says, "\"stored\":false,\"done\":true");
    link_client_close(link_to_video);
    unsigned before = cameras[0].restarts;
    connect_link();
    RUN_UNTIL(cameras[0].restarts > before); /* told after the clips would have been */
    ck_assert_str_eq(clips, "one1");
}
END_TEST

START_TEST(a_reload_replaces_the_cameras_and_a_bad_one_nothing)
{
    static const char bad[] = "site: {}\n";
    char *text;
    size_t length;
    struct err e;
    expect_online();
    ck_assert_int_eq(atomic_file_read(folder.file, 1 << 16, &text, &length, &e), 0);
    RUN_UNTIL(is_kept(text));
    ck_assert_int_eq(supervisor_check(folder.file), 0);
    config_folder_write(&folder, "tocsin.yaml", bad, sizeof bad - 1, 0640);
    ck_assert_int_lt(supervisor_check(folder.file), 0);
    kill(supervisor, SIGHUP);
    unsigned before = cameras[1].restarts;
    RUN_UNTIL(cameras[1].restarts >= before + 2); /* the second began after the signal was taken */
    ck_assert_uint_eq(told_count, heard_count);
    ck_assert(is_kept(text));
    memcpy(strstr(text, "id: two"), "id: six", 7);
    memcpy(strstr(text, "two, three"), "six, three", 10);
    config_folder_write(&folder, "tocsin.yaml", text, length, 0640);
    RUN_UNTIL(cameras[2].state == MESSAGE_CAMERA_ONLINE);
    kill(supervisor, SIGHUP); /* camera three has to be killed */
    RUN_UNTIL(told_count > heard_count && told[told_count - 1].state == MESSAGE_CAMERA_ONLINE);
    RUN_UNTIL(is_kept(text));
    free(text);
}
END_TEST

START_TEST(on_a_full_disk_no_clip_is_begun_until_there_is_room)
{
    expect_online();
    RUN_UNTIL(rooms_told > 0);
    ck_assert_int_eq(room.state, DISK_ROOM_FULL);
    ck_assert_int_eq(room.free_bytes, 256 * MIB - 1);
    ck_assert_int_eq(room.keep_bytes, 256 * MIB);
    press();
    unsigned before = cameras[1].restarts;
    RUN_UNTIL(cameras[1].restarts >= before + 2);
    ck_assert_uint_eq(told_count, heard_count); /* camera one was not told */
    *free_bytes = 400 * MIB;
    RUN_UNTIL(strcmp(clips, "one1") == 0); /* that press is not long ago: it gets its clip */
    ck_assert_int_eq(room.state, DISK_ROOM_SHORT);
    link_client_close(link_to_video);
    rooms_told = 0;
    connect_link();
    RUN_UNTIL(rooms_told > 0);
    ck_assert_int_eq(room.state, DISK_ROOM_SHORT);
    *free_bytes = 640 * MIB;
    RUN_UNTIL(room.state == DISK_ROOM_GOOD);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video supervisor");
    TCase *tests = tcase_create("supervisor");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_camera_says_its_own);
    tcase_add_test(tests, clips_are_believed_once_and_told_until_stored);
    tcase_add_test(tests, a_clip_that_is_refused_is_not_told_again);
    suite_add_tcase(suite, tests);
    TCase *dir = tcase_create("dir");
    tcase_add_checked_fixture(dir, set_up_without_dir, tear_down);
    tcase_add_test(dir, without_its_folder_each_camera_says_so_and_begins_when_it_is_there);
    suite_add_tcase(suite, dir);
    TCase *socket = tcase_create("socket");
    tcase_add_checked_fixture(socket, set_up_without_socket, tear_down);
    tcase_add_test(socket, a_socket_that_cannot_be_had_is_there_when_it_can);
    suite_add_tcase(suite, socket);
    TCase *full = tcase_create("full");
    tcase_add_checked_fixture(full, set_up_full, tear_down);
    tcase_add_test(full, on_a_full_disk_no_clip_is_begun_until_there_is_room);
    suite_add_tcase(suite, full);
    TCase *mule = tcase_create("mule");
    tcase_add_checked_fixture(mule, set_up_with_a_mule, tear_down);
    tcase_add_test(mule, a_reload_replaces_the_cameras_and_a_bad_one_nothing);
    suite_add_tcase(suite, mule);
    return run_suite(suite);
}
