/* SPDX-License-Identifier: Apache-2.0 */
#include "video_supervisor_stage.h"

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
#include "base/log.h"
#include "conf/kept.h"
#include "drivers/camera/types.h"
#include "run_suite.h"
#include "video/supervisor.h"

#define OTHER "019a0000-0000-7000-8000-000000000002"
#define HASH  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MANIFEST                                                                                   \
    "{\"part\":1,\"last\":false,\"start\":\"2026-11-23T08:00:00.000Z\","                           \
    "\"stop\":\"2026-11-23T08:00:09.500Z\",\"start_monoms\":1000,\"stop_monoms\":10500,"           \
    "\"container\":\"mp4\",\"codecs\":[\"h264\"],\"length\":77,\"sha256\":\"" HASH "\","           \
    "\"chunk_bytes\":4194304,\"chunks\":[\"" HASH "\"],"                                           \
    "\"gops\":[{\"at_ms\":0,\"sha256\":\"" HASH "\"}],\"gaps\":[]}"

struct config_folder folder;
pid_t supervisor;
uv_loop_t loop;
static uv_timer_t limit;
struct link_client *link_to_video;
struct message_camera cameras[3], told[64];
size_t told_count, heard_count;
char clips[200];

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
int64_t *free_bytes;
struct message_room room;
unsigned rooms_told, downs;

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
    downs++;
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

void connect_link(void)
{
    char path[128];
    struct err e;
    const struct link_handlers handlers = {on_up, on_down, on_message, NULL, NULL};
    snprintf(path, sizeof path, "%s/link.sock", folder.path);
    ck_assert_int_eq(link_client_create(&loop, path, &handlers, &link_to_video, &e), 0);
}

/* Runs tocsin-video in a process of its own, as main.c does. */
pid_t run_with(const char *file)
{
    static const struct config_drivers drivers = {.cameras = camera_types,
                                                  .secrets_may_wait = true};
    static char kept[120];
    struct start start;
    struct err e;
    snprintf(kept, sizeof kept, "%s/tocsin.yaml.last", folder.path);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    if (start_read(file, kept, &drivers, &start, &e) != 0)
        _exit(78);
    if (supervisor_run(file, kept, &start, play_worker, &e) == 0) {
        raise(SIGTERM); /* whoever asks once more does not end what is left of a stop */
        raise(SIGINT);
        raise(SIGHUP);
        _exit(0);
    }
    log_error("video", "%s", e.text);
    _exit(1);
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

const char *lacks = ""; /* at the start: "dir", "socket" */

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
void begin(const char *password)
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
    told_count = heard_count = downs = 0;
    supervisor = run_with(folder.file);
    uv_loop_init(&loop);
    uv_timer_init(&loop, &limit);
    uv_timer_start(&limit, on_limit, (uint64_t)patience_ms(), 0);
    connect_link();
}

void set_up_with(const char *password, int64_t bytes)
{
    free_bytes =
        mmap(NULL, sizeof *free_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(free_bytes, MAP_FAILED);
    *free_bytes = bytes;
    rooms_told = 0;
    begin(password);
}

void remove_below(const char *name)
{
    char command[200];
    snprintf(command, sizeof command, "rm -rf %s/%s", folder.path, name);
    ck_assert_int_eq(system(command), 0);
}

void tear_down(void)
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

void press(void)
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

static void on_beat(uv_timer_t *timer)
{
    (void)timer;
}

bool leftover_is_gone(const char *word)
{
    (void)word;
    return access(leftover, F_OK) != 0;
}

bool is_kept(const char *expected)
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

bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A file tells nobody that it has changed. */
void run_until_file(bool (*is_so)(const char *word), const char *word)
{
    uv_timer_t beat;
    uv_timer_init(&loop, &beat);
    uv_timer_start(&beat, on_beat, 5, 5);
    RUN_UNTIL(is_so(word));
    uv_close((uv_handle_t *)&beat, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}
