/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket with real clients, in one loop. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/control.h"
#include "run_suite.h"

struct fixture {
    uv_loop_t loop;
    char folder[32], path[64];
    struct control *control;
    struct control_request *kept; /* by "later" */
    unsigned served;
    int64_t busy_ns, begun_ns[8], ended_ns[8]; /* of "busy" */
    bool told, there;                          /* by control_when_read */
    unsigned pieces;                           /* of a stream that goes on */
};

static void run_echo(void *arg, struct control_request *request, const json_t *arguments)
{
    ((struct fixture *)arg)->served++;
    control_reply(request, json_pack("{sO}", "text", json_object_get(arguments, "text")));
}

static void run_later(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    struct fixture *f = arg;
    f->kept = request;
    f->served++;
}

/* Takes its time, and notes when. */
static void run_busy(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    struct fixture *f = arg;
    unsigned i = f->served++ % 8;
    f->begun_ns[i] = clock_monotonic_ns();
    while (clock_monotonic_ns() < f->begun_ns[i] + 2000000)
        ;
    f->ended_ns[i] = clock_monotonic_ns();
    control_reply(request, NULL);
}

static void run_big(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    static char members[100000];
    int head = sprintf(members, "\"text\":\"");
    memset(members + head, 'x', sizeof members - (size_t)head - 1);
    members[sizeof members - 1] = '"';
    ((struct fixture *)arg)->served++;
    control_reply_text(request, members, sizeof members);
}

static void run_who(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arg;
    (void)arguments;
    char name[CONTROL_NAME_SIZE];
    control_user(request, name);
    control_reply(request, json_pack("{ss}", "name", name));
}

static void on_taken(void *arg, bool there)
{
    struct fixture *f = arg;
    ck_assert(!f->told);
    f->told = true;
    f->there = there;
    control_send(f->kept, json_pack("{sb}", "end", there));
    control_end(f->kept);
}

/* A stream of a megabyte, and one line more when that was taken. */
static void run_stream(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    struct fixture *f = arg;
    static char lines[1000000];
    memset(lines, 'x', sizeof lines);
    lines[sizeof lines - 1] = '\n';
    f->kept = request;
    ck_assert(!control_when_read(request, on_taken, f)); /* nothing is on its way */
    ck_assert(control_send_text(request, lines, sizeof lines));
    ck_assert(control_when_read(request, on_taken, f));
    ck_assert(!f->told);
}

static void run_watch(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arg;
    (void)arguments;
    control_watch(request);
}

static const char *const echo_arguments[] = {"text", NULL};
static const struct control_command commands[] = {
    {"echo", echo_arguments, run_echo}, {"later", NULL, run_later}, {"watch", NULL, run_watch},
    {"busy", NULL, run_busy},           {"big", NULL, run_big},     {"who", NULL, run_who},
    {"stream", NULL, run_stream},       {NULL, NULL, NULL},
};

static struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct err e;
    strcpy(f->folder, "/tmp/tocsin-control-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/control.sock", f->folder);
    uv_loop_init(&f->loop);
    ck_assert_msg(control_open(&f->loop, f->path, commands, f, &f->control, &e) == 0, "%s", e.text);
    return f;
}

static void end(struct fixture *f)
{
    control_close(f->control);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    ck_assert_int_ne(access(f->path, F_OK), 0);
    rmdir(f->folder);
    free(f);
}

static int dial(struct fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", f->path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Turns the loop until the client has a whole line, or the other side has closed ("" then). */
static void read_line(struct fixture *f, int fd, char *line, size_t size)
{
    for (;;) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        ssize_t got = recv(fd, line, size - 1, MSG_PEEK);
        char *stop = got > 0 ? memchr(line, '\n', (size_t)got) : NULL;
        if (stop) {
            ck_assert_int_eq(recv(fd, line, (size_t)(stop + 1 - line), 0), stop + 1 - line);
            *stop = '\0';
            return;
        }
        if (got == 0 || got == (ssize_t)size - 1)
            break;
    }
    line[0] = '\0';
}

