/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has a Unix socket that cannot be connected to, since more wait there already than its queue
 * takes. Whoever can be connected to tells by its credentials (unix(7)).
 */
#ifndef TOCSIN_BASE_SOCKET_HOLDER_H
#define TOCSIN_BASE_SOCKET_HOLDER_H

#include <stdbool.h>

/* Whether each socket that listens at `path` is known to be that of processes that have ended
 * (process.h) alone: who is not seen lives. Looks through /proc; any thread. */
bool socket_holder_has_ended(const char *path);

#endif
