/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/connection.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

/* How long after its last answer an idle connection is proven again, and is no longer trusted. */
#define PROVE_AFTER_NS     (INT64_C(45) * 1000 * 1000 * 1000)
#define TRUST_NOT_AFTER_NS (INT64_C(110) * 1000 * 1000 * 1000)

struct idle_watch;

struct connection {
    uv_loop_t *loop;
    struct connection_handlers handlers;
    CURLM *multi; /* NULL: closed */
    uv_timer_t curl_timer;
    size_t handles;          /* libuv's, to be closed before this may be freed */
    unsigned active;         /* exchanges with libcurl */
    bool fresh;              /* what is open is not to be trusted: dial */
    unsigned trust;          /* grows each time that it is lost */
    struct idle_watch *idle; /* the open connection while nothing uses it; NULL: cold or in use */
    int64_t proven_ns;       /* when an answer last came */
};

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

static void collect(struct connection *c);

static void release(struct connection *c)
{
    if (--c->handles == 0)
        free(c);
}

static void free_watch(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    release(w->connection);
    free(w);
}

static void act(struct connection *c, curl_socket_t socket, int flags)
{
    int running;
    curl_multi_socket_action(c->multi, socket, flags, &running);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct connection *c = w->connection;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(c, w->socket, flags);
    collect(c);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *socket_arg)
{
    (void)easy;
    struct connection *c = arg;
    struct watch *w = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            curl_multi_assign(c->multi, socket, NULL);
            uv_close((uv_handle_t *)&w->poll, free_watch);
        }
        return 0;
    }
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w || uv_poll_init_socket(c->loop, &w->poll, socket) != 0) {
            free(w);
            return -1;
        }
        w->poll.data = w;
        w->connection = c;
        w->socket = socket;
        c->handles++;
        curl_multi_assign(c->multi, socket, w);
    }
    int events = what == CURL_POLL_IN    ? UV_READABLE
                 : what == CURL_POLL_OUT ? UV_WRITABLE
                                         : UV_READABLE | UV_WRITABLE;
    uv_poll_start(&w->poll, events, on_ready);
    return 0;
}

static void on_curl_timer(uv_timer_t *timer)
{
    struct connection *c = timer->data;
    act(c, CURL_SOCKET_TIMEOUT, 0);
    collect(c);
}

static int on_timer_wish(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct connection *c = arg;
    if (timeout_ms < 0)
        uv_timer_stop(&c->curl_timer);
    else
        uv_timer_start(&c->curl_timer, on_curl_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void free_idle_watch(uv_handle_t *handle)
{
    struct idle_watch *w = handle->data;
    release(w->connection);
    free(w);
}

static void stop_idle_watch(struct connection *c)
{
    if (c->idle)
        uv_close((uv_handle_t *)&c->idle->poll, free_idle_watch);
    c->idle = NULL;
}

static void tell(const struct connection *c, void (*handler)(void *arg))
{
    if (handler)
        handler(c->handlers.arg);
}

void connection_distrust(struct connection *c)
{
    c->fresh = true;
    c->trust++;
    stop_idle_watch(c);
}

void connection_broke(struct connection *c)
{
    connection_distrust(c);
    tell(c, c->handlers.on_broken);
}

static void on_idle_closed(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct connection *c = ((struct idle_watch *)poll->data)->connection;
    connection_distrust(c);
    tell(c, c->handlers.on_closed);
}

/* `socket` stays open in libcurl's keeping, and nothing on this one is under way. */
static void start_idle_watch(struct connection *c, curl_socket_t socket)
{
    struct idle_watch *w = calloc(1, sizeof *w);
    if (!w || uv_poll_init_socket(c->loop, &w->poll, socket) != 0) {
        free(w);
        return; /* it then counts as cold, which is slower but not wrong */
    }
    w->poll.data = w;
    w->connection = c;
    c->handles++;
    c->idle = w;
    uv_poll_start(&w->poll, UV_DISCONNECT, on_idle_closed);
}

bool connection_is_used(const struct connection *c)
{
    return c->active > 0;
}

bool connection_is_idle(const struct connection *c)
{
    return c->active == 0 && c->idle && !c->fresh &&
           clock_monotonic_ns() - c->proven_ns < TRUST_NOT_AFTER_NS;
}

bool connection_wants_proof(const struct connection *c)
{
    return c->active == 0 &&
           (!connection_is_idle(c) || clock_monotonic_ns() - c->proven_ns > PROVE_AFTER_NS);
}

int64_t connection_proven_ns(const struct connection *c)
{
    return c->proven_ns;
}

static void finish(struct connection *c, struct exchange *x, CURLcode code)
{
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(x->easy, CURLINFO_ACTIVESOCKET, &socket);
    connection_remove(c, x);
    if (code == CURLE_OK) {
        c->proven_ns = clock_monotonic_ns();
        if (x->trust == c->trust) /* nothing has broken since it began */
            c->fresh = false;
        if (c->active == 0 && !c->fresh && socket != CURL_SOCKET_BAD)
            start_idle_watch(c, socket);
        tell(c, c->handlers.on_through);
    } else {
        connection_broke(c);
    }
    x->on_over(x, code);
}

/* Whoever is told of an end may close the connection, which is then still there, without its
 * multi handle, until the loop has closed its handles. */
static void collect(struct connection *c)
{
    int left;
    for (CURLMsg *m; c->multi && (m = curl_multi_info_read(c->multi, &left));) {
        if (m->msg != CURLMSG_DONE)
            continue;
        struct exchange *x;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
        finish(c, x, code);
    }
}

int connection_add(struct connection *c, struct exchange *x)
{
    stop_idle_watch(c);
    curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
    /* As long as no new connection has got through: libcurl still keeps the old one. */
    curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, (long)c->fresh);
    x->trust = c->trust;
    if (curl_multi_add_handle(c->multi, x->easy) != CURLM_OK)
        return -EIO;
    c->active++;
    /* The first bytes leave now, not at libcurl's next timer. What it finishes at once is told by
     * the timer, so that no handler runs inside this call. */
    act(c, CURL_SOCKET_TIMEOUT, 0);
    uv_timer_start(&c->curl_timer, on_curl_timer, 0, 0);
    return 0;
}

void connection_remove(struct connection *c, struct exchange *x)
{
    curl_multi_remove_handle(c->multi, x->easy);
    c->active--;
}

int connection_open(uv_loop_t *loop, const struct connection_handlers *handlers,
                    struct connection **ret_connection, struct err *e)
{
    struct connection *c = calloc(1, sizeof *c);
    CURLM *multi = curl_multi_init();
    if (!c || !multi) {
        curl_multi_cleanup(multi);
        free(c);
        return err_set(e, ENOMEM, "libcurl: out of memory");
    }
    c->loop = loop;
    c->handlers = *handlers;
    c->multi = multi;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1L); /* kept when idle; more may be in use */
    uv_timer_init(loop, &c->curl_timer);
    c->curl_timer.data = c;
    c->handles = 1;
    *ret_connection = c;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

void connection_close(struct connection *c)
{
    if (!c)
        return;
    assert(c->active == 0);
    stop_idle_watch(c);
    curl_multi_cleanup(c->multi);
    c->multi = NULL;
    uv_close((uv_handle_t *)&c->curl_timer, on_timer_closed);
}