static void ask(struct fixture *f, int fd, const char *request, char *line, size_t size)
{
    ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    read_line(f, fd, line, size);
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* The linker gives us the clock: who was dropped may read while it stands still. */
static int64_t stopped_ms;
int64_t __wrap_clock_monotonic_ms(void);

int64_t __wrap_clock_monotonic_ms(void)
{
    return stopped_ms ? stopped_ms : clock_monotonic_ns() / 1000000;
}

static void turn(struct fixture *f, int times)
{
    for (int i = 0; i < times; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
}

/* Turns the loop until the client has read so many bytes, or somewhat more; how many. */
static size_t hear(struct fixture *f, int fd, size_t wanted, size_t at_once)
{
    static char block[1 << 20];
    size_t heard = 0;
    while (heard < wanted) {
        ssize_t got = recv(fd, block, at_once, 0);
        heard += got > 0 ? (size_t)got : 0;
        turn(f, 1);
    }
    return heard;
}

static void turn_until_served(struct fixture *f, unsigned count)
{
    while (f->served < count)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(f->served, count);
}

START_TEST(a_request_is_answered_and_its_socket_is_for_the_group_alone)
{
    struct fixture *f = begin();
    struct stat st;
    char line[200];
    int fd = dial(f);
    ask(f, fd, "{\"command\":\"echo\",\"text\":\"门\"}\n", line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":\"门\"}");
    ck_assert_int_eq(stat(f->path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0660);
    close(fd);
    end(f);
}
END_TEST

START_TEST(what_is_no_request_gets_a_sentence)
{
    static const char *const bad[][2] = {
        {"nonsense\n", "not a JSON object"},
        {"[]\n", "not a JSON object"},
        {"{}\n", "no such command"},
        {"{\"command\":7}\n", "no such command"},
        {"{\"command\":\"fire\"}\n", "no such command: fire"},
        {"{\"command\":\"later\",\"now\":1}\n", "takes no argument now"},
        {"{\"command\":\"echo\",\"command\":\"echo\"}\n", "not a JSON object"},
    };
    struct fixture *f = begin();
    char line[400];
    int fd = dial(f);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ask(f, fd, bad[i][0], line, sizeof line);
        ck_assert_msg(strstr(line, "\"ok\":false") && strstr(line, bad[i][1]), "%s", line);
    }
    close(fd);
    end(f);
}
END_TEST

START_TEST(a_line_without_end_closes_the_connection)
{
    struct fixture *f = begin();
    char line[100];
    static char junk[CONTROL_LINE_MAX + 1000];
    int fd = dial(f);
    memset(junk, 'x', sizeof junk);
    send(fd, junk, sizeof junk, MSG_NOSIGNAL);
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "");
    close(fd);
    end(f);
}
END_TEST

START_TEST(an_answer_to_a_client_that_is_gone_is_dropped)
{
    struct fixture *f = begin();
    int fd = dial(f);
    send(fd, "{\"command\":\"later\"}\n", 20, MSG_NOSIGNAL);
    while (!f->kept)
        uv_run(&f->loop, UV_RUN_ONCE);
    close(fd);
    for (int i = 0; i < 10; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    control_reply(f->kept, NULL);
    end(f);
}
END_TEST

START_TEST(requests_come_in_any_pieces_and_are_answered_in_order)
{
    struct fixture *f = begin();
    char line[200];
    int fd = dial(f);
    for (const char *at = "{\"command\":\"echo\",\"text\":1}\n"; *at; at++) {
        ck_assert_int_eq(send(fd, at, 1, MSG_NOSIGNAL), 1);
        turn(f, 1);
    }
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":1}");
    say(fd, "{\"command\":\"echo\",\"text\":2}\n{\"command\":\"echo\",\"text\":3}\n{\"comm");
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":2}");
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":3}");
    say(fd, "and\":\"echo\",\"text\":4}\n");
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":4}");
    close(fd);
    end(f);
}
END_TEST

