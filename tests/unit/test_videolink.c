/* SPDX-License-Identifier: Apache-2.0 */
/* The line between tocsind and tocsin-video: what is said arrives, what is nonsense is refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "run_suite.h"
#include "videolink/link.h"

#define ALARM "019a0000-0000-7000-8000-000000000001"
#define CLIP  "019a0000-0000-7000-8000-000000000002"
#define HASH  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MANIFEST                                                                                   \
    "{\"part\":1,\"last\":false,\"start\":\"2026-11-23T08:00:00.000Z\","                           \
    "\"stop\":\"2026-11-23T08:00:09.500Z\",\"start_monoms\":1000,\"stop_monoms\":10500,"           \
    "\"container\":\"mp4\",\"codecs\":[\"h264\"],\"length\":77,\"sha256\":\"" HASH "\","           \
    "\"chunk_bytes\":4194304,\"chunks\":[\"" HASH "\"],"                                           \
    "\"gops\":[{\"at_ms\":0,\"sha256\":\"" HASH "\"}],\"gaps\":[]}"
#define CLIP_LINE(manifest)                                                                        \
    "{\"type\":\"clip\",\"clip\":\"" CLIP "\",\"alarm\":\"" ALARM                                  \
    "\",\"camera\":\"gate\",\"path\":\"/v/clips/a.mp4\",\"manifest\":" manifest "}"

static void parse_again(const struct message *message, struct message *ret_message)
{
    struct err e;
    char *line = message_format(message);
    ck_assert_ptr_nonnull(line);
    size_t length = strlen(line);
    ck_assert_int_eq(line[length - 1], '\n');
    ck_assert_int_eq(message_parse(line, length - 1, ret_message, &e), 0);
    free(line);
}

START_TEST(an_alarm_comes_back_as_it_was_said)
{
    struct message said = {
        .type = MESSAGE_ALARM,
        .alarm = {
            .id = ALARM, .press_ms = 123456789, .camera_count = 2, .cameras = {"gate", "yard"}}};
    struct message heard;
    parse_again(&said, &heard);
    ck_assert_int_eq(heard.type, MESSAGE_ALARM);
    ck_assert_str_eq(heard.alarm.id, ALARM);
    ck_assert_int_eq(heard.alarm.press_ms, 123456789);
    ck_assert_uint_eq(heard.alarm.camera_count, 2);
    ck_assert_str_eq(heard.alarm.cameras[1], "yard");
    message_finish(&heard);
}
END_TEST

START_TEST(a_camera_comes_back_as_it_was_said)
{
    struct message said = {.type = MESSAGE_CAMERA,
                           .camera = {.id = "gate",
                                      .state = MESSAGE_CAMERA_FAULT,
                                      .reason = "门口: \"refused\"\n",
                                      .restarts = 7}};
    struct message heard;
    parse_again(&said, &heard);
    ck_assert_int_eq(heard.camera.state, MESSAGE_CAMERA_FAULT);
    ck_assert_str_eq(heard.camera.reason, said.camera.reason);
    ck_assert_uint_eq(heard.camera.restarts, 7);
    message_finish(&heard);
}
END_TEST

/* A camera's own words in a reason must not end the link for all the others. */
START_TEST(a_reason_that_is_no_text_is_said_to_be_none)
{
    struct message said = {.type = MESSAGE_CAMERA, .camera = {.id = "gate", .reason = "\xe9\x97"}};
    struct message heard;
    parse_again(&said, &heard);
    ck_assert_str_eq(heard.camera.id, "gate");
    ck_assert_str_eq(heard.camera.reason, "(the reason is no text)");
}
END_TEST

START_TEST(clip_words_come_back_as_they_were_said)
{
    for (enum message_type type = MESSAGE_CLIP_STORED; type <= MESSAGE_CLIP_DONE; type++) {
        struct message said = {.type = type, .word_of = CLIP}, heard;
        parse_again(&said, &heard);
        ck_assert_int_eq(heard.type, type);
        ck_assert_str_eq(heard.word_of, CLIP);
    }
}
END_TEST

