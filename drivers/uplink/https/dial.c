/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/dial.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "iface/limits.h"

/* Between two dials that were nobody's wish; doubled while connections do not last. */
#define PAUSE_MS     500
#define PAUSE_MAX_MS LIMIT_DIAL_MS

struct dial {
    struct dial_options options;
    struct transfer *transfer;
    uv_timer_t timer;
    int64_t dialled_ms; /* loop time; 0: never */
    int64_t pause_ms;
};

static void on_dialled(void *arg, const struct exchanged *what)
{
    struct dial *d = arg;
    if (what->answer->status == 0)
        log_info("uplink", "%s: could not dial: %s", d->options.receiver, what->answer->reason);
}

void dial_now(struct dial *d)
{
    const struct dial_options *o = &d->options;
    uv_timer_stop(&d->timer);
    if (connection_is_used(o->connection) || transfer_is_under_way(d->transfer))
        return;
    unsigned char digest[DIGEST_BYTES];
    digest_sha256("", 0, digest);
    d->dialled_ms = (int64_t)uv_now(o->means->loop);
    struct request request = {.method = "OPTIONS",
                              .url = o->url,
                              .body = "",
                              .digest = digest,
                              .content_type = "application/cloudevents+json",
                              .timeout_ms = o->timeout_ms};
    transfer_start(d->transfer, o->connection, &request, on_dialled, d);
}

static void on_timer(uv_timer_t *timer)
{
    struct dial *d = timer->data;
    if (connection_wants_proof(d->options.connection))
        dial_now(d);
}

void dial_soon(struct dial *d)
{
    int64_t since_ms = (int64_t)uv_now(d->options.means->loop) - d->dialled_ms, wait_ms = 0;
    if (uv_is_active((uv_handle_t *)&d->timer))
        return;
    if (d->dialled_ms == 0 || since_ms > PAUSE_MAX_MS)
        d->pause_ms = 0; /* it lasted */
    if (since_ms < d->pause_ms)
        wait_ms = d->pause_ms - since_ms;
    d->pause_ms = d->pause_ms == 0 ? PAUSE_MS : d->pause_ms * 2;
    if (d->pause_ms > PAUSE_MAX_MS)
        d->pause_ms = PAUSE_MAX_MS;
    uv_timer_start(&d->timer, on_timer, (uint64_t)wait_ms, 0);
}

int dial_open(const struct dial_options *options, struct dial **ret_dial, struct err *e)
{
    struct dial *d = calloc(1, sizeof *d);
    if (!d)
        return err_set(e, ENOMEM, "https: out of memory");
    d->options = *options;
    int result = transfer_open(options->means, &d->transfer, e);
    if (result != 0) {
        free(d);
        return result;
    }
    uv_timer_init(options->means->loop, &d->timer);
    d->timer.data = d;
    *ret_dial = d;
    return 0;
}

static void free_dial(uv_handle_t *handle)
{
    free(handle->data);
}

void dial_close(struct dial *d)
{
    if (!d)
        return;
    transfer_close(d->transfer);
    uv_close((uv_handle_t *)&d->timer, free_dial);
}
