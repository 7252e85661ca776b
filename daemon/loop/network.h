/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells when this machine's links, addresses or routes change: a cable that is put back, a modem
 * that has dialled. From the kernel (rtnetlink), in the loop; a storm of changes is told once, when
 * it has settled. Loop thread only.
 */
#ifndef TOCSIN_LOOP_NETWORK_H
#define TOCSIN_LOOP_NETWORK_H

#include <uv.h>

#include "base/err.h"

struct network;

/* Never from within open; not after close. */
typedef void (*network_handler)(void *arg);

int network_open(uv_loop_t *loop, network_handler on_changed, void *arg,
                 struct network **ret_network, struct err *e);

/* NULL is accepted. */
void network_close(struct network *network);

#endif
