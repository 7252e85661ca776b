/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of a gateway's events, followed: `seq` counts 1, 2, 3 …, and `prev` is the base64url
 * SHA-256 of the event before, 32 zero bytes for the first. Whoever reads from the middle takes the
 * first event that he is shown on trust. Pure; one thread at a time for each chain.
 */
#ifndef TOCSIN_WIRE_CHAIN_H
#define TOCSIN_WIRE_CHAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/digest.h"

#define CHAIN_SOURCE_SIZE 128

struct chain {
    bool started;
    int64_t last_seq;
    unsigned char head[DIGEST_BYTES];
    char source[CHAIN_SOURCE_SIZE];
};

enum chain_link {
    CHAIN_LINK_GOOD,
    CHAIN_LINK_GAP,       /* numbers are missing before it */
    CHAIN_LINK_REPEATED,  /* the very event before it once more */
    CHAIN_LINK_BACKWARDS, /* a number that was there: a fork, or not in order */
    CHAIN_LINK_BROKEN,    /* prev is not the digest of the event before */
    CHAIN_LINK_NONE,      /* not an event of this chain: no seq, no prev, another source */
};

/*
 * Goes on to `event`, whose bytes have `digest`. For every other answer than GOOD `e` says what is
 * wrong. After a gap or a break the chain goes on from `event`; after the rest it stays.
 */
enum chain_link chain_follow(struct chain *chain, const json_t *event,
                             const unsigned char digest[DIGEST_BYTES], struct err *e);

#endif
