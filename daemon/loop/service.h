/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd is told: ready, status, watchdog, stopping. The watchdog is fed by a timer of the
 * loop itself, so that a loop that stands still is seen as such. Without systemd (no NOTIFY_SOCKET)
 * every call is a quiet no-op. Loop thread only.
 *
 * systemd may stand still, too (it is stopped, or starts itself anew): nothing here waits for it.
 * What it has no room for is kept, a few sentences, and said when it has; of states the newest
 * counts, and a feeding of the watchdog is not kept. The datagrams are those of sd_notify(3), which
 * lays them down for who does not use libsystemd; its own call waits.
 */
#ifndef TOCSIN_LOOP_SERVICE_H
#define TOCSIN_LOOP_SERVICE_H

#include <uv.h>

#include "base/err.h"

struct service;

/* Begins to feed the watchdog if systemd asked for it (at half its period). */
int service_create(uv_loop_t *loop, struct service **ret_service, struct err *e);

/* Feeds it by hand, where the loop stands for a reason: at a stop that waits for the disk. */
void service_feed(struct service *s);

void service_ready(struct service *s);
void service_reloading(struct service *s);
void service_status(struct service *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says STOPPING, if there is room, and stops feeding; freed once the loop has closed the timer.
 * NULL is accepted. */
void service_close(struct service *s);

#endif
