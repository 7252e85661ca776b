/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to addresses, in the loop (c-ares): a dead name server costs nobody else a millisecond.
 *
 * /etc/hosts and /etc/resolv.conf are read anew for every look-up, because a gateway often starts
 * before its network has told it a name server. Names are full names: the search list of
 * resolv.conf is not used. IPv4 and IPv6 are asked for at the same time, and a name server that
 * answers only one of the two questions delays the answer by 300 ms, not by its time-out.
 * Loop thread only.
 */
#ifndef TOCSIN_LOOP_RESOLVE_H
#define TOCSIN_LOOP_RESOLVE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <uv.h>

#include "base/err.h"

#define RESOLVE_ADDRESSES_MAX 8

struct resolver;

struct resolve_result {
    size_t count; /* 0: it failed, and `reason` says why */
    char addresses[RESOLVE_ADDRESSES_MAX][INET6_ADDRSTRLEN]; /* IPv4 first */
    char reason[160];
};

typedef void (*resolve_handler)(void *arg, const struct resolve_result *result);

/* Whether `text` names a name server: address, address:port or [address]:port. */
bool resolve_is_server(const char *text);

/* `servers`: "address[:port],…" instead of the system's; NULL for the system's. Copied. */
int resolver_create(uv_loop_t *loop, const char *servers, struct resolver **ret_resolver,
                    struct err *e);

/*
 * One look-up at a time per resolver. `done` runs once, never from within this call, within ten
 * seconds whatever the name servers do, and not after resolver_close.
 */
void resolver_lookup(struct resolver *r, const char *name, resolve_handler done, void *arg);

/* Whether `text` is a numeric IPv4 or IPv6 address and needs no look-up. */
bool resolve_is_numeric(const char *text);

/* Frees, once the loop has closed its handles; NULL is accepted. */
void resolver_close(struct resolver *r);

#endif
