/* SPDX-License-Identifier: Apache-2.0 */
/* Many clips that nobody has taken yet: each is told after a connect, and neither an alarm nor the
 * link waits for them. And a supervisor that was held up does not take that for its workers'
 * silence. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "run_suite.h"
#include "video/cameras.h"

#define CLIPS 200
#define BYTES 30000 /* of a manifest: together more than a peer may be behind */
#define ALARM "019a0000-0000-7000-8000-000000000001"
#define HASH  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static int kills;

/* In the place of the C library's: whom it is for is known here. */
int kill(pid_t pid, int number)
{
    kills += number == SIGKILL;
    return (int)syscall(SYS_kill, pid, number);
}

/* The disk: a file's fsync waits for it while it is standing. */
static uv_sem_t disk;
static atomic_bool standing;
static atomic_uint waiting; /* for it, since it stands */
static atomic_uint folder_saves;

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        folder_saves++;
    if (standing) {
        waiting++;
        uv_sem_wait(&disk);
    }
    return __real_fsync(fd);
}

static struct stage {
    char folder[64], path[80];
    uv_loop_t loop;
    uv_timer_t limit;
    struct shelf shelf;
    struct cameras cameras;
    struct link_client *client;
    size_t ups, downs, told, told_before_alarm, alarms;
    size_t window; /* clips that tocsind wants at once */
    unsigned last; /* number of the clip that was told last */
} stage;

/* --- tocsin-video -------------------------------------------------------------------------- */

static void on_up(void *arg)
{
    (void)arg;
    stage.ups++;
    cameras_tell(&stage.cameras);
}

static void on_down(void *arg, const char *reason)
{
    (void)arg;
    (void)reason;
    stage.downs++;
}

static void on_drained(void *arg)
{
    (void)arg;
    cameras_tell_next(&stage.cameras);
}

static void on_message(void *arg, const struct message *message)
{
    (void)arg;
    if (message->type == MESSAGE_CLIP_WANTED) {
        cameras_want_clip(&stage.cameras);
        return;
    }
    ck_assert_int_eq(message->type, MESSAGE_ALARM);
    stage.alarms++;
    stage.told_before_alarm = stage.told;
}

/* --- tocsind ------------------------------------------------------------------------------- */

static void want(size_t count)
{
    while (count-- > 0)
        link_client_send(stage.client, &(struct message){.type = MESSAGE_CLIP_WANTED});
}

static void on_client_up(void *arg)
{
    (void)arg;
    want(stage.window);
    struct message alarm = {.type = MESSAGE_ALARM,
                            .alarm = {.id = ALARM, .camera_count = 1, .cameras = {"gate"}}};
    link_client_send(stage.client, &alarm);
}

static void on_client_message(void *arg, const struct message *message)
{
    (void)arg;
    if (message->type == MESSAGE_CAMERA)
        return;
    ck_assert_int_eq(message->type, MESSAGE_CLIP);
    unsigned number = (unsigned)strtoul(message->clip.id + 24, NULL, 16);
    ck_assert_uint_eq(number, stage.last + 1); /* in order, and none twice */
    stage.last = number;
    stage.told++;
    want(stage.window > 0);
}

/* --- The stage ----------------------------------------------------------------------------- */

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    ck_abort_msg("waited in vain: %zu clips told, %zu times down", stage.told, stage.downs);
}

static struct message make_clip(unsigned number)
{
    struct message message = {.type = MESSAGE_CLIP};
    static char words[BYTES];
    memset(words, 'x', sizeof words - 1);
    struct message_clip *m = &message.clip;
    snprintf(m->id, sizeof m->id, "019a0000-0000-7000-8000-%012x", number);
    snprintf(m->alarm, sizeof m->alarm, ALARM);
    snprintf(m->camera, sizeof m->camera, "gate");
    snprintf(m->path, sizeof m->path, "/v/clips/%u.mp4", number);
    m->manifest =
        json_pack("{si,sb,ss,ss,sI,sI,ss,s[s],si,ss,si,s[s],s[{si,ss}],s[],ss}", "part", 1, "last",
                  0, "start", "2026-11-23T08:00:00.000Z", "stop", "2026-11-23T08:00:09.500Z",
                  "start_monoms", (json_int_t)1000, "stop_monoms", (json_int_t)10500, "container",
                  "mp4", "codecs", "h264", "length", 77, "sha256", HASH, "chunk_bytes", 4194304,
                  "chunks", HASH, "gops", "at_ms", 0, "sha256", HASH, "gaps", "words", words);
    ck_assert_ptr_nonnull(m->manifest);
    return message;
}

