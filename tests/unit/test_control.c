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
#include "control_world.h"
#include "run_suite.h"

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

START_TEST(who_is_one_too_many_is_told_and_the_others_are_served)
{
    struct fixture *f = begin();
    char line[200];
    int fds[CONTROL_CLIENTS_MAX], extra;
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        fds[i] = dial(f);
        turn(f, 2);
    }
    extra = dial(f);
    say(extra, "{\"command\":\"echo\",\"text\":1}\n");
    read_line(f, extra, line, sizeof line);
    ck_assert_msg(strstr(line, "\"ok\":false") && strstr(line, "too many clients"), "%s", line);
    read_line(f, extra, line, sizeof line);
    ck_assert_str_eq(line, "");
    close(extra);
    ask(f, fds[CONTROL_CLIENTS_MAX - 1], "{\"command\":\"echo\",\"text\":2}\n", line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":2}");
    close(fds[0]);
    turn(f, 3);
    extra = dial(f);
    ask(f, extra, "{\"command\":\"echo\",\"text\":3}\n", line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":3}");
    close(extra);
    for (int i = 1; i < CONTROL_CLIENTS_MAX; i++)
        close(fds[i]);
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

/* Who the next client is; the linker gives us this call, too. 0: whoever it is. */
static uid_t other_uid;

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size);

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    int result = __real_getsockopt(fd, level, name, value, size);
    if (result == 0 && level == SOL_SOCKET && name == SO_PEERCRED && other_uid)
        ((struct ucred *)value)->uid = other_uid;
    return result;
}

/* On the connection that it came with: a client is looked up once. */
START_TEST(who_comes_while_another_is_looked_up_gets_a_name_as_well)
{
    char line[100];
    pthread_mutex_lock(&directory);
    struct fixture *f = begin();
    other_uid = 4242;
    int fd = dial(f);
    ask(f, fd, "{\"command\":\"who\"}\n", line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"name\":\"uid 4242\"}");
    pthread_mutex_unlock(&directory);
    do
        ask(f, fd, "{\"command\":\"who\"}\n", line, sizeof line);
    while (strcmp(line, "{\"ok\":true,\"name\":\"uid 4242\"}") == 0);
    ck_assert_str_eq(line, "{\"ok\":true,\"name\":\"user-4242\"}");
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
    struct err e;
    struct control_socket bound;
    ck_assert_int_eq(control_bind(f->path, &bound, &e), -EADDRINUSE);
    end(f);
    f = begin();
    control_close(f->control);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0); /* bound, and nobody listens: left by a kill */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", f->path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    open_control(f);
    end(f);
}
END_TEST

/* Who listens and does not get round to it is there all the same, and is not waited for. */
START_TEST(a_socket_whose_owner_is_behind_is_not_replaced)
{
    struct fixture *f = begin();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int clients[100];
    struct control_socket bound;
    struct err e;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", f->path);
    for (int i = 0; i < 100; i++) { /* its loop does not turn */
        clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(clients[i], (struct sockaddr *)&address, sizeof address);
    }
    ck_assert_int_eq(control_bind(f->path, &bound, &e), -EADDRINUSE);
    for (int i = 0; i < 100; i++)
        close(clients[i]);
    end(f);
}
END_TEST

START_TEST(where_a_socket_cannot_be_it_is_said_why)
{
    static const char *const cases[][2] = {{"/proc/self/no/folder/control.sock", "No such file"},
                                           {"/dev/null/control.sock", "Not a directory"},
                                           {"/proc", "/proc: "}, /* and no other tocsind */
                                           {NULL, "107 bytes"}};
    char path[200], long_path[120];
    struct err e;
    struct control_socket bound;
    memset(long_path, 'a', sizeof long_path);
    long_path[0] = '/';
    long_path[108] = '\0';
    snprintf(path, sizeof path, "%s", cases[_i][0] ? cases[_i][0] : long_path);
    int result = control_bind(path, &bound, &e);
    ck_assert_int_lt(result, 0);
    ck_assert_int_ne(result, -EADDRINUSE);
    ck_assert_msg(strstr(e.text, cases[_i][1]) != NULL, "%s", e.text);
}
END_TEST

START_TEST(one_that_was_bound_and_is_not_wanted_leaves_nothing)
{
    struct fixture *f = begin();
    struct control_socket bound;
    struct err e;
    control_close(f->control);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(control_bind(f->path, &bound, &e), 0);
    control_unbind(f->path, &bound);
    ck_assert_int_ne(access(f->path, F_OK), 0);
    ck_assert_int_ne(fcntl(bound.fd, F_GETFD), 0);
    open_control(f);
    end(f);
}
END_TEST

START_TEST(one_whose_file_was_removed_is_made_anew_and_who_is_connected_stays)
{
    struct fixture *f = begin();
    struct control_socket anew;
    struct err e;
    char line[200];
    int old = dial(f), lost = f->socket.fd;
    ask(f, old, "{\"command\":\"echo\",\"text\":\"before\"}\n", line, sizeof line);
    ck_assert(control_is_bound(f->path, &f->socket));
    unlink(f->path);
    ck_assert(!control_is_bound(f->path, &f->socket));
    ck_assert_int_eq(control_bind(f->path, &anew, &e), 0);
    ck_assert(!control_is_bound(f->path, &f->socket)); /* another file of the same name */
    ck_assert_int_eq(control_move(f->control, &anew, &e), 0);
    turn(f, 2);
    ck_assert_int_ne(fcntl(lost, F_GETFD), 0);
    int young = dial(f);
    ask(f, young, "{\"command\":\"echo\",\"text\":\"young\"}\n", line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":\"young\"}");
    ask(f, old, "{\"command\":\"echo\",\"text\":\"old\"}\n", line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":\"old\"}");
    close(young);
    close(old);
    end(f);
}
END_TEST

