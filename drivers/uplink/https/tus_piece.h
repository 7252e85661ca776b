/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file, piece by piece: opened, read and hashed in libuv's pool, because on a small processor the
 * hash of 4 MiB would keep the loop from a press for tens of milliseconds, and a disk may stand
 * still. Loop thread; the pool's thread has the piece between a call and its handler.
 */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_TUS_PIECE_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_TUS_PIECE_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "wire/digest.h"

#define TUS_PIECE_BYTES (4 << 20)

struct tus_piece;

/* What was read; borrowed until the next tus_piece_read. */
struct tus_bytes {
    int error; /* negative errno; -ENODATA: the file has become shorter */
    int64_t file_bytes;
    const char *bytes;
    size_t length;
    const unsigned char *digest; /* DIGEST_BYTES */
};

typedef void (*tus_piece_handler)(void *arg, const struct tus_bytes *read);

/* Opens nothing yet. Copies `path`. */
struct tus_piece *tus_piece_open(uv_loop_t *loop, const char *path);
/* The bytes from `offset` on, at most TUS_PIECE_BYTES, none may be missing. One at a time; `done`
 * comes later, once. The first one opens the file, which must be a regular one. */
void tus_piece_read(struct tus_piece *p, int64_t offset, size_t wanted, tus_piece_handler done,
                    void *arg);
/* No handler after it; a slow disk may outlive it. NULL is accepted. */
void tus_piece_close(struct tus_piece *p);

#endif
