/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clips that one receiver still has to get, one at a time: pure, with the time handed in.
 *
 *   added ─▶ behind its manifest ─▶ ready, in order ─▶ in flight ─▶ there
 *                                     ▲                   │ failed
 *                                     └── waiting ◀───────┘
 *
 * One that fails goes to the back and waits: full jitter, 1 s doubling to 60 s; 60 s when refused.
 */
#ifndef TOCSIN_DISPATCH_UPLOADS_H
#define TOCSIN_DISPATCH_UPLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "dispatch/heap.h"
#include "iface/uplink.h"

struct upload {
    uint64_t seq;            /* of the manifest; one upload has it */
    struct uplink_file file; /* its strings are ours */
    unsigned failures;
    /* uploads.c's own */
    TAILQ_ENTRY(upload) order;
    struct heap_node place;
};

struct uploads {
    size_t count;
    struct upload *in_flight;
    TAILQ_HEAD(, upload) ready;
    struct heap waiting; /* by the time of the next try */
    void *behind;        /* whose manifest is not there yet: a tree of <search.h>, by seq */
};

void uploads_init(struct uploads *uploads);
void uploads_finish(struct uploads *uploads); /* what is in flight as well */

/* Copies `file` and its strings. Aborts without memory. */
void uploads_add(struct uploads *uploads, uint64_t seq, const struct uplink_file *file,
                 bool manifest_is_there);
void uploads_manifest_is_there(struct uploads *uploads, uint64_t seq);

/* Its manifest will never be there: freed. False if none waits for that. */
bool uploads_drop(struct uploads *uploads, uint64_t seq);

/* The next to send now, which is then in flight; NULL if there is none or one is. `*ret_wake_ms` is
 * then when to ask again (INT64_MAX: when something changes). */
struct upload *uploads_next(struct uploads *uploads, int64_t now_ms, int64_t *ret_wake_ms);

/* The end of what was in flight; the first one frees it. */
void uploads_arrived(struct uploads *uploads);
void uploads_failed(struct uploads *uploads, bool refused, int64_t now_ms, uint32_t random);

/* What waits may be tried now. */
void uploads_forgive(struct uploads *uploads);

#endif
