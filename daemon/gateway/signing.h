/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key that signs what leaves the gateway. One that is missing, unreadable or none is no reason
 * not to hear a button: whoever signs is handed a signer that says that it cannot, what needs a
 * signature waits with its receiver, and the key is looked for in libuv's pool until it is there.
 * States FAULT_SIGNING. Loop thread only.
 */
#ifndef TOCSIN_GATEWAY_SIGNING_H
#define TOCSIN_GATEWAY_SIGNING_H

#include <stdint.h>
#include <uv.h>

#include "facts/facts.h"
#include "iface/signer.h"
#include "sections/config.h"

struct signing;

struct signing_options {
    uv_loop_t *loop;
    struct facts *facts;
    const struct config_signing *config; /* borrowed until signing_free */
    void (*on_found)(void *arg);         /* the key is there that was not: what waited may go */
    void *arg;
};

/* Looks for the key in place, which waits for the disk. Whatever it returns, `*ret_signing` is to
 * be closed and freed; it fails without memory alone. */
int signing_open(const struct signing_options *options, struct signing **ret_signing,
                 struct err *e);
void signing_tick(struct signing *s);
/* No on_found after it. NULL is accepted here and below. */
void signing_close(struct signing *s);
void signing_free(struct signing *s); /* after the loop has run out */

/* For everybody who signs, whether or not there is a key; until signing_close. */
struct signer *signing_signer(struct signing *s);
/* NULL while there is no key. */
const char *signing_keyid(const struct signing *s);

#endif
