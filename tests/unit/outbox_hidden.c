/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox_hidden.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "run_suite.h"
#include "watched_vfs.h"

char journal_dir[40];

void run(const char *format, ...)
{
    char command[200];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    ck_assert_int_lt(length, (int)sizeof command);
    ck_assert_int_eq(system(command), 0);
}

/* The store has press 1 with its row, owed to both; the gateway was stopped. */
struct fixture *begin_stopped(void)
{
    struct fixture *f = begin();
    close_outbox(f);
    f->journal_dir = journal_dir;
    open_outbox(f);
    put(f, 1, "{\"A\"}");
    wait_stored(f, 1);
    close_outbox(f);
    return f;
}

void hide(const struct fixture *f)
{
    run("mv %s/outbox.db %s/kept; mv %s/outbox.db-wal %s/kept-wal; mkdir %s/outbox.db", f->folder,
        f->folder, f->folder, f->folder, f->folder);
}

/* In one step: between two, a new one would be made in its place. */
void exchange(const struct fixture *f, const char *name)
{
    char other[64], place[64];
    snprintf(other, sizeof other, "%s/%s", f->folder, name);
    snprintf(place, sizeof place, "%s/outbox.db", f->folder);
    ck_assert_int_eq(renameat2(AT_FDCWD, other, AT_FDCWD, place, RENAME_EXCHANGE), 0);
}

void bring_back(const struct fixture *f)
{
    run("mv %s/kept-wal %s/outbox.db-wal", f->folder, f->folder);
    exchange(f, "kept");
    run("rmdir %s/kept", f->folder);
}

void wait_fault(struct fixture *f, bool faulty)
{
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    while (f->faulty != faulty && clock_monotonic_ms() < deadline) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        usleep(500);
    }
    ck_assert_int_eq(f->faulty, faulty);
}

void wait_words(struct fixture *f, const char *words)
{
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    while (!strstr(f->fault, words) && clock_monotonic_ms() < deadline) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        usleep(500);
    }
    ck_assert_msg(strstr(f->fault, words) != NULL, "%s", f->fault);
}

void store_again(struct fixture *f)
{
    for (size_t i = 0; i < f->found.restored_count; i++)
        outbox_store_again(f->outbox, &f->found.restored[i], on_stored, f);
    if (!f->stays_apart)
        outbox_joined(f->outbox);
}

/* As kill -9 does: the thread ends, and nothing of what it would have written is there. */
void kill_it(struct fixture *f)
{
    ck_assert_uint_gt(outbox_close(f->outbox, 0) + 1, 0);
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    f->stored = 0;
}

void cut_power(void)
{
    run("rm -f %s/journal.*", journal_dir);
}

void finish(struct fixture *f)
{
    end(f);
    run("rm -rf %s", journal_dir);
}

void set_up_hidden(void)
{
    watched_vfs_install(NULL);
    test_folder(journal_dir, sizeof journal_dir);
}
