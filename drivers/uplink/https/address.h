/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the receiver is. That comes, best first, from the configuration, from a look-up in the
 * loop, or from the file of the addresses that worked last, so that a dead name server keeps no
 * alarm back. The address that works stays first in the list for as long as it works; the one that
 * worked last stays in the list even when a look-up no longer names it. Loop thread, but
 * for address_read_saved.
 */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_ADDRESS_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/err.h"
#include "base/reading.h"
#include "iface/driver.h"

struct address_book;

/* Borrowed until address_close, but for the struct itself. */
struct address_options {
    uv_loop_t *loop;
    const char *name;      /* of the receiver's host; a numeric one is never looked up */
    const char *receiver;  /* its id, for the log and the file's name */
    const char *state_dir; /* where the last good addresses are kept */
    const char *saved;     /* those of last time, see address_read_saved; until address_open only */
    const struct option_list *addresses, *name_servers;
    /* The receiver has moved: the address in use is no longer named. Never from within a call. */
    void (*on_moved)(void *arg);
    void *arg;
};

/* Who waits for an address; told once, when a look-up has ended, well or not. All zeroes: waits for
 * nothing. */
struct address_waiter {
    LIST_ENTRY(address_waiter) all;
    void (*on_looked_up)(struct address_waiter *waiter);
    bool waits;
};

/* The text of the file of the addresses that worked last, for the caller to free; NULL: there is
 * none. Waits for the disk: any thread but the loop's. `reading` NULL: in the loop at a start,
 * which waits for it a moment and goes on without. */
char *address_read_saved(const char *state_dir, const char *receiver, struct reading *reading);

/* Begins a look-up if one is needed. */
int address_open(const struct address_options *options, struct address_book **ret_book,
                 struct err *e);

/* Whether a connection may be tried: an address is known, or the url holds it. */
bool address_known(const struct address_book *b);
size_t address_count(const struct address_book *b); /* how many may be tried one after another */
const char *
address_first(const struct address_book *b); /* "": the url holds it, or none is known */

/* Why none is known, a sentence; `after_ms`: so long was it waited for in vain, 0: it was not. */
void address_explain(const struct address_book *b, long long after_ms, char *ret_text, size_t size);

void address_look_up(struct address_book *b); /* unless that was done a moment ago */
void address_look_up_now(struct address_book *b);
bool address_is_looking(const struct address_book *b);
void address_wait(struct address_book *b, struct address_waiter *waiter);
void address_stop_waiting(struct address_waiter *waiter);

void address_failed(struct address_book *b, const char *address); /* try another first */
void address_works(struct address_book *b, const char *address);

/* Nobody may wait any more. NULL is accepted. */
void address_close(struct address_book *b);

#endif
