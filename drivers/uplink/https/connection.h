/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to the receiver: a libcurl multi handle, driven by the loop, that keeps one open
 * between exchanges and knows whether it may still be trusted. What happens to it is told to the
 * handlers that it was made with, how an exchange ended to that exchange; it knows neither what is
 * asked nor of whom. Should two exchanges be under way at once, libcurl dials another connection,
 * which is closed again afterwards. Loop thread.
 */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_CONNECTION_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_CONNECTION_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"

struct connection;

/* None may close the connection; all may be NULL. */
struct connection_handlers {
    void (*on_through)(void *arg); /* an answer has just come over it */
    void (*on_broken)(void *arg);  /* an exchange on it broke, or had no answer in time */
    void (*on_closed)(void *arg);  /* the receiver closed it while it was idle */
    void *arg;
};

/* One exchange under way. Its owner sets the first two; it stays where it is until it is over or
 * removed. */
struct exchange {
    CURL *easy; /* CURLOPT_PRIVATE is the connection's */
    void (*on_over)(struct exchange *exchange, CURLcode code); /* may close the connection */
    unsigned trust; /* the connection's: what it knew when this began */
};

/* Dials nothing. */
int connection_open(uv_loop_t *loop, const struct connection_handlers *handlers,
                    struct connection **ret_connection, struct err *e);

/* The bytes of the request leave before this returns if the connection was idle. `on_over` is never
 * called from within. -EIO: could not start. */
int connection_add(struct connection *c, struct exchange *exchange);
void connection_remove(struct connection *c, struct exchange *exchange); /* no on_over after it */

bool connection_is_used(const struct connection *c);
bool connection_is_idle(const struct connection *c); /* open, trusted and unused */
/* Unused, and cold or for so long quiet that it is time to see whether it still works. */
bool connection_wants_proof(const struct connection *c);
int64_t connection_proven_ns(const struct connection *c); /* when an answer last came; 0: never */

/* Nothing that is open or under way counts any more: dial. */
void connection_distrust(struct connection *c);
/* The same, because an exchange on it broke: on_broken is told. */
void connection_broke(struct connection *c);

/* Every exchange must be removed. No callback after it. NULL is accepted. */
void connection_close(struct connection *c);

#endif
