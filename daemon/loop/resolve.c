/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/resolve.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRY_MS  2000
#define TRIES   3
#define TICK_MS 250 /* how often c-ares looks at its own time-outs */

/* One of c-ares' sockets. */
struct watch {
    uv_poll_t poll;
    struct watch *next;
    struct resolver *resolver;
    ares_socket_t socket;
};

struct resolver {
    uv_loop_t *loop;
    ares_channel channel;
    struct watch *watches;
    uv_timer_t tick;
    bool busy, closing, told;
    struct resolve_result result;
    resolve_handler done;
    void *arg;
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void start_library(void)
{
    ares_library_init(ARES_LIB_INIT_ALL);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    ares_channel channel = w->resolver->channel;
    ares_socket_t socket = w->socket;
    bool read = status < 0 || (events & UV_READABLE), write = status < 0 || (events & UV_WRITABLE);
    ares_process_fd(channel, read ? socket : ARES_SOCKET_BAD, write ? socket : ARES_SOCKET_BAD);
}

static void free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_socket_state(void *data, ares_socket_t socket, int readable, int writable)
{
    struct resolver *r = data;
    struct watch **at = &r->watches;
    while (*at && (*at)->socket != socket)
        at = &(*at)->next;
    if (!readable && !writable) {
        struct watch *w = *at;
        if (w) {
            *at = w->next;
            uv_close((uv_handle_t *)&w->poll, free_watch);
        }
        return;
    }
    if (!*at) {
        struct watch *w = calloc(1, sizeof *w);
        if (!w || uv_poll_init(r->loop, &w->poll, (int)socket) != 0) {
            free(w);
            return; /* the look-up then ends by its own time-out */
        }
        w->poll.data = w;
        w->resolver = r;
        w->socket = socket;
        *at = w;
    }
    uv_poll_start(&(*at)->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
                  on_readable);
}

/* Runs in the loop, outside of c-ares: time-outs of c-ares, and the answer to who asked. */
static void on_tick(uv_timer_t *timer)
{
    struct resolver *r = timer->data;
    if (!r->told)
        ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if (!r->told)
        return;
    uv_timer_stop(&r->tick);
    r->busy = false;
    r->done(r->arg, &r->result);
}

static void add_address(struct resolve_result *result, const struct sockaddr *address)
{
    const void *bytes = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    if (result->count < RESOLVE_ADDRESSES_MAX &&
        inet_ntop(address->sa_family, bytes, result->addresses[result->count], INET6_ADDRSTRLEN))
        result->count++;
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct resolver *r = arg;
    (void)timeouts;
    r->result = (struct resolve_result){0};
    for (struct ares_addrinfo_node *n = info ? info->nodes : NULL; n; n = n->ai_next)
        add_address(&r->result, n->ai_addr);
    if (info)
        ares_freeaddrinfo(info);
    if (r->result.count == 0)
        snprintf(r->result.reason, sizeof r->result.reason, "%s",
                 status == ARES_SUCCESS ? "the name has no address" : ares_strerror(status));
    r->told = true;
    if (!r->closing)
        uv_timer_start(&r->tick, on_tick, 0, 0);
}

int resolver_create(uv_loop_t *loop, const char *servers, struct resolver **ret_resolver,
                    struct err *e)
{
    pthread_once(&library_once, start_library);
    struct resolver *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ENOMEM, "resolver: out of memory");
    r->loop = loop;
    struct ares_options options = {.timeout = TRY_MS,
                                   .tries = TRIES,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = r};
    int status = ares_init_options(&r->channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS && servers)
        status = ares_set_servers_ports_csv(r->channel, servers);
    if (status != ARES_SUCCESS) {
        if (r->channel)
            ares_destroy(r->channel);
        free(r);
        return err_set(e, EINVAL, "resolver: %s", ares_strerror(status));
    }
    uv_timer_init(loop, &r->tick);
    r->tick.data = r;
    *ret_resolver = r;
    return 0;
}

void resolver_lookup(struct resolver *r, const char *name, resolve_handler done, void *arg)
{
    if (r->busy)
        return;
    r->busy = true;
    r->told = false;
    r->done = done;
    r->arg = arg;
    uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_flags = ARES_AI_NOSORT};
    ares_getaddrinfo(r->channel, name, NULL, &hints, on_answer, r);
}

bool resolve_is_numeric(const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static void destroy(uv_handle_t *handle)
{
    free(handle->data);
}

void resolver_close(struct resolver *r)
{
    if (!r)
        return;
    r->closing = true;
    ares_destroy(r->channel);
    uv_close((uv_handle_t *)&r->tick, destroy);
}
