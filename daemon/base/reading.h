/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file a thread is reading, for another that has waited long for it: a disk may not answer.
 * Embedded by whoever has begun the work. Any thread, but for init and finish.
 */
#ifndef TOCSIN_BASE_READING_H
#define TOCSIN_BASE_READING_H

#include <pthread.h>
#include <stddef.h>

#define READING_SIZE 256 /* a longer path is cut */

struct reading {
    pthread_mutex_t lock;
    char path[READING_SIZE];
};

void reading_init(struct reading *r);
void reading_finish(struct reading *r);
/* This file from now on. NULL as `r` is accepted: nobody wants to know. */
void reading_file(struct reading *r, const char *path);
/* "": none yet. */
void reading_get(struct reading *r, char ret_path[READING_SIZE]);

#endif
