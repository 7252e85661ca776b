/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of this machine's network, made in a network namespace of the test's own. */
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/network.h"
#include "run_suite.h"

static uv_loop_t loop;
static struct network *network;
static unsigned told;

static void on_changed(void *arg)
{
    ck_assert_ptr_eq(arg, &told);
    told++;
    uv_stop(&loop);
}

static void begin(void)
{
    struct err e;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(network_open(&loop, on_changed, &told, &network, &e), 0);
}

static void end(void)
{
    network_close(network);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void set_loopback(bool up)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = up ? IFF_UP : 0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

START_TEST(a_link_that_comes_up_is_told_once_it_has_settled)
{
    ck_assert_uint_eq(told, 0);
    set_loopback(true);
    uv_run(&loop, UV_RUN_DEFAULT); /* until it is told */
    ck_assert_uint_eq(told, 1);
    set_loopback(false);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(told, 2);
}
END_TEST

/* How long it waits is the loop's own time, which no machine makes shorter. */
START_TEST(an_interface_that_flaps_is_told_less_and_less_often)
{
    uint64_t waits[3];
    for (unsigned i = 0; i < 3; i++) {
        unsigned was = told;
        uv_update_time(&loop);
        uint64_t before_ms = uv_now(&loop);
        set_loopback(i % 2 == 0);
        while (told == was)
            uv_run(&loop, UV_RUN_ONCE);
        waits[i] = uv_now(&loop) - before_ms;
    }
    ck_assert_uint_ge(waits[0], 200);
    ck_assert_uint_ge(waits[1], 400);
    ck_assert_uint_ge(waits[2], 800);
    set_loopback(false);
}
END_TEST

START_TEST(nothing_is_told_after_close)
{
    set_loopback(true);
    uv_run(&loop, UV_RUN_NOWAIT); /* it has been read, and waits to settle */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("network");
    TCase *tc = tcase_create("network");
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 && unshare(CLONE_NEWNET) != 0) {
        perror("this test needs a network namespace of its own: run it as root, or let users make "
               "namespaces");
        return 1;
    }
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, a_link_that_comes_up_is_told_once_it_has_settled);
    tcase_add_test(tc, an_interface_that_flaps_is_told_less_and_less_often);
    tcase_add_test(tc, nothing_is_told_after_close);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