static struct shelf_clip *put_clip(unsigned number, bool done)
{
    struct shelf_clip *clip = calloc(1, sizeof *clip);
    ck_assert_ptr_nonnull(clip);
    clip->note.done = done;
    clip->may_be_told = true;
    clip->message = make_clip(number);
    TAILQ_INSERT_TAIL(&stage.shelf.clips, clip, link);
    return clip;
}

static void set_up(void)
{
    const struct link_handlers handlers = {
        .on_up = on_up, .on_down = on_down, .on_message = on_message, .on_drained = on_drained};
    struct err e;
    memset(&stage, 0, sizeof stage);
    stage.window = 4;
    test_folder(stage.folder, sizeof stage.folder);
    snprintf(stage.path, sizeof stage.path, "%s/socket", stage.folder);
    uv_loop_init(&stage.loop);
    uv_timer_init(&stage.loop, &stage.limit);
    uv_timer_start(&stage.limit, on_limit, (uint64_t)patience_ms(), 0);
    shelf_init(&stage.shelf, &stage.loop);
    stage.cameras = (struct cameras){.loop = &stage.loop, .shelf = &stage.shelf};
    ck_assert_int_eq(
        link_server_create(&stage.loop, stage.path, &handlers, &stage.cameras.link, &e), 0);
}

static void tear_down(void)
{
    link_client_close(stage.client);
    link_server_close(stage.cameras.link);
    uv_close((uv_handle_t *)&stage.limit, NULL);
    uv_run(&stage.loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&stage.loop), 0);
    shelf_close(&stage.shelf);
    rmdir(stage.folder);
}

static void connect_tocsind(void)
{
    const struct link_handlers handlers = {
        .on_up = on_client_up, .on_down = on_down, .on_message = on_client_message};
    struct err e;
    ck_assert_int_eq(link_client_create(&stage.loop, stage.path, &handlers, &stage.client, &e), 0);
}

/* --- Tests --------------------------------------------------------------------------------- */

