/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "drivers/uplink/https/https.h"

/* Between two dials that were nobody's wish; doubled while connections do not last. */
#define DIAL_PAUSE_MS     500
#define DIAL_PAUSE_MAX_MS 60000

/* How long after its last answer an idle connection is proven again, and is no longer trusted. */
#define PROVE_AFTER_NS     (INT64_C(45) * 1000 * 1000 * 1000)
#define TRUST_NOT_AFTER_NS (INT64_C(110) * 1000 * 1000 * 1000)

/* A socket of libcurl's, watched by the loop. Its handle is closed before libcurl closes it. */
struct watch {
    uv_poll_t poll;
    struct connection *connection;
    curl_socket_t socket;
};

/* The connection that libcurl keeps but does not watch: here it is seen when it is closed. */
struct idle_watch {
    uv_poll_t poll;
    struct connection *connection;
};

static void collect(struct connection *l);

static void free_watch(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    struct uplink *u = w->connection->uplink;
    free(w);
    uplink_release(u);
}

static void act(struct connection *l, curl_socket_t socket, int flags)
{
    int running;
    curl_multi_socket_action(l->multi, socket, flags, &running);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct connection *l = w->connection;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(l, w->socket, flags);
    collect(l);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *socket_arg)
{
    (void)easy;
    struct connection *l = arg;
    struct watch *w = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            curl_multi_assign(l->multi, socket, NULL);
            uv_close((uv_handle_t *)&w->poll, free_watch);
        }
        return 0;
    }
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w || uv_poll_init_socket(l->uplink->loop, &w->poll, socket) != 0) {
            free(w);
            return -1;
        }
        w->poll.data = w;
        w->connection = l;
        w->socket = socket;
        l->uplink->handles++;
        curl_multi_assign(l->multi, socket, w);
    }
    int events = what == CURL_POLL_IN    ? UV_READABLE
                 : what == CURL_POLL_OUT ? UV_WRITABLE
                                         : UV_READABLE | UV_WRITABLE;
    uv_poll_start(&w->poll, events, on_ready);
    return 0;
}

static void on_curl_timer(uv_timer_t *timer)
{
    struct connection *l = timer->data;
    act(l, CURL_SOCKET_TIMEOUT, 0);
    collect(l);
}

static int on_timer_wish(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct connection *l = arg;
    if (timeout_ms < 0)
        uv_timer_stop(&l->curl_timer);
    else
        uv_timer_start(&l->curl_timer, on_curl_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void free_idle_watch(uv_handle_t *handle)
{
    struct idle_watch *w = handle->data;
    struct uplink *u = w->connection->uplink;
    free(w);
    uplink_release(u);
}

static void stop_idle_watch(struct connection *l)
{
    if (l->idle)
        uv_close((uv_handle_t *)&l->idle->poll, free_idle_watch);
    l->idle = NULL;
}

/* Nothing that is open, or under way, counts any more. */
static void distrust(struct connection *l)
{
    l->fresh = true;
    l->trust++;
    stop_idle_watch(l);
}

static void dial_soon(struct connection *l);

static void on_idle_closed(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct connection *l = ((struct idle_watch *)poll->data)->connection;
    distrust(l);
    if (l != &l->uplink->connections[CONNECTION_CLIPS])
        dial_soon(l);
}

/* `socket` stays open in libcurl's keeping, and nothing on this one is under way. */
static void start_idle_watch(struct connection *l, curl_socket_t socket)
{
    struct idle_watch *w = calloc(1, sizeof *w);
    if (!w || uv_poll_init_socket(l->uplink->loop, &w->poll, socket) != 0) {
        free(w);
        return; /* it then counts as cold, which is slower but not wrong */
    }
    w->poll.data = w;
    w->connection = l;
    l->uplink->handles++;
    l->idle = w;
    uv_poll_start(&w->poll, UV_DISCONNECT, on_idle_closed);
}

bool connection_is_idle(const struct connection *l)
{
    return l->active == 0 && l->idle && !l->fresh &&
           clock_monotonic_ns() - l->proven_ns < TRUST_NOT_AFTER_NS;
}

static bool wants_proof(const struct connection *l)
{
    return l->active == 0 &&
           (!connection_is_idle(l) || clock_monotonic_ns() - l->proven_ns > PROVE_AFTER_NS);
}

/* This one has just got through: the other one should as well, if it is cold or was long quiet. */
static void warm_the_other(struct connection *l)
{
    struct uplink *u = l->uplink;
    for (int i = CONNECTION_PRESS; i <= CONNECTION_OTHER; i++) {
        struct connection *other = &u->connections[i];
        if (other != l && wants_proof(other))
            dial_soon(other);
    }
}

static void finish(struct connection *l, struct transfer *t, CURLcode code)
{
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &socket);
    connection_remove(l, t);
    if (code == CURLE_OK) {
        l->proven_ns = clock_monotonic_ns();
        if (t->trust == l->trust) /* nothing has broken since it began */
            l->fresh = false;
        if (l->active == 0 && !l->fresh && socket != CURL_SOCKET_BAD)
            start_idle_watch(l, socket);
        if (l != &l->uplink->connections[CONNECTION_CLIPS])
            warm_the_other(l);
    } else {
        connection_failed(l);
    }
    transfer_over(t, code);
}

static void collect(struct connection *l)
{
    int left;
    struct uplink *u = l->uplink;
    for (CURLMsg *m; !u->closing && (m = curl_multi_info_read(l->multi, &left));) {
        if (m->msg != CURLMSG_DONE)
            continue;
        struct transfer *t;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        finish(l, t, code);
    }
}

int connection_add(struct connection *l, struct transfer *t)
{
    stop_idle_watch(l);
    /* As long as no new connection has got through: libcurl still keeps the old one. */
    curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, (long)l->fresh);
    t->trust = l->trust;
    if (curl_multi_add_handle(l->multi, t->easy) != CURLM_OK)
        return -EIO;
    l->active++;
    /* The first bytes leave now, not at libcurl's next timer. What it finishes at once is told by
     * the timer, so that no handler runs inside this call. */
    act(l, CURL_SOCKET_TIMEOUT, 0);
    uv_timer_start(&l->curl_timer, on_curl_timer, 0, 0);
    return 0;
}

