/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a connection warm: a signed OPTIONS request, whose answer may be anything. Where
 * connections do not last, the pauses between dials that were nobody's wish grow from 0.5 to 60 s.
 * Loop thread.
 */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_DIAL_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_DIAL_H

#include <stdint.h>

#include "base/err.h"
#include "drivers/uplink/https/connection.h"
#include "drivers/uplink/https/transfer.h"

struct dial;

/* Borrowed until dial_close. */
struct dial_options {
    const struct transfer_means *means;
    struct connection *connection;
    const char *url, *receiver; /* the receiver's id is for the log */
    int64_t timeout_ms;
};

int dial_open(const struct dial_options *options, struct dial **ret_dial, struct err *e);
/* Now, unless the connection is in use or is being dialled. */
void dial_now(struct dial *d);
/* Soon, if the connection then still wants it. Never at once: whoever is being told of an outcome
 * may have something better to send. */
void dial_soon(struct dial *d);
/* NULL is accepted. */
void dial_close(struct dial *d);

#endif