START_TEST(an_alarm_is_heard_however_many_clips_are_not_done)
{
    for (unsigned i = 1; i <= CLIPS; i++)
        put_clip(i, false);
    put_clip(CLIPS + 1, true); /* nobody wants that any more */
    connect_tocsind();
    while (stage.told < CLIPS || stage.alarms == 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    uv_run(&stage.loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(stage.told, CLIPS);
    ck_assert_uint_eq(stage.alarms, 1);
    ck_assert_uint_eq(stage.ups, 1);
    ck_assert_uint_eq(stage.downs, 0);
    ck_assert_uint_lt(stage.told_before_alarm, CLIPS / 10);
}
END_TEST

/* What tocsind has no room for stays on the shelf, and is told when it is asked for. */
START_TEST(no_more_clips_are_told_than_are_wanted)
{
    stage.window = 0;
    for (unsigned i = 1; i <= 5; i++)
        put_clip(i, false);
    connect_tocsind();
    while (stage.alarms == 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    ck_assert_uint_eq(stage.told, 0);
    for (size_t i = 1; i <= 5; i++) {
        want(1);
        link_client_send(stage.client, &(struct message){.type = MESSAGE_ALARM, .alarm.id = ALARM});
        while (stage.told < i || stage.alarms < i + 1)
            uv_run(&stage.loop, UV_RUN_ONCE);
        ck_assert_uint_eq(stage.told, i);
    }
    /* What a tocsind wanted that is gone is not owed to the next. */
    want(2);
    while (stage.cameras.wanted < 2)
        uv_run(&stage.loop, UV_RUN_ONCE);
    cameras_tell(&stage.cameras);
    ck_assert_uint_eq(stage.cameras.wanted, 0);
}
END_TEST

/* A clip that is finished meanwhile, or goes. */
START_TEST(a_clip_takes_its_turn)
{
    for (unsigned i = 1; i <= 3; i++)
        put_clip(i, i == 3);
    connect_tocsind();
    while (stage.told < 2 || stage.cameras.wanted == 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    struct shelf_clip *clip = put_clip(3, false), *gone = put_clip(4, false);
    shelf_tell(&stage.shelf, clip);
    shelf_tell(&stage.shelf, clip);
    shelf_tell(&stage.shelf, gone);
    cameras_tell_next(&stage.cameras);
    ck_assert_ptr_eq(TAILQ_FIRST(&stage.shelf.to_tell), gone);
    gone->note.done = true;
    shelf_tend(&stage.shelf, -1, 0, 0);
    ck_assert_ptr_null(shelf_next_to_tell(&stage.shelf));
    while (stage.told < 3)
        uv_run(&stage.loop, UV_RUN_ONCE);
    ck_assert_uint_eq(stage.downs, 0);
}
END_TEST

static bool file_has(const char *word)
{
    char path[200], *text;
    struct err e;
    snprintf(path, sizeof path, "%s/019a0000-0000-7000-8000-000000000001.json", stage.folder);
    ck_assert_int_eq(atomic_file_read(path, 1 << 20, &text, NULL, &e), 0);
    bool has = strstr(text, word) != NULL;
    free(text);
    return has;
}

/* A disk that stands still keeps no alarm, and nobody is told of what it does not hold. */
START_TEST(a_disk_that_stands_keeps_nothing_but_its_clip)
{
    struct config_cameras config = {0};
    const struct config_video video = {.post_event_ms = 1};
    struct err e;
    struct message message = make_clip(1);
    char path[200];
    ck_assert_int_eq(cameras_open(&stage.cameras, &config, &video, &e), 0);
    snprintf(stage.shelf.folder, sizeof stage.shelf.folder, "%s", stage.folder);
    uv_sem_init(&disk, 0);
    standing = true;
    shelf_add(&stage.shelf, &message);
    struct shelf_clip *clip = shelf_find(&stage.shelf, message.clip.id);
    connect_tocsind();
    while (stage.alarms == 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    shelf_mark(&stage.shelf, clip, true, false);
    shelf_mark(&stage.shelf, clip, true, true);
    shelf_tend(&stage.shelf, -1, 0, 0); /* not before that is on the disk */
    ck_assert_ptr_eq(shelf_find(&stage.shelf, message.clip.id), clip);
    clip->note.done = false; /* and back, so that it is still told after a connect */
    cameras_tell(&stage.cameras);
    want(1); /* what was wanted before that tell is not owed any more */
    while (stage.cameras.wanted == 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    for (int i = 0; i < 3; i++)
        uv_run(&stage.loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(stage.told, 0);
    clip->note.done = true;
    standing = false;
    uv_sem_post(&disk);
    while (stage.told == 0 || stage.shelf.saving)
        uv_run(&stage.loop, UV_RUN_ONCE);
    ck_assert(file_has("\"stored\":true,\"done\":true"));
    ck_assert_uint_eq(folder_saves, 2); /* the first, and the newest */
    snprintf(path, sizeof path, "%s/019a0000-0000-7000-8000-000000000001.json", stage.folder);
    shelf_tend(&stage.shelf, -1, 0, 0);
    while (access(path, F_OK) == 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    cameras_finish(&stage.cameras);
    uv_sem_destroy(&disk);
}
END_TEST

static int stand_still(const struct worker_settings *settings, int socket)
{
    (void)settings;
    (void)socket;
    return pause();
}

#define LEFT "019a0000-0000-7000-8000-0000000000ff"

static void left_path(char ret_path[200], const char *suffix)
{
    snprintf(ret_path, 200, "%s/" LEFT "%s", stage.folder, suffix);
}

static int write_left(const char *suffix, const char *text)
{
    char path[200];
    left_path(path, suffix);
    FILE *f = fopen(path, "w");
    return f && fputs(text, f) >= 0 && fclose(f) == 0 ? 0 : 1;
}

/* One group of pictures, of three bytes, is whole. */
static int leave_a_clip(const struct worker_settings *settings, int socket)
{
    (void)settings;
    (void)socket;
    return write_left(".mp4.part", "abc") ||
           write_left(".journal",
                      "{\"alarm\":\"" ALARM "\",\"camera\":\"gate\",\"container\":\"mp4\","
                      "\"boot\":\"b\",\"wall_ahead_ms\":1,\"codecs\":[\"h264\"],\"gaps\":[]}\n"
                      "{\"start_us\":1,\"stop_us\":2,\"end_bytes\":3,\"sha256\":\""
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}\n");
}

static void remove_left(void)
{
    static const char *const suffixes[] = {".mp4", ".json", ".journal", ".mp4.part"};
    char path[200];
    for (size_t i = 0; i < 4; i++) {
        left_path(path, suffixes[i]);
        unlink(path);
    }
}

static void tick_on_time(int64_t *now_ms, int count)
{
    while (count-- > 0)
        cameras_tick(&stage.cameras, *now_ms += CAMERAS_TICK_MS);
}

/* A lock that a thread of the pool holds would be held for ever in the child. */
START_TEST(nobody_is_forked_while_the_pool_works)
{
    char id[] = "gate", path[100];
    struct config_camera camera = {.id = id};
    struct config_cameras config = {.items = &camera, .count = 1};
    const struct config_video video = {.post_event_ms = 1};
    struct message message = make_clip(1);
    int64_t now_ms = 1000000;
    int status;
    struct err e;
    snprintf(stage.shelf.folder, sizeof stage.shelf.folder, "%s", stage.folder);
    stage.cameras.worker = stand_still;
    ck_assert_int_eq(cameras_open(&stage.cameras, &config, &video, &e), 0);
    uv_sem_init(&disk, 0);
    standing = true;
    shelf_add(&stage.shelf, &message);
    ck_assert_ptr_nonnull(stage.shelf.saving);
    tick_on_time(&now_ms, 3);
    uv_run(&stage.loop, UV_RUN_NOWAIT);
    tick_on_time(&now_ms, 1);
    ck_assert(cameras_have_ended(&stage.cameras)); /* it has not begun */
    standing = false;
    uv_sem_post(&disk);
    while (stage.shelf.saving)
        uv_run(&stage.loop, UV_RUN_ONCE);
    tick_on_time(&now_ms, 1);
    ck_assert(!cameras_have_ended(&stage.cameras));
    cameras_finish(&stage.cameras);
    ck_assert_int_gt(wait(&status), 0);
    snprintf(path, sizeof path, "%.80s/%s.json", stage.folder, message.clip.id);
    unlink(path);
    uv_sem_destroy(&disk);
}
END_TEST

/* A worker that died: the next begins once what it left is on the shelf, and while the disk stands
 * still over that, alarms are heard. */
START_TEST(a_dead_workers_clip_is_recovered_beside_the_loop)
{
    char id[] = "gate";
    struct config_camera camera = {.id = id};
    struct config_cameras config = {.items = &camera, .count = 1};
    const struct config_video video = {.post_event_ms = 1};
    int64_t now_ms = clock_monotonic_ms();
    struct err e;
    int status;
    snprintf(stage.shelf.folder, sizeof stage.shelf.folder, "%s", stage.folder);
    stage.cameras.worker = leave_a_clip;
    ck_assert_int_eq(cameras_open(&stage.cameras, &config, &video, &e), 0);
    tick_on_time(&now_ms, 1);
    uv_sem_init(&disk, 0);
    standing = true;
    pid_t dead = wait(&status);
    ck_assert_int_gt(dead, 0);
    cameras_reaped(&stage.cameras, dead, status);
    while (!stage.shelf.fetching) /* it has said its last */
        uv_run(&stage.loop, UV_RUN_ONCE);
    tick_on_time(&now_ms, 20); /* the search is under way, and what it will find is not yet known */
    while (waiting == 0 && stage.shelf.fetching)
        uv_run(&stage.loop, UV_RUN_NOWAIT);
    tick_on_time(&now_ms, 1);
    ck_assert(cameras_have_ended(&stage.cameras));
    connect_tocsind();
    while (stage.alarms == 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    tick_on_time(&now_ms, 20);
    ck_assert(cameras_have_ended(&stage.cameras));
    ck_assert_uint_eq(stage.told, 0);
    standing = false;
    for (int i = 0; i < 2; i++)
        uv_sem_post(&disk);
    stage.cameras.worker = stand_still;
    stage.last = (unsigned)strtoul(LEFT + 24, NULL, 16) - 1;
    while (stage.told == 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    tick_on_time(&now_ms, 20);
    ck_assert(!cameras_have_ended(&stage.cameras));
    cameras_finish(&stage.cameras);
    ck_assert_int_gt(wait(&status), 0);
    remove_left();
    uv_sem_destroy(&disk);
}
END_TEST

static int leave_a_clip_and_stay(const struct worker_settings *settings, int socket)
{
    if (strcmp(settings->id, "gate") == 0)
        leave_a_clip(settings, socket);
    return pause();
}

/* A worker's end and a reload both search: whoever begins after that is left alone. */
START_TEST(a_living_workers_clip_is_not_recovered)
{
    char gate[] = "gate", yard[] = "yard", path[200];
    struct config_camera cameras[] = {{.id = yard}, {.id = gate}};
    struct config_cameras config = {.items = &cameras[1], .count = 1};
    const struct config_video video = {.post_event_ms = 1};
    int64_t now_ms = clock_monotonic_ms();
    struct err e;
    int status;
    snprintf(stage.shelf.folder, sizeof stage.shelf.folder, "%s", stage.folder);
    stage.cameras.worker = leave_a_clip;
    ck_assert_int_eq(cameras_open(&stage.cameras, &config, &video, &e), 0);
    tick_on_time(&now_ms, 1);
    uv_sem_init(&disk, 0);
    standing = true;
    pid_t dead = wait(&status);
    ck_assert_int_gt(dead, 0);
    cameras_reaped(&stage.cameras, dead, status);
    while (waiting == 0) /* what the worker left is being recovered */
        uv_run(&stage.loop, UV_RUN_NOWAIT);
    config = (struct config_cameras){.items = cameras, .count = 2};
    stage.cameras.worker = leave_a_clip_and_stay;
    ck_assert_int_eq(cameras_open(&stage.cameras, &config, &video, &e), 0);
    shelf_rest(&stage.shelf); /* the searches come one by one */
    standing = false;
    uv_sem_post(&disk);
    while (stage.shelf.fetching || stage.shelf.saving) /* after that the journal is another's */
        uv_run(&stage.loop, UV_RUN_ONCE);
    left_path(path, ".journal");
    while (access(path, F_OK) != 0) {
        cameras_tick(&stage.cameras, now_ms);
        uv_run(&stage.loop, UV_RUN_NOWAIT);
    }
    while (stage.shelf.fetching || !TAILQ_EMPTY(&stage.shelf.intake)) {
        cameras_tick(&stage.cameras, now_ms);
        uv_run(&stage.loop, UV_RUN_NOWAIT);
    }
    ck_assert_int_eq(access(path, F_OK), 0);
    cameras_finish(&stage.cameras);
    while (wait(&status) > 0) {
    }
    remove_left();
    uv_sem_destroy(&disk);
}
END_TEST

/* What held up the supervisor is no silence of a worker, whose words wait to be read. */
START_TEST(a_tick_that_is_late_kills_nobody)
{
    char id[] = "gate";
    struct config_camera camera = {.id = id};
    struct config_cameras config = {.items = &camera, .count = 1};
    const struct config_video video = {.post_event_ms = 1};
    int64_t now_ms = 1000000;
    int status;
    struct err e;
    stage.cameras.worker = stand_still;
    ck_assert_int_eq(cameras_open(&stage.cameras, &config, &video, &e), 0);
    cameras_tick(&stage.cameras, now_ms);
    ck_assert(!cameras_have_ended(&stage.cameras));
    cameras_tick(&stage.cameras, now_ms += 10 * PROCESS_SILENCE_MS);
    tick_on_time(&now_ms, PROCESS_SILENCE_MS / CAMERAS_TICK_MS - 1);
    ck_assert_int_eq(kills, 0);
    tick_on_time(&now_ms, 1);
    ck_assert_int_eq(kills, 1); /* it had as long as any other */
    ck_assert_int_gt(wait(&status), 0);
    cameras_finish(&stage.cameras);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video tell");
    TCase *tell = tcase_create("tell");
    tcase_add_checked_fixture(tell, set_up, tear_down);
    tcase_add_test(tell, an_alarm_is_heard_however_many_clips_are_not_done);
    tcase_add_test(tell, no_more_clips_are_told_than_are_wanted);
    tcase_add_test(tell, a_clip_takes_its_turn);
    tcase_add_test(tell, a_disk_that_stands_keeps_nothing_but_its_clip);
    tcase_add_test(tell, nobody_is_forked_while_the_pool_works);
    tcase_add_test(tell, a_dead_workers_clip_is_recovered_beside_the_loop);
    tcase_add_test(tell, a_living_workers_clip_is_not_recovered);
    tcase_add_test(tell, a_tick_that_is_late_kills_nobody);
    suite_add_tcase(suite, tell);
    return run_suite(suite);
}
