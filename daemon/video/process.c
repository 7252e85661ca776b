/* SPDX-License-Identifier: Apache-2.0 */
#include "video/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"

void process_init(struct process *p, uv_loop_t *loop, const char *name,
                  const struct process_host *host)
{
    *p = (struct process){.loop = loop, .name = name, .host = *host};
}

bool process_is_there(const struct process *p)
{
    return p->pid != 0 || p->channel != NULL;
}

bool process_is_due(const struct process *p, int64_t now_ms)
{
    return !process_is_there(p) && now_ms >= p->due_ms;
}

void process_signal(struct process *p, int number)
{
    if (p->pid) /* 0 would be ourselves */
        kill(p->pid, number);
}

static void on_message(void *arg, struct message *message)
{
    struct process *p = arg;
    p->heard_ms = clock_monotonic_ms();
    p->host.on_message(p->host.arg, message);
}

/* Its end is told after the last that it said: else a camera would be online whose worker is dead.
 */
static void tell_end(struct process *p)
{
    if (!p->ended || process_is_there(p))
        return;
    p->ended = false;
    p->host.on_end(p->host.arg, p->reason);
}

static void on_gone(void *arg, const char *nonsense)
{
    struct process *p = arg;
    p->channel = NULL;
    if (nonsense) {
        log_error("video", "%s: the worker says nonsense: %s", p->name, nonsense);
        process_signal(p, SIGKILL);
    }
    tell_end(p);
}

/* The parent's half of a start. */
static int adopt(struct process *p, pid_t pid, int socket, int64_t now_ms, struct err *e)
{
    const struct channel_handlers handlers = {
        .on_message = on_message, .on_gone = on_gone, .arg = p};
    p->pid = pid;
    p->started_ms = p->heard_ms = now_ms;
    int result = channel_create(p->loop, socket, &handlers, &p->channel, e);
    if (result != 0)
        process_signal(p, SIGKILL);
    return result;
}

/* Until the child has handlers of its own (child_detach lets them in) a signal to it would be told
 * to this process's loop, as if it had been sent here. */
static pid_t fork_deaf(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    int code = errno;
    if (pid != 0)
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = code;
    return pid;
}

int process_start(struct process *p, int64_t now_ms, struct err *e)
{
    int pair[2];
    p->due_ms = now_ms + PROCESS_RETRY_CAP_MS; /* if it fails; else its end says */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_system(e, errno, "no socket for a worker");
    fflush(NULL);
    pid_t parent = getpid(), pid = fork_deaf();
    if (pid == 0) {
        close(pair[0]);
        _exit(p->host.run(p->host.arg, pair[1], parent));
    }
    int code = errno;
    close(pair[1]);
    if (pid > 0)
        return adopt(p, pid, pair[0], now_ms, e);
    close(pair[0]);
    return err_system(e, code, "no process for a worker");
}

static void close_channel(struct process *p)
{
    channel_close(p->channel);
    p->channel = NULL;
}

void process_watch(struct process *p, int64_t now_ms)
{
    if (!process_is_there(p) || now_ms - p->heard_ms <= PROCESS_SILENCE_MS)
        return;
    if (!p->pid) { /* it is dead, and somebody else holds its socket */
        close_channel(p);
        tell_end(p);
        return;
    }
    log_error("video", "%s: the worker hangs: killed", p->name);
    p->heard_ms = now_ms;
    process_signal(p, SIGKILL);
}

void process_excuse(struct process *p, int64_t ms, int64_t now_ms)
{
    p->heard_ms = p->heard_ms + ms < now_ms ? p->heard_ms + ms : now_ms;
}

bool process_reaped(struct process *p, pid_t pid, int status, int64_t now_ms, uint32_t random)
{
    if (pid != p->pid)
        return false;
    p->pid = 0;
    p->ended = true;
    if (WIFSIGNALED(status))
        snprintf(p->reason, sizeof p->reason, "the camera's worker was ended by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(p->reason, sizeof p->reason, "the camera's worker ended with status %d",
                 WEXITSTATUS(status));
    p->failures = now_ms - p->started_ms > PROCESS_HEALTHY_MS ? 1 : p->failures + 1;
    p->due_ms = now_ms + PROCESS_RETRY_BASE_MS +
                backoff_delay_ms(p->failures, PROCESS_RETRY_BASE_MS, PROCESS_RETRY_CAP_MS, random);
    tell_end(p);
    return true;
}

void process_send(struct process *p, const struct message *message)
{
    if (!p->channel || channel_send(p->channel, message))
        return;
    log_error("video", "%s: the worker does not listen: killed", p->name);
    process_signal(p, SIGKILL);
    close_channel(p);
    tell_end(p);
}

void process_finish(struct process *p)
{
    process_signal(p, SIGKILL);
    close_channel(p);
}
