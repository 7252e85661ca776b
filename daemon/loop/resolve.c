/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/resolve.h"

#include <ares.h>
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define TRY_MS          1500 /* of the first try; c-ares doubles it with every round */
#define TRIES           3
#define TICK_MS         100   /* how often c-ares looks at its own time-outs */
#define OTHER_FAMILY_MS 300   /* what the second family may take when the first is there */
#define LIMIT_MS        10000 /* of the whole look-up */

/* One of c-ares' sockets. */
struct watch {
    uv_poll_t poll;
    LIST_ENTRY(watch) next;
    struct resolver *resolver;
    ares_socket_t socket;
};

/* The answers for IPv4 and for IPv6. */
enum family { FAMILY_V4, FAMILY_V6 };
#define FAMILY_COUNT (FAMILY_V6 + 1)

struct question {
    struct resolver *resolver;
    bool answered;
    int status;
    size_t count;
    char addresses[RESOLVE_ADDRESSES_MAX][INET6_ADDRSTRLEN];
};

struct resolver {
    uv_loop_t *loop;
    char *servers;
    ares_channel channel; /* while a look-up is under way */
    LIST_HEAD(, watch) watches;
    uv_timer_t tick;
    bool busy;
    uint64_t end_ms; /* loop time at which the look-up ends with what it has */
    struct question questions[FAMILY_COUNT];
    resolve_handler done;
    void *arg;
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void start_library(void)
{
    ares_library_init(ARES_LIB_INIT_ALL);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    ares_socket_t socket = w->socket;
    bool read = status < 0 || (events & UV_READABLE), write = status < 0 || (events & UV_WRITABLE);
    ares_process_fd(w->resolver->channel, read ? socket : ARES_SOCKET_BAD,
                    write ? socket : ARES_SOCKET_BAD);
}

static void free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_watch(struct watch *w)
{
    LIST_REMOVE(w, next);
    uv_close((uv_handle_t *)&w->poll, free_watch);
}

static struct watch *open_watch(struct resolver *r, ares_socket_t socket)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w || uv_poll_init(r->loop, &w->poll, (int)socket) != 0) {
        free(w);
        return NULL;
    }
    w->poll.data = w;
    w->resolver = r;
    w->socket = socket;
    LIST_INSERT_HEAD(&r->watches, w, next);
    return w;
}

/* Runs before c-ares closes a socket, too: libuv lets go of it first. */
static void on_socket_state(void *data, ares_socket_t socket, int readable, int writable)
{
    struct resolver *r = data;
    struct watch *w = LIST_FIRST(&r->watches);
    while (w && w->socket != socket)
        w = LIST_NEXT(w, next);
    if (!readable && !writable) {
        if (w)
            close_watch(w);
        return;
    }
    if (!w && !(w = open_watch(r, socket)))
        return; /* the look-up then ends by its own time-out */
    uv_poll_start(&w->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_ready);
}

static void close_channel(struct resolver *r)
{
    if (r->channel)
        ares_destroy(r->channel);
    r->channel = NULL;
}

static void collect_addresses(const struct resolver *r, struct resolve_result *result)
{
    /* In turns, so that neither family can crowd out the other; IPv4 begins. */
    for (size_t i = 0; i < RESOLVE_ADDRESSES_MAX; i++) {
        for (int family = 0; family < FAMILY_COUNT; family++) {
            const struct question *q = &r->questions[family];
            if (i < q->count && result->count < RESOLVE_ADDRESSES_MAX)
                memcpy(result->addresses[result->count++], q->addresses[i], INET6_ADDRSTRLEN);
        }
    }
}

static void explain_failure(const struct resolver *r, struct resolve_result *result)
{
    const struct question *q = &r->questions[FAMILY_V4];
    if (!q->answered || q->status == ARES_ETIMEOUT || q->status == ARES_ECANCELLED)
        snprintf(result->reason, sizeof result->reason,
                 "no name server answered; check the network and the name servers");
    else if (q->status == ARES_SUCCESS || q->status == ARES_ENODATA)
        snprintf(result->reason, sizeof result->reason, "the name has no address");
    else if (q->status == ARES_ENOTFOUND)
        snprintf(result->reason, sizeof result->reason,
                 "the name does not exist; check how it is written");
    else
        snprintf(result->reason, sizeof result->reason, "%s", ares_strerror(q->status));
}

static bool is_finished(const struct resolver *r)
{
    bool all = r->questions[FAMILY_V4].answered && r->questions[FAMILY_V6].answered;
    return all || uv_now(r->loop) >= r->end_ms;
}

/* Runs in the loop, outside of c-ares: its time-outs, and the answer to who asked. */
static void on_tick(uv_timer_t *timer)
{
    struct resolver *r = timer->data;
    if (r->channel && !is_finished(r))
        ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if (!is_finished(r))
        return;
    uv_timer_stop(&r->tick);
    struct resolve_result result = {0};
    collect_addresses(r, &result);
    if (result.count == 0)
        explain_failure(r, &result);
    close_channel(r);
    r->busy = false;
    r->done(r->arg, &result);
}

