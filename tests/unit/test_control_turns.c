/* SPDX-License-Identifier: Apache-2.0 */
/* Whose request the control socket serves when: one a turn, each client in its turn, and a quarter
 * of the time for all. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/hangup.h"
#include "control_world.h"
#include "run_suite.h"

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

START_TEST(who_was_served_goes_behind_the_others_who_wait)
{
    struct fixture *f = begin();
    int fds[3];
    char requests[3][100];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial(f);
        snprintf(requests[i], sizeof requests[i], "{\"command\":\"echo\",\"text\":%d}\n", i);
    }
    for (int i = 0; i < 30; i++)
        say(fds[i % 3], requests[i % 3]);
    turn_until_served(f, 21);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_ge(f->of_client[i], 5); /* of ten; in line since the first turn or so */
    turn_until_served(f, 30);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
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
    int fd = dial(f), other = dial(f);
    for (unsigned i = 0; i < 4; i++) {
        say(fd, "{\"command\":\"later\"}\n");
        turn_until_served(f, i + 1);
        kept[i] = f->kept;
    }
    say(fd, "{\"command\":\"echo\",\"text\":5}\n");
    /* Whoever comes behind it is served; so it does not even stand in line. */
    for (int i = 0; i < 2; i++)
        ask(f, other, "{\"command\":\"echo\",\"text\":6}\n", line, sizeof line);
    ck_assert_uint_eq(f->served, 6);
    if (_i == 0) {
        control_reply(kept[2], NULL);
        read_line(f, fd, line, sizeof line);
        ck_assert_str_eq(line, "{\"ok\":true}");
    } else {
        control_end(kept[2]); /* a stream that has nothing more to say */
    }
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":5}");
    control_reply(kept[0], NULL);
    control_reply(kept[1], NULL);
    control_reply(kept[3], NULL);
    close(other);
    close(fd);
    end(f);
}
END_TEST

static void on_gone(void *arg, uint64_t client)
{
    (void)client;
    ((struct fixture *)arg)->gone_count++;
}

static int dial_with_lines_unread(struct fixture *f, struct control_request *kept[4])
{
    int fd = dial(f);
    control_tell_gone(f->control, on_gone);
    for (unsigned i = 0; i < 4; i++) {
        say(fd, "{\"command\":\"later\"}\n");
        turn_until_served(f, i + 1);
        kept[i] = f->kept;
    }
    say(fd, "{\"command\":\"echo\",\"text\":5}\n{\"command\":\"echo\",\"text\":6}\n");
    turn(f, 5);
    return fd;
}

/* What lies unread of it hides the end of the connection. */
START_TEST(a_client_that_is_gone_is_gone_whatever_lies_unread_of_it)
{
    struct fixture *f = begin();
    struct control_request *kept[4];
    int fd = dial_with_lines_unread(f, kept);
    ck_assert_uint_eq(f->gone_count, 0);
    close(fd);
    while (f->gone_count == 0)
        uv_run(&f->loop, UV_RUN_ONCE);
    ck_assert_uint_eq(f->served, 4);
    for (unsigned i = 0; i < 4; i++)
        control_reply(kept[i], NULL);
    end(f);
}
END_TEST

START_TEST(a_client_that_has_no_more_to_say_is_answered_all_the_same)
{
    struct fixture *f = begin();
    char line[100];
    struct control_request *kept[4];
    int fd = dial_with_lines_unread(f, kept);
    shutdown(fd, SHUT_WR);
    turn(f, 5);
    ck_assert_uint_eq(f->gone_count, 0);
    control_reply(kept[0], NULL);
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true}");
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":5}");
    for (unsigned i = 1; i < 4; i++)
        control_reply(kept[i], NULL);
    close(fd);
    end(f);
}
END_TEST

START_TEST(a_client_that_is_served_again_and_goes_then_is_gone)
{
    struct fixture *f = begin();
    char line[100];
    struct control_request *kept[4];
    int fd = dial_with_lines_unread(f, kept);
    for (unsigned i = 0; i < 4; i++)
        control_reply(kept[i], NULL);
    for (unsigned i = 0; i < 6; i++)
        read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":6}");
    close(fd);
    while (f->gone_count == 0)
        uv_run(&f->loop, UV_RUN_ONCE);
    end(f);
}
END_TEST

/* Of TCP, which has out-of-band data in every kernel; a local socket has it in newer ones alone. */
static void connect_two(int ret_fds[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, size), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    ret_fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(ret_fds[0], (struct sockaddr *)&at, size), 0);
    ret_fds[1] = accept(listener, NULL, NULL);
    ck_assert_int_ge(ret_fds[1], 0);
    close(listener);
}

static void on_hangup(void *arg)
{
    ++*(unsigned *)arg;
}

/* It stays to be read, and who watches does not read: told in every turn, no turn would wait. */
START_TEST(out_of_band_data_is_no_end_and_is_told_once)
{
    unsigned gone = 0;
    uv_loop_t loop;
    int fds[2];
    connect_two(fds);
    uv_loop_init(&loop);
    struct hangup *h = hangup_create(&loop, fds[1], on_hangup, &gone);
    ck_assert_ptr_nonnull(h);
    hangup_watch(h, true);
    ck_assert(uv_loop_alive(&loop));
    ck_assert_int_eq(send(fds[0], "!", 1, MSG_OOB), 1);
    struct pollfd urgent = {.fd = fds[1], .events = POLLPRI};
    ck_assert_int_eq(poll(&urgent, 1, -1), 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(gone, 0);
    ck_assert(!uv_loop_alive(&loop)); /* it waits for nothing */
    hangup_close(h);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* A file of somebody's (a slip in the configuration), a link: with what is in it. */
START_TEST(what_is_no_socket_is_not_removed_for_one)
{
    char folder[TEST_FOLDER_SIZE], path[60], link[80];
    struct err e;
    struct control_socket bound;
    test_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/no-socket", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(write(fd, "precious", 8), 8);
    snprintf(link, sizeof link, "%s.link", path);
    ck_assert_int_eq(symlink(path, link), 0);
    ck_assert_int_eq(control_bind(_i == 0 ? path : link, &bound, &e), -EEXIST);
    ck_assert_msg(strstr(e.text, "is no socket") != NULL, "%s", e.text);
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), 8);
    ck_assert_int_eq(access(link, F_OK), 0);
    close(fd);
    unlink(link);
    unlink(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control_turns");
    TCase *tc = tcase_create("control_turns");
    tcase_add_loop_test(tc, what_is_no_socket_is_not_removed_for_one, 0, 2);
    tcase_add_test(tc, a_turn_of_the_loop_serves_one_request_however_many_were_sent);
    tcase_add_test(tc, requests_get_a_quarter_of_the_time);
    tcase_add_test(tc, who_asks_without_pause_does_not_keep_others_waiting);
    tcase_add_test(tc, who_was_served_goes_behind_the_others_who_wait);
    tcase_add_test(tc, a_client_that_does_not_take_its_answers_is_not_served_until_it_does);
    tcase_add_loop_test(tc, four_requests_of_a_client_may_wait_for_their_answer_and_no_more, 0, 2);
    tcase_add_test(tc, a_client_that_is_gone_is_gone_whatever_lies_unread_of_it);
    tcase_add_test(tc, a_client_that_has_no_more_to_say_is_answered_all_the_same);
    tcase_add_test(tc, a_client_that_is_served_again_and_goes_then_is_gone);
    tcase_add_test(tc, out_of_band_data_is_no_end_and_is_told_once);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