START_TEST(a_turn_of_the_loop_serves_one_request_however_many_were_sent)
{
    static const char request[] = "{\"command\":\"echo\",\"text\":1}\n";
    struct fixture *f = begin();
    int first = dial(f), second = dial(f);
    for (int i = 0; i < 200; i++)
        say(i % 2 ? first : second, request);
    while (f->served < 200) {
        unsigned before = f->served;
        turn(f, 1);
        ck_assert_uint_le(f->served, before + 1);
    }
    ck_assert_uint_eq(f->served, 200);
    close(first);
    close(second);
    end(f);
}
END_TEST

START_TEST(requests_get_a_quarter_of_the_time)
{
    struct fixture *f = begin();
    int fd = dial(f);
    for (int i = 0; i < 8; i++)
        say(fd, "{\"command\":\"busy\"}\n");
    turn_until_served(f, 8);
    for (int i = 1; i < 8; i++)
        ck_assert_int_ge(f->begun_ns[i] - f->ended_ns[i - 1],
                         3 * (f->ended_ns[i - 1] - f->begun_ns[i - 1]));
    close(fd);
    end(f);
}
END_TEST

START_TEST(who_asks_without_pause_does_not_keep_others_waiting)
{
    struct fixture *f = begin();
    char line[200];
    int flood = dial(f), other = dial(f);
    static char requests[1000 * 28 + 1];
    for (int i = 0; i < 1000; i++)
        strcpy(requests + i * 28, "{\"command\":\"echo\",\"text\":1}\n");
    say(flood, requests);
    turn_until_served(f, 1);
    ask(f, other, "{\"command\":\"echo\",\"text\":2}\n", line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":2}");
    ck_assert_uint_lt(f->served, 500);
    close(flood);
    close(other);
    end(f);
}
END_TEST

START_TEST(a_client_that_does_not_take_its_answers_is_not_served_until_it_does)
{
    struct fixture *f = begin();
    char line[100];
    int fd = dial(f), other = dial(f);
    for (int i = 0; i < 100; i++)
        say(fd, "{\"command\":\"big\"}\n");
    /* Until another client has several answers, and it not one: they are served in turn. */
    unsigned before;
    do {
        before = f->served;
        for (int i = 0; i < 4; i++, f->served--)
            ask(f, other, "{\"command\":\"echo\",\"text\":1}\n", line, sizeof line);
    } while (f->served != before);
    ck_assert_uint_gt(f->served, 0);
    ck_assert_uint_lt(f->served, 20); /* what the kernel's buffer takes, and one */
    ck_assert_uint_eq(hear(f, fd, 100 * 100013, 1 << 20), 100 * 100013);
    ck_assert_uint_eq(f->served, 100);
    close(other);
    close(fd);
    end(f);
}
END_TEST

START_TEST(four_requests_of_a_client_may_wait_for_their_answer_and_no_more)
{
    struct fixture *f = begin();
    char line[100];
    struct control_request *kept[4];
    int fd = dial(f);
    for (unsigned i = 0; i < 4; i++) {
        say(fd, "{\"command\":\"later\"}\n");
        turn_until_served(f, i + 1);
        kept[i] = f->kept;
    }
    say(fd, "{\"command\":\"echo\",\"text\":5}\n");
    turn(f, 200);
    ck_assert_uint_eq(f->served, 4);
    control_reply(kept[2], NULL);
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true}");
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":5}");
    control_reply(kept[0], NULL);
    control_reply(kept[1], NULL);
    control_reply(kept[3], NULL);
    close(fd);
    end(f);
}
END_TEST