START_TEST(a_wish_for_a_clip_comes_back_as_it_was_said)
{
    const enum message_type wishes[] = {MESSAGE_CLIP_WANTED, MESSAGE_CLIPS_AGAIN, MESSAGE_BEAT};
    for (size_t i = 0; i < 3; i++) {
        struct message said = {.type = wishes[i]}, heard;
        parse_again(&said, &heard);
        ck_assert_int_eq(heard.type, wishes[i]);
    }
}
END_TEST

START_TEST(the_room_comes_back_as_it_was_said)
{
    for (enum disk_room state = DISK_ROOM_GOOD; state <= DISK_ROOM_FULL; state++) {
        struct message said = {
            .type = MESSAGE_ROOM,
            .room = {.state = state,
                     .free_bytes = state == DISK_ROOM_SHORT ? DISK_FREE_UNKNOWN : INT64_C(1) << 44,
                     .keep_bytes = INT64_C(1) << 40}};
        struct message heard;
        parse_again(&said, &heard);
        ck_assert_int_eq(heard.type, MESSAGE_ROOM);
        ck_assert_int_eq(heard.room.state, state);
        ck_assert_int_eq(heard.room.free_bytes, said.room.free_bytes);
        ck_assert_int_eq(heard.room.keep_bytes, said.room.keep_bytes);
    }
}
END_TEST

START_TEST(a_clip_brings_its_manifest_and_its_hash)
{
    struct message first, again;
    struct err e;
    const char *line = CLIP_LINE(MANIFEST);
    ck_assert_int_eq(message_parse(line, strlen(line), &first, &e), 0);
    parse_again(&first, &again);
    ck_assert_int_eq(again.clip.length_bytes, 77);
    ck_assert_int_eq(again.clip.sha256[0], 0xe3);
    ck_assert_int_eq(again.clip.sha256[31], 0x55);
    ck_assert_str_eq(again.clip.path, "/v/clips/a.mp4");
    ck_assert(json_equal(first.clip.manifest, again.clip.manifest));
    message_finish(&first);
    message_finish(&again);
}
END_TEST

static const char *const nonsense[] = {
    "",
    "{}",
    "[]",
    "null",
    "\"alarm\"",
    "{\"type\":\"alarm\"}",
    "{\"type\":3}",
    "{\"type\":\"clip_stored\",\"clip\":\"" CLIP "\"",
    "{\"type\":\"clip_stored\",\"clip\":\"../../etc/passwd\"}",
    "{\"type\":\"clip_stored\",\"type\":\"clip_done\",\"clip\":\"" CLIP "\"}",
    "{\"type\":\"alarm\",\"alarm\":\"" ALARM "\",\"cameras\":[],\"press_ms\":-1}",
    "{\"type\":\"alarm\",\"alarm\":\"" ALARM "\",\"cameras\":[],\"press_ms\":1.5}",
    "{\"type\":\"alarm\",\"alarm\":\"" ALARM "\",\"cameras\":[7],\"press_ms\":1}",
    "{\"type\":\"alarm\",\"alarm\":\"" ALARM "\",\"cameras\":\"gate\",\"press_ms\":1}",
    "{\"type\":\"alarm\",\"alarm\":\"gate\",\"cameras\":[],\"press_ms\":1}",
    "{\"type\":\"camera\",\"camera\":\"a\\u0000b\",\"state\":\"online\",\"reason\":\"\","
    "\"restarts\":0}",
    "{\"type\":\"camera\",\"camera\":\"a\",\"state\":\"well\",\"reason\":\"\",\"restarts\":0}",
    "{\"type\":\"camera\",\"camera\":\"a\",\"state\":\"online\",\"reason\":\"\"}",
    "{\"type\":\"room\",\"free_bytes\":1,\"keep_bytes\":1}",
    "{\"type\":\"room\",\"state\":\"ample\",\"free_bytes\":1,\"keep_bytes\":1}",
    "{\"type\":\"room\",\"state\":\"good\",\"free_bytes\":-1,\"keep_bytes\":1}",
    "{\"type\":\"room\",\"state\":\"good\",\"free_bytes\":1,\"keep_bytes\":\"1\"}",
    CLIP_LINE("{}"),
    CLIP_LINE("null"),
};

