/* SPDX-License-Identifier: Apache-2.0 */
/* A process as one that was killed while a thread of it waits for a disk that does not answer: its
 * first thread has ended, and all that it has open is open still. */
#ifndef TOCSIN_TESTS_HALF_DEAD_H
#define TOCSIN_TESTS_HALF_DEAD_H

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void *half_dead_wait_for_disk(void *arg)
{
    for (;;)
        pause();
    return arg;
}

/* In the child: ends, but for a thread. */
static inline void half_dead_become(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, half_dead_wait_for_disk, NULL) == 0)
        syscall(SYS_exit, 0);
    _exit(1);
}

/* In the parent: until it has. */
static inline void half_dead_await(pid_t pid)
{
    char path[64], state = 'R';
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    while (state != 'Z') {
        char text[200] = "";
        int fd = open(path, O_RDONLY);
        ck_assert_int_gt(read(fd, text, sizeof text - 1), 0);
        close(fd);
        state = strrchr(text, ')')[2];
        usleep(1000);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0); /* a thread of it is left */
}

static inline void half_dead_end(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

#endif
