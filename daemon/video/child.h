/* SPDX-License-Identifier: Apache-2.0 */
/* What a process that was just forked from the supervisor leaves behind before it works for one
 * camera. */
#ifndef TOCSIN_VIDEO_CHILD_H
#define TOCSIN_VIDEO_CHILD_H

#include <sys/types.h>

/*
 * The supervisor's descriptors (all but `socket` and the standard ones), its signal handlers and
 * its name are gone afterwards, and this process dies with `parent`. Does not return if that is
 * dead already.
 */
void child_detach(int socket, pid_t parent);

#endif
