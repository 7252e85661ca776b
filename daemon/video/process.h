/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker process of one camera, over its lives: started, listened to, killed when it hangs or
 * talks nonsense, started again with growing pauses when it has ended. What it does is the host's.
 *
 * Times are CLOCK_MONOTONIC in ms, told by the caller. Who reaps children (waitpid) tells of them
 * by process_reaped. Loop thread only.
 */
#ifndef TOCSIN_VIDEO_PROCESS_H
#define TOCSIN_VIDEO_PROCESS_H

#include <sys/types.h>

#include "iface/limits.h"
#include "video/channel.h"

/* It hangs, if it says nothing for so long: above its deadlines. */
#define PROCESS_SILENCE_MS    LIMIT_CAMERA_SILENCE_MS
#define PROCESS_RETRY_BASE_MS 1000
#define PROCESS_RETRY_CAP_MS  LIMIT_CAMERA_RETRY_MS
#define PROCESS_HEALTHY_MS    60000 /* after so long the back-off begins anew */

struct process_host {
    /* In the child, which ends with what this returns. `parent` is the process that forked. */
    int (*run)(void *arg, int socket, pid_t parent);
    void (*on_message)(void *arg, struct message *message); /* as in channel.h */
    /* It has ended by itself or was killed, and why. After everything that it said. */
    void (*on_end)(void *arg, const char *reason);
    void *arg;
};

struct process {
    uv_loop_t *loop;
    const char *name; /* for the log; borrowed */
    struct process_host host;
    pid_t pid;               /* 0: none now */
    struct channel *channel; /* may outlive the pid: what it said last is still read */
    int64_t heard_ms, started_ms, due_ms;
    unsigned failures;
    bool ended; /* which is not told yet */
    char reason[128];
};

void process_init(struct process *p, uv_loop_t *loop, const char *name,
                  const struct process_host *host);

/* Nothing of the life before is left, and the pause after it is over. */
bool process_is_due(const struct process *p, int64_t now_ms);

/* An error leaves it as it was, due a long pause later. */
int process_start(struct process *p, int64_t now_ms, struct err *e);

/* Kills it if it has been silent for too long; does not wait longer than that for the words of one
 * that is dead, either. */
void process_watch(struct process *p, int64_t now_ms);

/* For so long until now nobody listened: that is no silence of its own. */
void process_excuse(struct process *p, int64_t ms, int64_t now_ms);

/* The child `pid` has ended with `status` (waitpid). False: it was not this one. */
bool process_reaped(struct process *p, pid_t pid, int status, int64_t now_ms, uint32_t random);

/* A worker that does not read is killed: the next one is told again what matters. */
void process_send(struct process *p, const struct message *message);

void process_signal(struct process *p, int number); /* nothing, if there is none */
bool process_is_there(const struct process *p);     /* it, or what it said last */

/* Kills it, and forgets it: no handler is called any more. */
void process_finish(struct process *p);

#endif
