/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox_kills.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run_suite.h"

void path_of(const struct fixture *f, char ret_path[64])
{
    snprintf(ret_path, 64, "%s/" STORE_FILE, f->folder);
}

void start_over(struct fixture *f)
{
    uv_loop_close(&f->loop);
    f->stored = 0;
    open_outbox(f);
}

void kill_in(struct fixture *f, void (*work)(struct fixture *f))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        start_over(f);
        work(f);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    f->stored = 0;
}

void run_and_kill(struct fixture *f, void (*work)(struct fixture *f))
{
    close_outbox(f);
    kill_in(f, work);
    open_outbox(f);
}

void open_store(const struct fixture *f, struct store *s)
{
    static const char *const names[] = {"police", "education"};
    struct err e;
    *s = (struct store){.receivers = names, .receiver_count = 2};
    snprintf(s->path, sizeof s->path, "%s/" STORE_FILE, f->folder);
    ck_assert_msg(store_open(s, &e) == 0, "%s", e.text);
}

char *show(struct fixture *f, uint64_t seq)
{
    struct heard heard = ask(f, &(struct outbox_query){.kind = OUTBOX_QUERY_SHOW, .seq = seq});
    ck_assert_str_eq(heard.error, "");
    return heard.text;
}

void check_event(struct fixture *f, uint64_t seq, const char *state)
{
    struct event *event = make_event(seq, EVENT_CLASS_PRESS);
    char *text = show(f, seq), *wanted;
    ck_assert_ptr_nonnull(strstr(text, event->id));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_gt(
            asprintf(&wanted, "{\"id\":\"%s\",\"state\":\"%s\"", i ? "education" : "police", state),
            0);
        ck_assert_msg(strstr(text, wanted) != NULL, "%s", text);
        free(wanted);
    }
    free(text);
    event_unref(event);
}

void press_once_more(struct fixture *f)
{
    put(f, 401, "the last state");
    wait_stored(f, 1);
}

void remove_log(const struct fixture *f)
{
    char path[80];
    path_of(f, path);
    strcat(path, "-wal");
    ck_assert_int_eq(unlink(path), 0);
}

void damage(const struct fixture *f, const char *text)
{
    static const char junk[512] = {1};
    char path[64], page[4096];
    path_of(f, path);
    int fd = open(path, O_RDWR);
    for (off_t at = 0; pread(fd, page, sizeof page, at) == (ssize_t)sizeof page; at += 4096) {
        if (at > 0 && memmem(page, sizeof page, text, strlen(text)))
            ck_assert_int_eq(pwrite(fd, junk, sizeof junk, at), (ssize_t)sizeof junk);
    }
    close(fd);
}
