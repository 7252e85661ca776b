/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue is read here and not by libevdev_next_event(), which throws away what stands behind an
 * overflow: those are presses. The state of the keys is asked on a second descriptor, because
 * EVIOCGKEY empties the queue of the one it is asked on; the second is not the grab's, so nothing
 * is ever queued there.
 */
#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <linux/input.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "drivers/input/evdev_device.h"
#include "drivers/input/evdev_find.h"

#define READ_MS        500
#define EVENTS_AT_ONCE 256 /* more than the kernel keeps of a device of keys: 64 */

struct evdev_device {
    LIST_ENTRY(evdev_device) next;
    LIST_HEAD(, evdev_user) users;
    uv_loop_t *loop;
    dev_t number;
    int fd;       /* grabbed: the queue */
    int state_fd; /* the state of the keys */
    struct libevdev *info;
    unsigned char down[KEY_MAX / 8 + 1];
    int64_t newest_ns; /* the stamp of the last event */
    uv_poll_t poll;
    uv_timer_t timer;
    int handles; /* that are not closed yet */
};

/* Those that are open. See the header. */
static LIST_HEAD(, evdev_device) devices = LIST_HEAD_INITIALIZER(devices);

static void on_closed(uv_handle_t *handle)
{
    struct evdev_device *d = handle->data;
    if (--d->handles == 0)
        free(d);
}

static void close_files(struct evdev_device *d)
{
    libevdev_free(d->info);
    if (d->fd >= 0)
        close(d->fd); /* and with it the grab */
    if (d->state_fd >= 0)
        close(d->state_fd);
}

static void close_device(struct evdev_device *d)
{
    LIST_REMOVE(d, next);
    uv_close((uv_handle_t *)&d->poll, on_closed);
    uv_close((uv_handle_t *)&d->timer, on_closed);
    close_files(d);
}

static void lose_device(struct evdev_device *d, const char *reason)
{
    struct evdev_user *user;
    close_device(d); /* freed when the loop has closed its handles */
    while ((user = LIST_FIRST(&d->users))) {
        LIST_REMOVE(user, next);
        user->on_lost(user, reason);
    }
}

static void tell_event(struct evdev_device *d, const struct input_event *event)
{
    int64_t at_ns = (int64_t)event->input_event_sec * 1000000000 + event->input_event_usec * 1000;
    d->newest_ns = at_ns;
    bool overflow = event->type == EV_SYN && event->code == SYN_DROPPED;
    bool key = event->type == EV_KEY && event->value != 2; /* 2: the kernel's autorepeat */
    struct evdev_user *user;
    LIST_FOREACH(user, &d->users, next)
    {
        if (overflow)
            user->on_overflow(user, at_ns);
        else if (key)
            user->on_key(user, event->code, event->value == 1, at_ns);
    }
}

/* 0 when the queue is empty, 1 when the loop should have its turn, or a negative errno. */
static int tell_queue(struct evdev_device *d)
{
    struct input_event events[EVENTS_AT_ONCE];
    ssize_t length = read(d->fd, events, sizeof events);
    if (length < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    for (size_t i = 0; i < (size_t)length / sizeof *events; i++)
        tell_event(d, &events[i]);
    return (size_t)length == sizeof events;
}

static int read_state(struct evdev_device *d)
{
    return ioctl(d->state_fd, EVIOCGKEY(sizeof d->down), d->down) < 0 ? -errno : 0;
}

/* Tells what is queued, then how the keys stand. */
static void read_device(struct evdev_device *d)
{
    int64_t at_ns = clock_monotonic_ns(); /* what is pressed behind this line is told later */
    int result = tell_queue(d);
    if (result > 0)
        return; /* libuv calls again at once */
    if (result == 0)
        result = read_state(d);
    if (result < 0) {
        lose_device(d, result == -ENODEV ? "the device was unplugged" : strerror(-result));
        return;
    }
    if (at_ns < d->newest_ns)
        at_ns = d->newest_ns;
    struct evdev_user *user;
    LIST_FOREACH(user, &d->users, next)
    {
        user->on_state(user, at_ns);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct evdev_device *d = poll->data;
    (void)events;
    if (status < 0)
        lose_device(d, "the device was unplugged");
    else
        read_device(d);
}

static void on_timer(uv_timer_t *timer)
{
    read_device(timer->data);
}

static int open_files(struct evdev_device *d, const char *node, struct err *e)
{
    struct stat s;
    if ((d->fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0 ||
        (d->state_fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0 ||
        fstat(d->state_fd, &s) != 0)
        return evdev_explain_open(node, errno, e);
    if (s.st_rdev != d->number)
        return err_set(e, ENODEV, "%s was plugged again just now", node);
    int result = libevdev_new_from_fd(d->fd, &d->info);
    if (result < 0)
        return err_system(e, -result, "%s", node);
    /* The clock first: a change of it empties the queue. */
    result = libevdev_set_clock_id(d->info, CLOCK_MONOTONIC);
    if (result == 0)
        result = libevdev_grab(d->info, LIBEVDEV_GRAB);
    if (result == -EBUSY)
        return err_set(
            e, EBUSY, "%s (\"%s\") is grabbed by another program; fuser -v %s shows which: stop it",
            node, libevdev_get_name(d->info), node);
    if (result == 0)
        result = read_state(d);
    return result < 0 ? err_system(e, -result, "%s", node) : 0;
}

static int watch(struct evdev_device *d, struct err *e)
{
    int result = uv_poll_init(d->loop, &d->poll, d->fd);
    if (result < 0)
        return err_set(e, -result, "the device cannot be watched: %s", uv_strerror(result));
    uv_timer_init(d->loop, &d->timer);
    d->poll.data = d->timer.data = d;
    d->handles = 2;
    uv_poll_start(&d->poll, UV_READABLE, on_readable);
    uv_timer_start(&d->timer, on_timer, READ_MS, READ_MS);
    return 0;
}

static int open_device(const char *node, dev_t number, uv_loop_t *loop,
                       struct evdev_device **ret_device, struct err *e)
{
    struct evdev_device *d = calloc(1, sizeof *d);
    if (!d)
        return err_set(e, ENOMEM, "evdev: out of memory");
    *d = (struct evdev_device){.loop = loop, .number = number, .fd = -1, .state_fd = -1};
    int result = open_files(d, node, e);
    if (result == 0)
        result = watch(d, e);
    if (result != 0) {
        close_files(d);
        free(d);
        return result;
    }
    LIST_INSERT_HEAD(&devices, d, next);
    *ret_device = d;
    return 0;
}

int evdev_device_take(const char *node, uv_loop_t *loop, struct evdev_user *user,
                      struct evdev_device **ret_device, struct err *e)
{
    struct stat s;
    if (stat(node, &s) != 0)
        return evdev_explain_open(node, errno, e);
    struct evdev_device *d = LIST_FIRST(&devices);
    while (d && (d->number != s.st_rdev || d->loop != loop))
        d = LIST_NEXT(d, next);
    int result = d ? 0 : open_device(node, s.st_rdev, loop, &d, e);
    if (result != 0)
        return result;
    LIST_INSERT_HEAD(&d->users, user, next);
    *ret_device = d;
    return 0;
}

bool evdev_device_is_down(const struct evdev_device *device, unsigned code)
{
    return device->down[code / 8] >> (code % 8) & 1;
}

void evdev_device_release(struct evdev_device *device, struct evdev_user *user)
{
    if (!device)
        return;
    LIST_REMOVE(user, next);
    if (LIST_EMPTY(&device->users))
        close_device(device);
}