START_TEST(a_watcher_that_does_not_read_is_bounded_and_dropped_with_a_word)
{
    struct fixture *f = begin();
    char line[1100], text[1000];
    int deaf = dial(f), other = dial(f), asker = dial(f);
    stopped_ms = clock_monotonic_ms();
    ask(f, asker, "{\"command\":\"echo\",\"text\":1}\n", line, sizeof line);
    ask(f, deaf, "{\"command\":\"watch\"}\n", line, sizeof line);
    ask(f, other, "{\"command\":\"watch\"}\n", line, sizeof line);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 2000; i++) {
        control_publish(f->control, json_pack("{ss}", "what", text));
        read_line(f, other, line, sizeof line); /* it reads, and loses nothing */
        ck_assert_uint_eq(strlen(line), 1010);
    }
    /* 2 MB were said: what is behind is bounded, and then there is a last line and an end. */
    unsigned heard = 0;
    char last[1100] = "";
    for (read_line(f, deaf, line, sizeof line); line[0]; heard++) {
        strcpy(last, line);
        read_line(f, deaf, line, sizeof line);
    }
    ck_assert_uint_lt(heard, 1000);
    ck_assert_ptr_nonnull(strstr(last, "\"what\":\"dropped\""));
    ck_assert(control_has_watchers(f->control));
    ck_assert_int_eq(recv(asker, line, 1, 0), -1); /* who does not watch is told nothing */
    close(asker);
    close(other);
    close(deaf);
    end(f);
}
END_TEST

START_TEST(a_watcher_that_never_reads_loses_its_place)
{
    struct fixture *f = begin();
    char line[100], text[1000];
    int deaf = dial(f);
    ask(f, deaf, "{\"command\":\"watch\"}\n", line, sizeof line);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    while (control_has_watchers(f->control))
        control_publish(f->control, json_pack("{ss}", "what", text));
    /* The other end is closed when writing to it fails. */
    while (send(deaf, "", 0, MSG_NOSIGNAL) == 0 && send(deaf, "\n", 1, MSG_NOSIGNAL) != -1)
        uv_run(&f->loop, UV_RUN_ONCE);
    close(deaf);
    end(f);
}
END_TEST

START_TEST(a_stream_goes_on_when_its_client_has_read)
{
    struct fixture *f = begin();
    int fd = dial(f);
    say(fd, "{\"command\":\"stream\"}\n");
    while (!f->kept)
        turn(f, 1);
    turn(f, 50);
    ck_assert(!f->told);
    hear(f, fd, 1000000 + 13, 1 << 20);
    ck_assert(f->told && f->there);
    close(fd);
    end(f);
}
END_TEST

static void send_piece(struct fixture *f);

static void on_piece_taken(void *arg, bool there)
{
    struct fixture *f = arg;
    if (there && f->pieces < 3) {
        send_piece(f);
    } else {
        f->told = true;
        control_end(f->kept);
    }
}

static void send_piece(struct fixture *f)
{
    static char lines[1000000];
    memset(lines, 'x', sizeof lines);
    lines[sizeof lines - 1] = '\n';
    f->pieces++;
    ck_assert(control_send_text(f->kept, lines, sizeof lines));
    ck_assert(control_when_read(f->kept, on_piece_taken, f));
}

START_TEST(each_piece_of_a_stream_waits_for_the_one_before)
{
    struct fixture *f = begin();
    int fd = dial(f);
    say(fd, "{\"command\":\"later\"}\n");
    turn_until_served(f, 1);
    send_piece(f);
    turn(f, 50);
    ck_assert_uint_eq(f->pieces, 1);
    size_t heard = 0;
    while (f->pieces < 2)
        heard += hear(f, fd, 1, 100000);
    turn(f, 50); /* it reads no more */
    ck_assert_uint_eq(f->pieces, 2);
    ck_assert_uint_eq(heard + hear(f, fd, 3000000 - heard, 1 << 20), 3000000);
    turn(f, 5);
    ck_assert(f->told);
    close(fd);
    end(f);
}
END_TEST

START_TEST(a_stream_is_told_when_its_client_is_gone_or_the_socket_is_closed)
{
    struct fixture *f = begin();
    int fd = dial(f);
    say(fd, "{\"command\":\"stream\"}\n");
    while (!f->kept)
        turn(f, 1);
    close(fd);
    while (!f->told)
        turn(f, 1);
    ck_assert(f->told && !f->there);
    f->told = false;
    f->kept = NULL;
    fd = dial(f);
    say(fd, "{\"command\":\"stream\"}\n");
    while (!f->kept)
        turn(f, 1);
    ck_assert(!f->told);
    end(f);
    close(fd);
}
END_TEST

/* A directory server that does not answer: the linker gives us the call (see CMakeLists.txt). */
static pthread_mutex_t directory = PTHREAD_MUTEX_INITIALIZER;
static uv_thread_t asked_in;