START_TEST(one_that_cannot_be_listened_on_leaves_the_one_that_is_there)
{
    struct fixture *f = begin();
    struct control_socket none = {.fd = open("/dev/null", O_RDWR | O_CLOEXEC)};
    struct err e;
    char line[200];
    ck_assert_int_lt(control_move(f->control, &none, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.text, "control.sock"));
    turn(f, 2);
    ck_assert_int_ne(fcntl(none.fd, F_GETFD), 0);
    int fd = dial(f);
    ask(f, fd, "{\"command\":\"echo\",\"text\":\"here\"}\n", line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":\"here\"}");
    close(fd);
    end(f);
}
END_TEST

START_TEST(what_others_have_put_in_its_place_stays)
{
    struct fixture *f = begin();
    struct control_socket bound;
    struct err e;
    unlink(f->path);
    ck_assert_int_eq(control_bind(f->path, &bound, &e), 0); /* another tocsind's */
    control_close(f->control);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert(control_is_bound(f->path, &bound));
    unlink(f->path);
    close(open(f->path, O_CREAT | O_WRONLY, 0600));
    control_unbind(f->path, &bound);
    ck_assert_int_eq(unlink(f->path), 0); /* it was there */
    open_control(f);
    end(f);
}
END_TEST

START_TEST(a_long_error_is_answered_whole)
{
    struct fixture *f = begin();
    char text[5000], line[6000];
    int fd = dial(f);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    say(fd, "{\"command\":\"later\"}\n");
    while (!f->kept)
        turn(f, 1);
    control_fail(f->kept, "%s", text);
    read_line(f, fd, line, sizeof line);
    ck_assert_ptr_nonnull(strstr(line, text));
    close(fd);
    end(f);
}
END_TEST

static void on_gone(void *arg, uint64_t client)
{
    struct fixture *f = arg;
    f->gone[f->gone_count++] = client;
}

static uint64_t number_of_client(struct fixture *f, int fd)
{
    f->kept = NULL;
    say(fd, "{\"command\":\"later\"}\n");
    while (!f->kept)
        turn(f, 1);
    uint64_t number = control_client(f->kept);
    control_fail(f->kept, "not now");
    return number;
}

START_TEST(a_connection_has_a_number_of_its_own_and_its_end_is_told_once)
{
    struct fixture *f = begin();
    control_tell_gone(f->control, on_gone);
    int first = dial(f), second = dial(f);
    uint64_t one = number_of_client(f, first), two = number_of_client(f, second);
    ck_assert_uint_ne(one, two);
    ck_assert_uint_eq(number_of_client(f, first), one);
    close(first);
    while (f->gone_count == 0)
        turn(f, 1);
    int third = dial(f);
    uint64_t three = number_of_client(f, third);
    ck_assert(three != one && three != two && three != 0 && one != 0);
    ck_assert_uint_eq(f->gone_count, 1);
    ck_assert_uint_eq(f->gone[0], one);
    control_close(f->control); /* a stop is no end of whoever asked */
    f->control = NULL;
    ck_assert_uint_eq(f->gone_count, 1);
    close(second);
    close(third);
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
    tcase_add_test(tc, who_is_one_too_many_is_told_and_the_others_are_served);
    tcase_add_test(tc, an_answer_to_a_client_that_is_gone_is_dropped);
    tcase_add_test(tc, requests_come_in_any_pieces_and_are_answered_in_order);
    tcase_add_test(tc, a_watcher_that_does_not_read_is_bounded_and_dropped_with_a_word);
    tcase_add_test(tc, a_watcher_that_never_reads_loses_its_place);
    tcase_add_test(tc, a_stream_goes_on_when_its_client_has_read);
    tcase_add_test(tc, each_piece_of_a_stream_waits_for_the_one_before);
    tcase_add_test(tc, a_stream_is_told_when_its_client_is_gone_or_the_socket_is_closed);
    tcase_add_test(tc, a_name_is_looked_up_beside_the_loop_and_until_then_it_is_a_number);
    tcase_add_test(tc, who_comes_while_another_is_looked_up_gets_a_name_as_well);
    tcase_add_test(tc, a_look_up_that_is_under_way_holds_no_memory_when_all_is_closed);
    tcase_add_test(tc, a_long_error_is_answered_whole);
    tcase_add_test(tc, a_connection_has_a_number_of_its_own_and_its_end_is_told_once);
    tcase_add_test(tc, a_socket_whose_owner_is_behind_is_not_replaced);
    tcase_add_loop_test(tc, where_a_socket_cannot_be_it_is_said_why, 0, 4);
    tcase_add_test(tc, one_that_was_bound_and_is_not_wanted_leaves_nothing);
    tcase_add_test(tc, one_whose_file_was_removed_is_made_anew_and_who_is_connected_stays);
    tcase_add_test(tc, one_that_cannot_be_listened_on_leaves_the_one_that_is_there);
    tcase_add_test(tc, what_others_have_put_in_its_place_stays);
    tcase_add_test(tc, a_stale_socket_is_replaced_and_a_live_one_is_not);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