START_TEST(nonsense_is_refused_with_a_sentence)
{
    struct message message;
    struct err e = {.text = ""};
    ck_assert_int_lt(message_parse(nonsense[_i], strlen(nonsense[_i]), &message, &e), 0);
    ck_assert_uint_gt(strlen(e.text), 10);
    message_finish(&message);
}
END_TEST

START_TEST(too_many_cameras_are_refused)
{
    char line[4096];
    int used =
        snprintf(line, sizeof line,
                 "{\"type\":\"alarm\",\"alarm\":\"" ALARM "\",\"press_ms\":1,\"cameras\":[\"c\"");
    for (int i = 0; i < LIMIT_INPUT_CAMERAS; i++)
        used += snprintf(line + used, sizeof line - (size_t)used, ",\"c\"");
    used += snprintf(line + used, sizeof line - (size_t)used, "]}");
    struct message message;
    struct err e;
    ck_assert_int_lt(message_parse(line, (size_t)used, &message, &e), 0);
}
END_TEST

/* --- Two ends on one loop ------------------------------------------------------------------ */

struct stage {
    uv_loop_t loop;
    uv_timer_t limit;
    char folder[64], path[96];
    struct link_server *server;
    struct link_client *client;
    int server_up, server_down, client_up, client_down, heard_by_server, heard_by_client;
    bool done;
};

static void on_limit(uv_timer_t *timer)
{
    ck_abort_msg("waited in vain (%s)", (const char *)timer->data);
}

/* Runs the loop until `stage->done`. */
static void run(struct stage *stage, const char *what)
{
    stage->done = false;
    stage->limit.data = (void *)(uintptr_t)what;
    uv_timer_start(&stage->limit, on_limit, (uint64_t)patience_ms(), 0);
    while (!stage->done)
        uv_run(&stage->loop, UV_RUN_ONCE);
    uv_timer_stop(&stage->limit);
}

static void on_server_up(void *arg)
{
    struct stage *stage = arg;
    stage->server_up++;
    link_server_send(stage->server,
                     &(struct message){.type = MESSAGE_CAMERA, .camera = {.id = "gate"}});
}

static void on_server_down(void *arg, const char *reason)
{
    struct stage *stage = arg;
    ck_assert_ptr_nonnull(reason);
    stage->server_down++;
    stage->done = true;
}

static void on_server_message(void *arg, const struct message *message)
{
    struct stage *stage = arg;
    ck_assert_str_eq(message->word_of, CLIP);
    stage->heard_by_server++;
    stage->done = stage->heard_by_client > 0;
}

static void on_client_up(void *arg)
{
    struct stage *stage = arg;
    stage->client_up++;
    link_client_send(stage->client,
                     &(struct message){.type = MESSAGE_CLIP_STORED, .word_of = CLIP});
}

static void on_client_down(void *arg, const char *reason)
{
    struct stage *stage = arg;
    ck_assert_ptr_nonnull(reason);
    stage->client_down++;
    /* What is sent now goes nowhere, and does no harm. */
    ck_assert(!link_client_is_up(stage->client));
    link_client_send(stage->client, &(struct message){.type = MESSAGE_CLIP_DONE, .word_of = CLIP});
    stage->done = true;
}

static void on_client_message(void *arg, const struct message *message)
{
    struct stage *stage = arg;
    ck_assert_str_eq(message->camera.id, "gate");
    stage->heard_by_client++;
    stage->done = stage->heard_by_server > 0;
}

static void send_both(struct stage *stage)
{
    link_server_send(stage->server,
                     &(struct message){.type = MESSAGE_CAMERA, .camera = {.id = "gate"}});
    link_client_send(stage->client,
                     &(struct message){.type = MESSAGE_CLIP_STORED, .word_of = CLIP});
}