int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size,
                      struct passwd **ret_entry);

int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size,
                      struct passwd **ret_entry)
{
    asked_in = uv_thread_self();
    pthread_mutex_lock(&directory);
    pthread_mutex_unlock(&directory);
    snprintf(buffer, size, "user-%u", (unsigned)uid);
    *entry = (struct passwd){.pw_name = buffer, .pw_uid = uid};
    *ret_entry = entry;
    return 0;
}

START_TEST(a_name_is_looked_up_beside_the_loop_and_until_then_it_is_a_number)
{
    char line[100], number[100], name[100];
    sprintf(number, "{\"ok\":true,\"name\":\"uid %u\"}", (unsigned)getuid());
    sprintf(name, "{\"ok\":true,\"name\":\"user-%u\"}", (unsigned)getuid());
    pthread_mutex_lock(&directory);
    struct fixture *f = begin();
    int fd = dial(f);
    ask(f, fd, "{\"command\":\"who\"}\n", line, sizeof line);
    ck_assert_str_eq(line, number);
    pthread_mutex_unlock(&directory);
    do
        ask(f, fd, "{\"command\":\"who\"}\n", line, sizeof line);
    while (strcmp(line, name) != 0);
    ck_assert_str_eq(line, name);
    uv_thread_t self = uv_thread_self();
    ck_assert(!uv_thread_equal(&asked_in, &self));
    close(fd);
    end(f);
}
END_TEST

START_TEST(a_look_up_that_is_under_way_holds_no_memory_when_all_is_closed)
{
    pthread_mutex_lock(&directory);
    struct fixture *f = begin();
    control_close(f->control);
    pthread_mutex_unlock(&directory);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    rmdir(f->folder);
    free(f);
}
END_TEST

START_TEST(a_stale_socket_is_replaced_and_a_live_one_is_not)
{
    struct fixture *f = begin();
    struct control *second;
    struct err e;
    ck_assert_int_eq(control_open(&f->loop, f->path, commands, f, &second, &e), -EADDRINUSE);
    end(f);
    f = begin();
    control_close(f->control);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0); /* bound, and nobody listens: left by a kill */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", f->path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    ck_assert_int_eq(control_open(&f->loop, f->path, commands, f, &f->control, &e), 0);
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control");
    TCase *tc = tcase_create("control");
    tcase_add_test(tc, a_request_is_answered_and_its_socket_is_for_the_group_alone);
    tcase_add_test(tc, what_is_no_request_gets_a_sentence);
    tcase_add_test(tc, a_line_without_end_closes_the_connection);
    tcase_add_test(tc, an_answer_to_a_client_that_is_gone_is_dropped);
    tcase_add_test(tc, requests_come_in_any_pieces_and_are_answered_in_order);
    tcase_add_test(tc, a_turn_of_the_loop_serves_one_request_however_many_were_sent);
    tcase_add_test(tc, requests_get_a_quarter_of_the_time);
    tcase_add_test(tc, who_asks_without_pause_does_not_keep_others_waiting);
    tcase_add_test(tc, a_client_that_does_not_take_its_answers_is_not_served_until_it_does);
    tcase_add_test(tc, four_requests_of_a_client_may_wait_for_their_answer_and_no_more);
    tcase_add_test(tc, a_watcher_that_does_not_read_is_bounded_and_dropped_with_a_word);
    tcase_add_test(tc, a_watcher_that_never_reads_loses_its_place);
    tcase_add_test(tc, a_stream_goes_on_when_its_client_has_read);
    tcase_add_test(tc, each_piece_of_a_stream_waits_for_the_one_before);
    tcase_add_test(tc, a_stream_is_told_when_its_client_is_gone_or_the_socket_is_closed);
    tcase_add_test(tc, a_name_is_looked_up_beside_the_loop_and_until_then_it_is_a_number);
    tcase_add_test(tc, a_look_up_that_is_under_way_holds_no_memory_when_all_is_closed);
    tcase_add_test(tc, a_stale_socket_is_replaced_and_a_live_one_is_not);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
