/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timely_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/atomic_file.h"

/* Of both threads until one of them has left it to the other. */
struct errand {
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t done;
    bool is_done, is_left;
    int result;
    char *text;
    size_t max;
    char path[]; /* never changes */
};

static void destroy(struct errand *errand)
{
    pthread_cond_destroy(&errand->done);
    pthread_mutex_destroy(&errand->lock);
    free(errand->text);
    free(errand);
}

static void *run(void *arg)
{
    struct errand *errand = arg;
    char *text = NULL;
    int result = atomic_file_read(errand->path, errand->max, &text, NULL, NULL);
    pthread_mutex_lock(&errand->lock);
    errand->result = result;
    errand->text = result == 0 ? text : NULL;
    errand->is_done = true;
    bool is_left = errand->is_left;
    pthread_cond_signal(&errand->done);
    pthread_mutex_unlock(&errand->lock);
    if (is_left)
        destroy(errand);
    return NULL;
}

static struct errand *create(const char *path, size_t max)
{
    pthread_condattr_t attributes;
    struct errand *errand = calloc(1, sizeof *errand + strlen(path) + 1);
    if (!errand)
        return NULL;
    strcpy(errand->path, path);
    errand->max = max;
    pthread_mutex_init(&errand->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&errand->done, &attributes);
    pthread_condattr_destroy(&attributes);
    return errand;
}

/* Whether it is done; if not, it is the other thread's alone from now on. */
static bool wait_or_leave(struct errand *errand, int64_t wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&errand->lock);
    while (!errand->is_done &&
           pthread_cond_timedwait(&errand->done, &errand->lock, &until) != ETIMEDOUT) {
    }
    bool is_done = errand->is_done;
    errand->is_left = !is_done;
    pthread_mutex_unlock(&errand->lock);
    return is_done;
}

int timely_file_read(const char *path, size_t max, int64_t wait_ms, char **ret_text)
{
    pthread_t thread;
    struct errand *errand = create(path, max);
    if (!errand)
        return -ENOMEM;
    if (pthread_create(&thread, NULL, run, errand) != 0) {
        destroy(errand);
        return -EAGAIN;
    }
    if (!wait_or_leave(errand, wait_ms)) {
        pthread_detach(thread);
        return -ETIMEDOUT;
    }
    pthread_join(thread, NULL);
    int result = errand->result;
    if (result == 0)
        *ret_text = errand->text;
    errand->text = NULL;
    destroy(errand);
    return result;
}
