/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One signed HTTP exchange: request, deadline, the next address if one cannot be reached. Handle,
 * buffers and struct are used again and again: nothing is allocated on the way of a press. Loop
 * thread.
 */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_TRANSFER_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "drivers/uplink/https/address.h"
#include "drivers/uplink/https/answer.h"
#include "drivers/uplink/https/connection.h"
#include "drivers/uplink/https/credentials.h"
#include "iface/signer.h"

#define TRANSFER_EXTRA_HEADERS 3
#define TRANSFER_HEADER_SIZE   (SIGNATURE_INPUT_MAX + 32)

struct transfer;

/* What all transfers to a receiver share; borrowed. */
struct transfer_means {
    uv_loop_t *loop;
    struct signer *signer;
    struct address_book *addresses;
    struct credentials *credentials;
};

/* What to send. Method, url and body are borrowed until the end, the rest during the call. */
struct request {
    const char *method; /* a constant */
    const char *url;
    const void *body;
    size_t length;
    const unsigned char *digest;                /* of the body; DIGEST_BYTES */
    const struct profile_headers *signed_ahead; /* NULL: to be signed now */
    const char *content_type;
    const char *extra[TRANSFER_EXTRA_HEADERS]; /* "Name: value" */
    int64_t timeout_ms;
    bool slow; /* the time-out counts anew for as long as the body moves */
    bool clip; /* how it goes must not change what alarms rely on */
};

/* What was exchanged is borrowed for the call. The transfer may be started again, or closed. */
typedef void (*transfer_handler)(void *arg, const struct exchanged *what);

/* The signature headers of a request of now, with a nonce of its own. */
int transfer_sign(struct signer *signer, const char *method, const char *url,
                  const unsigned char *digest, struct profile_headers *ret_headers, struct err *e);

int transfer_open(const struct transfer_means *means, struct transfer **ret_transfer,
                  struct err *e);
bool transfer_is_under_way(const struct transfer *t);
/* Signs and starts; only when none is under way. Every end, a failure to start among them, is told
 * through `done`, later. */
void transfer_start(struct transfer *t, struct connection *connection,
                    const struct request *request, transfer_handler done, void *arg);
/* No `done` after it. NULL is accepted, as by transfer_close. */
void transfer_stop(struct transfer *t);
void transfer_close(struct transfer *t);

#endif