void connection_remove(struct connection *l, struct transfer *t)
{
    curl_multi_remove_handle(l->multi, t->easy);
    l->active--;
}

void connection_failed(struct connection *l)
{
    struct uplink *u = l->uplink;
    distrust(l);
    if (l == &u->connections[CONNECTION_CLIPS])
        return; /* a clip's trouble says nothing of the alarms' path */
    for (int i = CONNECTION_PRESS; i <= CONNECTION_OTHER; i++)
        distrust(&u->connections[i]);
}

static void on_dialled(struct transfer *t)
{
    if (t->answer.status == 0)
        log_info("uplink", "%s: could not dial: %s", t->uplink->host.receiver, t->answer.reason);
}

void connection_dial(struct connection *l)
{
    struct uplink *u = l->uplink;
    uv_timer_stop(&l->dial_timer);
    if (l->active > 0 || l->dial.state != TRANSFER_IDLE)
        return;
    unsigned char digest[DIGEST_BYTES];
    digest_sha256("", 0, digest);
    l->dialled_ms = (int64_t)uv_now(u->loop);
    struct request request = {.method = "OPTIONS",
                              .url = u->options->url,
                              .body = "",
                              .digest = digest,
                              .content_type = "application/cloudevents+json",
                              .timeout_ms = u->options->attempt_timeout_ms};
    transfer_start(&l->dial, l, &request, on_dialled);
}

static void on_dial_timer(uv_timer_t *timer)
{
    struct connection *l = timer->data;
    if (wants_proof(l))
        connection_dial(l);
}

/* Never at once: whoever is being told of an outcome may have something better to send. */
static void dial_soon(struct connection *l)
{
    int64_t now_ms = (int64_t)uv_now(l->uplink->loop), wait_ms = 0;
    if (uv_is_active((uv_handle_t *)&l->dial_timer))
        return;
    if (l->dialled_ms == 0 || now_ms - l->dialled_ms > DIAL_PAUSE_MAX_MS)
        l->dial_pause_ms = DIAL_PAUSE_MS;
    else if (l->dial_pause_ms < DIAL_PAUSE_MAX_MS)
        l->dial_pause_ms *= 2;
    if (l->dialled_ms != 0 && now_ms - l->dialled_ms < l->dial_pause_ms)
        wait_ms = l->dial_pause_ms - (now_ms - l->dialled_ms);
    uv_timer_start(&l->dial_timer, on_dial_timer, (uint64_t)wait_ms, 0);
}

int connection_open(struct uplink *u, struct connection *l, struct err *e)
{
    l->uplink = u;
    l->multi = curl_multi_init();
    if (!l->multi)
        return err_set(e, ENOMEM, "libcurl: out of memory");
    curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
    curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
    curl_multi_setopt(l->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, 1L); /* kept when idle; more may be in use */
    uv_timer_init(u->loop, &l->curl_timer);
    uv_timer_init(u->loop, &l->dial_timer);
    l->curl_timer.data = l->dial_timer.data = l;
    u->handles += 2;
    return transfer_set_up(u, l, &l->dial, e);
}

void connection_close(struct connection *l)
{
    if (!l->multi)
        return;
    stop_idle_watch(l);
    transfer_tear_down(&l->dial);
    curl_multi_cleanup(l->multi);
    l->multi = NULL;
    l->curl_timer.data = l->dial_timer.data = l->uplink;
    uv_close((uv_handle_t *)&l->curl_timer, uplink_handle_closed);
    uv_close((uv_handle_t *)&l->dial_timer, uplink_handle_closed);
}
