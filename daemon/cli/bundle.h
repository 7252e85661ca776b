/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exported bundle, checked line by line. A bundle is one JSON object a line, an event each, in
 * the order of seq:
 *
 *   {"event":"<exact bytes>","receipts":[
 *     {"receiver":"police","state":"stored","attempts":1,
 *      "request":"POST <url>\nContent-Digest: …\nSignature-Input: …\nSignature: …\n",
 *      "receipt":"<exact bytes>",
 *      "receipt_headers":"Content-Digest: …\nSignature-Input: …\nSignature: …\n"}, …]}
 *
 * `request`, `receipt` and `receipt_headers` are null where there is none yet; unknown members are
 * passed over. An event is proven if a request over its bytes is signed by one of the gateway's
 * keys, or if the chain leads from it without a gap to an event that is. No I/O but clip files.
 */
#ifndef TOCSIN_CLI_BUNDLE_H
#define TOCSIN_CLI_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"
#include "wire/chain.h"
#include "wire/keys.h"

/* `line` counts from 1; `event` is its id, "?" where it has none. Texts may hold anything. */
typedef void (*bundle_problem_handler)(void *arg, size_t line, const char *event, const char *text);

struct bundle {
    /* The caller's: */
    struct key_ring keys;         /* the gateway's public keys */
    struct key_ring receipt_keys; /* the receivers'; empty: receipts are counted, not checked */
    const char *clips;            /* folder of <manifest event id>.mp4, or NULL */
    bool part;                    /* numbers may be missing between the events */
    bundle_problem_handler on_problem;
    void *arg;

    /* What was found: */
    size_t line;
    unsigned events, signed_events, chained_events;
    unsigned receipts, unchecked_receipts, clip_count, gaps, problems;

    struct chain chain;
    /* Events of the chain's end so far that no signature covers yet. */
    unsigned pending;
    size_t pending_line;
    char pending_id[UUID_TEXT_SIZE];
};

/* Checks the next line; a newline at its end does not matter. */
void bundle_take(struct bundle *b, const char *line, size_t length);

/* After the last line: what is still unproven is told. */
void bundle_end(struct bundle *b);

#endif
