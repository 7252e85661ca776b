/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reading.h"

#include <string.h>

#include "base/encode.h"

void reading_init(struct reading *r)
{
    pthread_mutex_init(&r->lock, NULL);
    r->path[0] = '\0';
}

void reading_finish(struct reading *r)
{
    pthread_mutex_destroy(&r->lock);
}

void reading_file(struct reading *r, const char *path)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    encode_copy_utf8(r->path, sizeof r->path, path);
    pthread_mutex_unlock(&r->lock);
}

void reading_get(struct reading *r, char ret_path[READING_SIZE])
{
    pthread_mutex_lock(&r->lock);
    memcpy(ret_path, r->path, sizeof r->path);
    pthread_mutex_unlock(&r->lock);
}
