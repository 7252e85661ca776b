/* SPDX-License-Identifier: Apache-2.0 */
/* A Unix socket's file: made so that only the group may connect, and never taken from who answers.
 */
#ifndef TOCSIN_BASE_LOCAL_SOCKET_H
#define TOCSIN_BASE_LOCAL_SOCKET_H

#include "base/err.h"

/*
 * Binds a socket to `path`, in the place of one that nobody serves any more (its process has ended,
 * or was killed and hangs in a disk: base/process.h); the group may connect, nobody else.
 * -EADDRINUSE if another process listens there, and that alone: what else has the path's place is
 * told as what it is, and never removed if it is no socket. The caller closes the socket and
 * removes the file. Waits for the disk: any thread.
 */
int local_socket_bind(const char *path, int *ret_fd, struct err *e);

#endif
