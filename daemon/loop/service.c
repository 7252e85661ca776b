/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/service.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"

#define AGAIN_MS     100
#define WAITING      8 /* a reload says two, a start one; then the newest takes the last's place */
#define MESSAGE_SIZE 300

struct service {
    uv_timer_t feed, again;
    int open_handles;
    int fd; /* -1: nobody is to be told */
    struct sockaddr_un address;
    socklen_t address_length;
    char waiting[WAITING][MESSAGE_SIZE]; /* the oldest first */
    size_t waiting_count;
};

/* NOTIFY_SOCKET: a path, or after '@' a name in the abstract name space. */
static void find_socket(struct service *s)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path ? strlen(path) : 0;
    s->fd = -1;
    if (length < 2 || length >= sizeof s->address.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    s->address.sun_family = AF_UNIX;
    memcpy(s->address.sun_path, path, length + 1);
    if (path[0] == '@')
        s->address.sun_path[0] = '\0';
    s->address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* False if there is no room now; what fails otherwise would fail again. */
static bool say_now(struct service *s, const char *message)
{
    return sendto(s->fd, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&s->address, s->address_length) >= 0 ||
           errno != EAGAIN;
}

static void say_waiting(struct service *s)
{
    while (s->waiting_count > 0 && say_now(s, s->waiting[0]))
        memmove(s->waiting[0], s->waiting[1], --s->waiting_count * MESSAGE_SIZE);
    if (s->waiting_count == 0)
        uv_timer_stop(&s->again);
}

static void on_again(uv_timer_t *timer)
{
    say_waiting(timer->data);
}

static bool is_status(const char *message)
{
    return strncmp(message, "STATUS=", strlen("STATUS=")) == 0;
}

static void say(struct service *s, const char *message)
{
    if (s->fd < 0)
        return;
    say_waiting(s);
    if (s->waiting_count == 0 && say_now(s, message))
        return;
    size_t last = s->waiting_count;
    if (last == WAITING || (last > 0 && is_status(message) && is_status(s->waiting[last - 1])))
        last--;
    snprintf(s->waiting[last], MESSAGE_SIZE, "%s", message);
    s->waiting_count = last + 1;
    uv_timer_start(&s->again, on_again, AGAIN_MS, AGAIN_MS);
}

static void on_feed(uv_timer_t *timer)
{
    service_feed(timer->data);
}

int service_create(uv_loop_t *loop, struct service **ret_service, struct err *e)
{
    struct service *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ENOMEM, "service: out of memory");
    find_socket(s);
    uv_timer_init(loop, &s->feed);
    uv_timer_init(loop, &s->again);
    s->feed.data = s->again.data = s;
    s->open_handles = 2;
    uint64_t period_us = 0;
    if (sd_watchdog_enabled(0, &period_us) > 0)
        uv_timer_start(&s->feed, on_feed, 0, period_us / 2000);
    uv_unref((uv_handle_t *)&s->feed);
    uv_unref((uv_handle_t *)&s->again);
    *ret_service = s;
    return 0;
}

void service_feed(struct service *s)
{
    if (s->fd >= 0)
        say_now(s, "WATCHDOG=1");
}

void service_ready(struct service *s)
{
    say(s, "READY=1");
}

void service_reloading(struct service *s)
{
    char text[100];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)(clock_monotonic_ns() / 1000));
    say(s, text);
}

void service_status(struct service *s, const char *format, ...)
{
    char text[MESSAGE_SIZE] = "STATUS=";
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, sizeof text - used, format, args);
    va_end(args);
    say(s, text);
}

static void destroy(uv_handle_t *handle)
{
    struct service *s = handle->data;
    if (--s->open_handles > 0)
        return;
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}

void service_close(struct service *s)
{
    if (!s)
        return;
    say(s, "STOPPING=1");
    uv_close((uv_handle_t *)&s->feed, destroy);
    uv_close((uv_handle_t *)&s->again, destroy);
}
