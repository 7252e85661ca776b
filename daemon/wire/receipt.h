/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver's signed receipt, checked: signature, event, digest, state. Only this ends retrying.
 * Pure; any thread. What is signed:
 *
 *   "@status": 200
 *   "content-digest": <of the receipt's body>
 *   "content-digest";req: <of the request's body>
 *   "@signature-params": ("@status" "content-digest" "content-digest";req);created=…;keyid="…";
 *                        alg="…";tag="tocsin-v1-receipt"
 */
#ifndef TOCSIN_WIRE_RECEIPT_H
#define TOCSIN_WIRE_RECEIPT_H

#include <stddef.h>

#include "base/err.h"
#include "iface/limits.h"
#include "iface/uplink.h"
#include "wire/digest.h"
#include "wire/keys.h"
#include "wire/signature.h"

#define RECEIPT_ANSWERS_MAX LIMIT_RECEIPT_ANSWERS

/* The answer as it came, and what it must be the answer to. */
struct receipt_input {
    int status;
    const char *content_digest; /* header values; NULL where a header is missing */
    const char *signature_input;
    const char *signature;
    const char *body;
    size_t body_length;
    const char *request_digest; /* Content-Digest of the request that it answers */
    const char *event;          /* event id, or NULL for a clip's receipt */
    const char *clip;           /* manifest event id, or NULL for an event's receipt */
    const char *subject_digest; /* "sha-256=:…:" that `digest` must be: the request's, or for a
                                   clip the whole file's */
};

struct receipt {
    uint64_t newest_seq; /* of this gateway's events, the highest number that the receiver has; 0:
                            it does not say, or says what is no number of an event */
    struct uplink_answer answers[RECEIPT_ANSWERS_MAX];
    uint16_t answer_count;
    bool is_fork;    /* the receiver has another event of this gateway under the same number, or one
                        that this does not follow */
    uint16_t unread; /* answers that make no sense: they count for nothing */
    uint16_t first_unread; /* from 1 on; 0: it is no list */
};

/* 0, or a negative errno with what is wrong; `ret_receipt` is untouched then. */
int receipt_verify(const struct receipt_input *input, const struct key_ring *ring,
                   struct receipt *ret_receipt, struct err *e);

#endif
