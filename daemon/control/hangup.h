/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the other end of a socket is gone, for as long as nothing is read from it: what lies
 * unread would hide it. An end that only writes no more (SHUT_WR) is not gone. Loop thread only.
 */
#ifndef TOCSIN_CONTROL_HANGUP_H
#define TOCSIN_CONTROL_HANGUP_H

#include <stdbool.h>
#include <uv.h>

struct hangup;

/* `fd` is borrowed for the call. NULL if that cannot be: then it is not watched. */
struct hangup *hangup_create(uv_loop_t *loop, int fd, void (*on_gone)(void *arg), void *arg);
/* Begins and ends to look; both may be said again. NULL is accepted here and below. */
void hangup_watch(struct hangup *h, bool watch);
/* Frees it; `on_gone` is not called any more. */
void hangup_close(struct hangup *h);

#endif
