/* SPDX-License-Identifier: Apache-2.0 */
/* A listener does not go deaf: libuv hears nobody else until who has come is accepted, so that who
 * cannot be accepted for want of memory ends the process, which is started anew. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_world.h"
#include "run_suite.h"
#include "videolink/link.h"

static bool without_memory;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return without_memory ? NULL : __real_calloc(count, size);
}

static void turn_without_memory(uv_loop_t *loop)
{
    without_memory = true;
    for (;;)
        uv_run(loop, UV_RUN_ONCE);
}

START_TEST(without_memory_for_a_client_it_ends)
{
    struct fixture *f = begin();
    dial(f);
    turn_without_memory(&f->loop);
}
END_TEST

START_TEST(without_memory_for_a_video_daemon_it_ends)
{
    static const struct link_handlers handlers;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct fixture *f = begin();
    struct link_server *server;
    struct err e;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/link.sock", f->folder);
    ck_assert_int_eq(link_server_create(&f->loop, address.sun_path, &handlers, &server, &e), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    turn_without_memory(&f->loop);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("deaf");
    TCase *tests = tcase_create("deaf");
    suite_add_tcase(suite, tests);
    tcase_add_test_raise_signal(tests, without_memory_for_a_client_it_ends, SIGABRT);
    tcase_add_test_raise_signal(tests, without_memory_for_a_video_daemon_it_ends, SIGABRT);
    return run_suite(suite);
}
