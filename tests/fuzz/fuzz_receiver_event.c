/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies that gateways send to the receiver. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event e;
    const char *reason = NULL;
    if (!event_read((const char *)data, size, &e, &reason)) {
        if (!reason)
            abort();
        return 0;
    }
    if (!event_is_uuid(e.id) || (e.alarm[0] && !event_is_uuid(e.alarm)))
        abort();
    if (e.kind != EVENT_KIND_HEARTBEAT && (e.seq < 1 || strlen(e.prev) != 43))
        abort();
    if (e.kind == EVENT_KIND_MANIFEST && (e.length < 1 || strlen(e.sha256) != 64))
        abort();
    return 0;
}
