/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that the receiver listens on: of its own, since libmicrohttpd that cannot listen does
 * not say why (what errno holds then differs from version to version). */
#ifndef RECEIVER_LISTEN_H
#define RECEIVER_LISTEN_H

#include <netinet/in.h>

/* A socket that listens at `address` (port 0: one that the kernel chooses), which the caller closes
 * or leaves to libmicrohttpd; a negative errno if there is none. */
int listen_open(const struct sockaddr_in *address);

#endif
