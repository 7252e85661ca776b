/* SPDX-License-Identifier: Apache-2.0 */
/* The file of the link's socket. */
#ifndef TOCSIN_VIDEOLINK_LISTEN_H
#define TOCSIN_VIDEOLINK_LISTEN_H

#include "base/err.h"

/*
 * Binds a socket to `path`, in the place of one that nobody serves any more; the group may connect,
 * nobody else. -EADDRINUSE if another process listens there, and that alone: what else has the
 * path's place is told as what it is. The caller closes the socket and removes the file.
 */
int listen_bind(const char *path, int *ret_fd, struct err *e);

#endif