static void open_server(struct stage *stage)
{
    struct err e;
    struct link_handlers handlers = {on_server_up, on_server_down, on_server_message, stage, NULL};
    ck_assert_int_eq(link_server_create(&stage->loop, stage->path, &handlers, &stage->server, &e),
                     0);
}

static void open_stage(struct stage *stage)
{
    struct err e;
    struct link_handlers handlers = {on_client_up, on_client_down, on_client_message, stage, NULL};
    *stage = (struct stage){.folder = ""};
    test_folder(stage->folder, sizeof stage->folder);
    snprintf(stage->path, sizeof stage->path, "%s/link.sock", stage->folder);
    uv_loop_init(&stage->loop);
    uv_timer_init(&stage->loop, &stage->limit);
    ck_assert_int_eq(link_client_create(&stage->loop, stage->path, &handlers, &stage->client, &e),
                     0);
}

static void close_stage(struct stage *stage)
{
    link_client_close(stage->client);
    link_server_close(stage->server);
    uv_close((uv_handle_t *)&stage->limit, NULL);
    uv_run(&stage->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&stage->loop), 0);
    ck_assert_int_eq(access(stage->path, F_OK), -1);
    rmdir(stage->folder);
}

START_TEST(the_client_comes_before_the_server_and_outlives_it)
{
    struct stage stage;
    open_stage(&stage);
    uv_run(&stage.loop, UV_RUN_NOWAIT); /* nobody listens yet */
    open_server(&stage);
    run(&stage, "both say and hear");
    struct stat st;
    ck_assert_int_eq(stat(stage.path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0660);
    link_server_close(stage.server);
    run(&stage, "the client sees the end");
    ck_assert_int_eq(stage.client_down, 1);
    stage.heard_by_client = stage.heard_by_server = 0;
    open_server(&stage);
    run(&stage, "the client comes again");
    ck_assert_int_eq(stage.client_up, 2);
    close_stage(&stage);
}
END_TEST

START_TEST(a_socket_that_is_served_is_not_taken)
{
    struct stage stage;
    struct err e;
    open_stage(&stage);
    open_server(&stage);
    run(&stage, "both say and hear");
    struct link_server *second;
    struct link_handlers handlers = {on_server_up, on_server_down, on_server_message, &stage, NULL};
    ck_assert_int_eq(link_server_create(&stage.loop, stage.path, &handlers, &second, &e),
                     -EADDRINUSE);
    ck_assert(link_client_is_up(stage.client));
    close_stage(&stage);
}
END_TEST

/* A connection that says nothing: somebody who looks whether anybody is there. */
static int look(const struct stage *stage)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(address.sun_path, stage->path, strlen(stage->path) + 1);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static bool is_closed(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* One more than may wait: the first of them is let go, and not who is served. */
static void run_until_one_is_let_go(struct stage *stage, int looks[5])
{
    for (int i = 0; i < 5; i++)
        looks[i] = look(stage);
    while (!is_closed(looks[0]))
        uv_run(&stage->loop, UV_RUN_NOWAIT);
    for (int i = 1; i < 5; i++)
        ck_assert(!is_closed(looks[i]));
}

START_TEST(who_only_looks_takes_nobodys_place)
{
    struct stage stage;
    int looks[5];
    char said;
    open_stage(&stage);
    open_server(&stage);
    run(&stage, "both say and hear");
    run_until_one_is_let_go(&stage, looks);
    close(looks[1]);
    ck_assert_int_eq(write(looks[2], "nonsense\n", 9), 9);
    while (!is_closed(looks[2]))
        uv_run(&stage.loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(stage.server_up, 1);
    ck_assert_int_eq(stage.server_down + stage.client_down, 0);
    stage.heard_by_client = stage.heard_by_server = 0;
    send_both(&stage);
    run(&stage, "both are heard as before");
    link_client_close(stage.client); /* the newest of those that wait is served */
    while (stage.server_up == 1)
        uv_run(&stage.loop, UV_RUN_ONCE);
    ck_assert_int_eq(recv(looks[4], &said, 1, 0), 1);
    ck_assert_int_lt(recv(looks[3], &said, 1, MSG_DONTWAIT), 0);
    stage.client = NULL;
    close_stage(&stage);
    ck_assert(is_closed(looks[3])); /* who waits is closed with the server */
}
END_TEST

START_TEST(who_speaks_takes_the_place_of_who_was_there)
{
    static const char done[] = "{\"type\":\"clip_done\",\"clip\":\"" CLIP "\"}\n";
    struct stage stage;
    open_stage(&stage);
    open_server(&stage);
    run(&stage, "both say and hear");
    stage.heard_by_server = 0;
    int fd = look(&stage);
    ck_assert_int_eq(write(fd, done, sizeof done - 1), sizeof done - 1);
    while (stage.client_down == 0)
        run(&stage, "the older is closed");
    ck_assert_int_eq(stage.server_up, 2);
    ck_assert_int_eq(stage.heard_by_server, 1);
    link_client_close(stage.client);
    stage.client = NULL;
    close(fd);
    close_stage(&stage);
}
END_TEST

START_TEST(what_hinders_it_is_told_as_what_it_is)
{
    static const int codes[] = {ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG};
    static const char *const names[] = {
        "none/link.sock", "file/link.sock", "folder",
        "a-name-that-is-much-too-long-for-a-socket-because-they-may-have-107-bytes-and-not-one-"
        "more"};
    struct stage stage;
    struct err e;
    struct link_server *server;
    struct link_handlers handlers = {on_server_up, on_server_down, on_server_message, &stage, NULL};
    char path[200], command[300];
    open_stage(&stage);
    snprintf(command, sizeof command, "touch %s/file && mkdir %s/folder", stage.folder,
             stage.folder);
    ck_assert_int_eq(system(command), 0);
    snprintf(path, sizeof path, "%s/%s", stage.folder, names[_i]);
    ck_assert_int_eq(link_server_create(&stage.loop, path, &handlers, &server, &e), -codes[_i]);
    ck_assert_ptr_nonnull(strstr(e.text, path));
    close_stage(&stage);
    snprintf(command, sizeof command, "rm -rf %s", stage.folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(the_newest_peer_is_served)
{
    struct stage stage;
    struct err e;
    open_stage(&stage);
    open_server(&stage);
    run(&stage, "both say and hear");
    stage.heard_by_client = stage.heard_by_server = 0;
    struct link_client *older = stage.client;
    struct link_handlers handlers = {on_client_up, on_client_down, on_client_message, &stage, NULL};
    link_client_close(older);
    ck_assert_int_eq(link_client_create(&stage.loop, stage.path, &handlers, &stage.client, &e), 0);
    while (stage.heard_by_client == 0 || stage.heard_by_server == 0)
        run(&stage, "the newer is heard");
    ck_assert_int_eq(stage.server_up, 2);
    close_stage(&stage);
}
END_TEST

/* --- Who says more than its share ----------------------------------------------------------- */

#define FLOOD 100

static void send_many(struct stage *stage)
{
    for (int i = 0; i < FLOOD; i++)
        send_both(stage);
}

START_TEST(a_turn_of_the_loop_hears_one_message_however_many_were_said)
{
    struct stage stage;
    open_stage(&stage);
    open_server(&stage);
    run(&stage, "both say and hear");
    send_many(&stage);
    while (stage.heard_by_client < FLOOD + 1 || stage.heard_by_server < FLOOD + 1) {
        int client = stage.heard_by_client, server = stage.heard_by_server;
        uv_run(&stage.loop, UV_RUN_ONCE);
        ck_assert_int_le(stage.heard_by_client, client + 1);
        ck_assert_int_le(stage.heard_by_server, server + 1);
    }
    ck_assert_int_eq(stage.client_down + stage.server_down, 0);
    close_stage(&stage);
}
END_TEST

static struct link_client *to_close;

static void on_message_that_ends_it(void *arg, const struct message *message)
{
    on_client_message(arg, message);
    link_client_close(to_close);
}

START_TEST(nothing_is_heard_after_the_close_whatever_was_said_before)
{
    struct stage stage;
    struct err e;
    open_stage(&stage);
    link_client_close(stage.client);
    open_server(&stage);
    struct link_handlers handlers = {on_client_up, on_client_down, on_message_that_ends_it, &stage,
                                     NULL};
    ck_assert_int_eq(link_client_create(&stage.loop, stage.path, &handlers, &stage.client, &e), 0);
    to_close = stage.client;
    while (stage.server_up == 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    send_many(&stage);
    run(&stage, "the server sees the end");
    ck_assert_int_eq(stage.heard_by_client, 1);
    stage.client = NULL;
    close_stage(&stage);
}
END_TEST

/* What a stranger says to a client, and then is gone. */
static int listen_as_stranger(struct stage *stage)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    memcpy(address.sun_path, stage->path, strlen(stage->path) + 1);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    return fd;
}

START_TEST(what_was_said_before_the_end_is_heard_and_nothing_behind_nonsense)
{
    static const char camera[] =
        "{\"type\":\"camera\",\"camera\":\"gate\",\"state\":\"online\",\"reason\":\"\","
        "\"restarts\":0}\n";
    struct stage stage;
    open_stage(&stage);
    int peer, fd = listen_as_stranger(&stage);
    while ((peer = accept(fd, NULL, NULL)) < 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    close(fd);
    ck_assert_int_eq(write(peer, camera, sizeof camera - 1), sizeof camera - 1);
    while (stage.client_up == 0)
        uv_run(&stage.loop, UV_RUN_ONCE);
    for (int i = 1; i < 3; i++)
        ck_assert_int_eq(write(peer, camera, sizeof camera - 1), sizeof camera - 1);
    if (_i == 1) {
        ck_assert_int_eq(write(peer, "nonsense\n", 9), 9);
        ck_assert_int_eq(write(peer, camera, sizeof camera - 1), sizeof camera - 1);
    }
    if (_i == 0)
        close(peer);
    while (stage.client_down == 0)
        run(&stage, "the client sees the end");
    ck_assert_int_eq(stage.heard_by_client, 3);
    if (_i == 1)
        close(peer);
    link_client_close(stage.client);
    stage.client = NULL;
    unlink(stage.path);
    close_stage(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("videolink");
    TCase *codec = tcase_create("message");
    tcase_add_test(codec, an_alarm_comes_back_as_it_was_said);
    tcase_add_test(codec, a_camera_comes_back_as_it_was_said);
    tcase_add_test(codec, a_reason_that_is_no_text_is_said_to_be_none);
    tcase_add_test(codec, clip_words_come_back_as_they_were_said);
    tcase_add_test(codec, a_wish_for_a_clip_comes_back_as_it_was_said);
    tcase_add_test(codec, the_room_comes_back_as_it_was_said);
    tcase_add_test(codec, a_clip_brings_its_manifest_and_its_hash);
    tcase_add_loop_test(codec, nonsense_is_refused_with_a_sentence, 0,
                        sizeof nonsense / sizeof nonsense[0]);
    tcase_add_test(codec, too_many_cameras_are_refused);
    suite_add_tcase(suite, codec);
    TCase *link = tcase_create("link");
    tcase_add_test(link, the_client_comes_before_the_server_and_outlives_it);
    tcase_add_test(link, a_socket_that_is_served_is_not_taken);
    tcase_add_test(link, who_only_looks_takes_nobodys_place);
    tcase_add_test(link, who_speaks_takes_the_place_of_who_was_there);
    tcase_add_loop_test(link, what_hinders_it_is_told_as_what_it_is, 0, 4);
    tcase_add_test(link, the_newest_peer_is_served);
    tcase_add_test(link, a_turn_of_the_loop_hears_one_message_however_many_were_said);
    tcase_add_test(link, nothing_is_heard_after_the_close_whatever_was_said_before);
    tcase_add_loop_test(link, what_was_said_before_the_end_is_heard_and_nothing_behind_nonsense, 0,
                        2);
    suite_add_tcase(suite, link);
    return run_suite(suite);
}