static void take_address(struct question *q, const struct sockaddr *address)
{
    const void *bytes = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    if (q->count < RESOLVE_ADDRESSES_MAX &&
        inet_ntop(address->sa_family, bytes, q->addresses[q->count], INET6_ADDRSTRLEN))
        q->count++;
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct question *q = arg;
    struct resolver *r = q->resolver;
    (void)timeouts;
    if (status == ARES_EDESTRUCTION)
        return;
    for (struct ares_addrinfo_node *n = info ? info->nodes : NULL; n; n = n->ai_next)
        take_address(q, n->ai_addr);
    if (info)
        ares_freeaddrinfo(info);
    q->answered = true;
    q->status = status;
    if (q->count > 0 && r->end_ms > uv_now(r->loop) + OTHER_FAMILY_MS)
        r->end_ms = uv_now(r->loop) + OTHER_FAMILY_MS;
    if (is_finished(r))
        uv_timer_start(&r->tick, on_tick, 0, 0);
}

static void answer_local(struct question *q, int family)
{
    snprintf(q->addresses[q->count++], INET6_ADDRSTRLEN, "%s",
             family == AF_INET ? "127.0.0.1" : "::1");
    on_answer(q, ARES_SUCCESS, 0, NULL);
}

/* c-ares alone knows what it can read. */
static int try_servers(const char *servers)
{
    ares_channel trial = NULL;
    pthread_once(&library_once, start_library);
    int status = ares_init_options(&trial, NULL, 0);
    if (status == ARES_SUCCESS && servers)
        status = ares_set_servers_ports_csv(trial, servers);
    if (trial)
        ares_destroy(trial);
    return status;
}

int resolver_create(uv_loop_t *loop, const char *servers, struct resolver **ret_resolver,
                    struct err *e)
{
    struct resolver *r = calloc(1, sizeof *r);
    if (!r || (servers && !(r->servers = strdup(servers)))) {
        free(r);
        return err_set(e, ENOMEM, "resolver: out of memory");
    }
    int status = try_servers(servers);
    if (status != ARES_SUCCESS) {
        free(r->servers);
        free(r);
        return err_set(e, EINVAL, "resolver: name servers \"%s\": %s", servers ? servers : "",
                       ares_strerror(status));
    }
    r->loop = loop;
    uv_timer_init(loop, &r->tick);
    r->tick.data = r;
    *ret_resolver = r;
    return 0;
}

static int open_channel(struct resolver *r)
{
    struct ares_options options = {.timeout = TRY_MS,
                                   .tries = TRIES,
                                   .ndomains = 0,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = r};
    int status = ares_init_options(&r->channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS |
                                       ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS)
        r->channel = NULL;
    else if (r->servers)
        status = ares_set_servers_ports_csv(r->channel, r->servers);
    return status;
}

void resolver_lookup(struct resolver *r, const char *name, resolve_handler done, void *arg)
{
    assert(!r->busy);
    r->busy = true;
    r->done = done;
    r->arg = arg;
    uv_update_time(r->loop);
    r->end_ms = uv_now(r->loop) + LIMIT_MS;
    uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
    for (int family = 0; family < FAMILY_COUNT; family++)
        r->questions[family] = (struct question){.resolver = r};
    /* RFC 6761, 6.3; c-ares 1.18 would leak its name each time. */
    bool local = strcasecmp(name, "localhost") == 0;
    int status = local ? ARES_SUCCESS : open_channel(r);
    static const int families[FAMILY_COUNT] = {[FAMILY_V4] = AF_INET, [FAMILY_V6] = AF_INET6};
    for (int family = 0; family < FAMILY_COUNT; family++) {
        struct question *q = &r->questions[family];
        struct ares_addrinfo_hints hints = {.ai_family = families[family],
                                            .ai_flags = ARES_AI_NOSORT};
        if (local)
            answer_local(q, families[family]);
        else if (status == ARES_SUCCESS)
            ares_getaddrinfo(r->channel, name, NULL, &hints, on_answer, q);
        else
            on_answer(q, status, 0, NULL);
    }
}

bool resolve_is_numeric(const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* c-ares takes what follows an address without a look: 99999 for the port that its low bits are. */
static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    long port = digits > 0 && digits <= 5 && text[digits] == '\0' ? strtol(text, NULL, 10) : 0;
    return port >= 1 && port <= 65535;
}

bool resolve_is_server(const char *text)
{
    char host[64];
    const char *colon = strchr(text, ':'), *rest;
    bool is_bracketed = text[0] == '[';
    size_t length = is_bracketed                           ? strcspn(++text, "]")
                    : colon && colon == strrchr(text, ':') ? (size_t)(colon - text)
                                                           : strlen(text);
    if (length >= sizeof host || (is_bracketed && text[length] != ']'))
        return false;
    rest = text + length + is_bracketed;
    snprintf(host, sizeof host, "%.*s", (int)length, text);
    host[strcspn(host, "%")] = '\0'; /* the interface of a link's own address */
    return resolve_is_numeric(host) && (!*rest || (*rest == ':' && is_port(rest + 1))) &&
           try_servers(text - is_bracketed) == ARES_SUCCESS;
}

static void destroy(uv_handle_t *handle)
{
    struct resolver *r = handle->data;
    free(r->servers);
    free(r);
}

void resolver_close(struct resolver *r)
{
    if (!r)
        return;
    close_channel(r);
    uv_close((uv_handle_t *)&r->tick, destroy);
}
