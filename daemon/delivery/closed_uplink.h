/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in for an uplink that cannot be opened (a certificate is missing, say): refuses every
 * attempt with the reason, so that its receiver's events wait, the fault is told, and the other
 * receivers go on. The gateway tries to open the real one again and puts it in its place.
 */
#ifndef TOCSIN_DELIVERY_CLOSED_UPLINK_H
#define TOCSIN_DELIVERY_CLOSED_UPLINK_H

#include "iface/uplink.h"

extern const struct uplink_driver closed_uplink;

/* Aborts without memory. */
struct uplink *closed_uplink_create(uv_loop_t *loop, const char *reason);
/* From now on that is why; false if it was before. */
bool closed_uplink_explain(struct uplink *uplink, const char *reason);

#endif
