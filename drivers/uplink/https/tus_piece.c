/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/tus_piece.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct tus_piece {
    uv_work_t work;
    uv_loop_t *loop;
    bool busy;   /* in the pool */
    bool closed; /* while busy: to be freed when the disk has answered */
    char path[512];
    int file; /* -1: to be opened first */
    int64_t offset;
    size_t wanted;
    struct tus_bytes read;
    unsigned char digest[DIGEST_BYTES];
    tus_piece_handler done;
    void *arg;
    char bytes[]; /* TUS_PIECE_BYTES */
};

static int open_and_measure(struct tus_piece *p)
{
    struct stat st;
    /* A pipe or a device would hold this thread for ever. */
    p->file = open(p->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (p->file < 0 || fstat(p->file, &st) != 0)
        return -errno;
    p->read.file_bytes = (int64_t)st.st_size;
    return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

/* In a thread of the pool. */
static void run(uv_work_t *work)
{
    struct tus_piece *p = work->data;
    struct tus_bytes *r = &p->read;
    r->length = 0;
    r->error = p->file < 0 ? open_and_measure(p) : 0;
    while (r->error == 0 && r->length < p->wanted) {
        ssize_t got = pread(p->file, p->bytes + r->length, p->wanted - r->length,
                            (off_t)(p->offset + (int64_t)r->length));
        if (got > 0)
            r->length += (size_t)got;
        else if (got == 0)
            r->error = -ENODATA;
        else if (errno != EINTR)
            r->error = -errno;
    }
    digest_sha256(p->bytes, r->length, p->digest);
}

static void on_done(uv_work_t *work, int status)
{
    (void)status;
    struct tus_piece *p = work->data;
    p->busy = false;
    if (p->closed)
        tus_piece_close(p);
    else
        p->done(p->arg, &p->read);
}

struct tus_piece *tus_piece_open(uv_loop_t *loop, const char *path)
{
    struct tus_piece *p = malloc(sizeof *p + TUS_PIECE_BYTES); /* zeroed by nobody */
    if (!p)
        return NULL;
    p->loop = loop;
    p->busy = p->closed = false;
    snprintf(p->path, sizeof p->path, "%s", path);
    p->file = -1;
    p->read = (struct tus_bytes){.bytes = p->bytes, .digest = p->digest};
    p->work.data = p;
    return p;
}

void tus_piece_read(struct tus_piece *p, int64_t offset, size_t wanted, tus_piece_handler done,
                    void *arg)
{
    assert(!p->busy && wanted <= TUS_PIECE_BYTES);
    p->offset = offset;
    p->wanted = wanted;
    p->done = done;
    p->arg = arg;
    p->busy = true;
    if (uv_queue_work(p->loop, &p->work, run, on_done) != 0)
        abort(); /* it only fails for a NULL handler */
}

void tus_piece_close(struct tus_piece *p)
{
    if (!p)
        return;
    p->closed = true;
    if (p->busy)
        return;
    if (p->file >= 0)
        close(p->file);
    free(p);
}
