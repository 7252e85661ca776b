/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/service.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"

struct service {
    uv_timer_t feed;
};

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
    sd_notify(0, "WATCHDOG=1");
}

int service_create(uv_loop_t *loop, struct service **ret_service, struct err *e)
{
    struct service *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ENOMEM, "service: out of memory");
    uv_timer_init(loop, &s->feed);
    s->feed.data = s;
    uint64_t period_us = 0;
    if (sd_watchdog_enabled(0, &period_us) > 0)
        uv_timer_start(&s->feed, on_timer, 0, period_us / 2000);
    uv_unref((uv_handle_t *)&s->feed);
    *ret_service = s;
    return 0;
}

void service_feed(struct service *s)
{
    (void)s;
    sd_notify(0, "WATCHDOG=1");
}

void service_ready(struct service *s)
{
    (void)s;
    sd_notify(0, "READY=1");
}

void service_reloading(struct service *s)
{
    (void)s;
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(clock_monotonic_ns() / 1000));
}

void service_status(struct service *s, const char *format, ...)
{
    (void)s;
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sd_notifyf(0, "STATUS=%s", text);
}

static void destroy(uv_handle_t *handle)
{
    free(handle->data);
}

void service_close(struct service *s)
{
    if (!s)
        return;
    sd_notify(0, "STOPPING=1");
    uv_close((uv_handle_t *)&s->feed, destroy);
}
