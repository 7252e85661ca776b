/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upload of one clip by tus 1.0 core (tus.io, protocol 1.0.x), every request signed, resumed at
 * whatever the receiver has:
 *
 *   OPEN ─▶ CREATE (POST) ─▶ OFFSET (HEAD) ─▶ READ ─▶ SEND (PATCH) ─┐
 *                │                              ▲ └─▶ PAUSED ─┘      │ more to send
 *                └── 200: the receiver has it   └───────────────────┘
 *
 * Each run begins with CREATE; the receiver answers with its receipt if it has the whole file, and
 * with the place of what it has otherwise. Loop thread.
 */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_TUS_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_TUS_H

#include "drivers/uplink/https/connection.h"
#include "drivers/uplink/https/outcome.h"
#include "drivers/uplink/https/transfer.h"
#include "iface/uplink.h"

struct tus;

/* Borrowed until tus_close, but for the struct itself. */
struct tus_options {
    const struct transfer_means *means;
    struct connection *connection;
    struct outcome_rules *rules;
    const char *url; /* where uploads are created */
};

int tus_open(const struct tus_options *options, struct tus **ret_tus, struct err *e);
/* As uplink_driver.upload and .pause_upload. */
void tus_begin(struct tus *s, const struct uplink_file *file, uplink_done_handler done, void *arg);
void tus_pause(struct tus *s, bool paused);
/* What is under way ends with CANCELLED within the call. NULL is accepted. */
void tus_close(struct tus *s);

#endif
