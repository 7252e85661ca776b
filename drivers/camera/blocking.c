/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/camera/blocking.h"

#include <errno.h>

struct camera {
    const struct blocking_driver *driver;
    const void *options;
    struct camera_host host;
    struct blocking_source *source; /* NULL until it is open */
    uv_idle_t turn;
};

static void stop(struct camera *c, const char *reason)
{
    uv_idle_stop(&c->turn);
    c->host.on_fault(c->host.arg, reason);
}

static void open_source(struct camera *c)
{
    struct camera_stream streams[CAMERA_STREAMS_MAX];
    struct err e;
    if (c->driver->open(c->options, &c->host, &c->source, &e) != 0)
        stop(c, e.text);
    else
        c->host.on_streams(c->host.arg, streams, c->driver->streams(c->source, streams));
}

static void read_unit(struct camera *c)
{
    struct camera_unit *unit;
    struct err e;
    if (c->driver->read(c->source, &unit, &e) != 0) {
        stop(c, e.text);
        return;
    }
    c->host.on_unit(c->host.arg, unit);
    camera_unit_unref(unit);
}

static void on_turn(uv_idle_t *turn)
{
    struct camera *c = turn->data;
    if (c->source)
        read_unit(c);
    else
        open_source(c);
}

int blocking_open(const struct blocking_driver *driver, const void *options,
                  const struct camera_host *host, uv_loop_t *loop, struct camera **ret_camera,
                  struct err *e)
{
    struct camera *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ENOMEM, "out of memory");
    c->driver = driver;
    c->options = options;
    c->host = *host;
    uv_idle_init(loop, &c->turn);
    c->turn.data = c;
    uv_idle_start(&c->turn, on_turn);
    *ret_camera = c;
    return 0;
}

static void free_camera(uv_handle_t *handle)
{
    free(handle->data);
}

void blocking_close(struct camera *c)
{
    if (!c)
        return;
    if (c->source)
        c->driver->close(c->source);
    c->source = NULL;
    uv_close((uv_handle_t *)&c->turn, free_camera);
}
