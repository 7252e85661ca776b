/* SPDX-License-Identifier: Apache-2.0 */
#include "held_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "run_suite.h"

const char *const receivers[2] = {"police", "education"};

struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    watched_vfs_install(NULL);
    test_folder(f->folder, sizeof f->folder);
    snprintf(f->store.path, sizeof f->store.path, "%s/" STORE_FILE, f->folder);
    f->store.receivers = receivers;
    f->store.receiver_count = 2;
    return f;
}

void end(struct fixture *f)
{
    char command[100];
    store_close(&f->store);
    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    ck_assert_int_eq(system(command), 0);
    free(f);
}

void tell(struct fixture *f, char what)
{
    size_t length = strlen(f->told);
    ck_assert_uint_lt(length + 1, sizeof f->told);
    f->told[length] = what;
}

static void on_fault(void *arg, const char *reason)
{
    struct fixture *f = arg;
    f->faulty = reason != NULL;
    tell(f, reason ? '!' : '.');
}

void start(struct fixture *f)
{
    struct outbox_options options = {.dir = f->folder,
                                     .receivers = receivers,
                                     .receiver_count = 2,
                                     .look_after_ms = 3600000,
                                     .start_wait_ms = patience_ms()};
    struct outbox_host host = {.on_fault = on_fault, .arg = f};
    struct err e;
    uv_loop_init(&f->loop);
    ck_assert_msg(outbox_open(&f->loop, &options, &host, &f->outbox, &f->found, &e) == 0, "%s",
                  e.text);
}

void stop(struct fixture *f)
{
    ck_assert_uint_eq(outbox_close(f->outbox, 20000), 0);
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
}

void on_a(void *arg)
{
    tell(arg, 'a');
}

void on_b(void *arg)
{
    tell(arg, 'b');
}

void turn_until(struct fixture *f, const char *told)
{
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    while (strcmp(f->told, told) != 0 && clock_monotonic_ms() < deadline) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        usleep(200);
    }
    ck_assert_str_eq(f->told, told);
}

void wait_held(void)
{
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    while (watched_vfs_counts().held == 0 && clock_monotonic_ms() < deadline)
        usleep(200);
    ck_assert_uint_eq(watched_vfs_counts().held, 1);
}
