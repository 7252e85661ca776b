/* SPDX-License-Identifier: Apache-2.0 */
/* A signed receipt: body and headers. Any thread. */
#ifndef RECEIVER_RECEIPT_H
#define RECEIVER_RECEIPT_H

#include <jansson.h>

#include "keys.h"

struct receipt {
    char *body; /* freed by receipt_free */
    char content_digest[DIGEST_TEXT_SIZE];
    char signature_input[320];
    char signature[112];
};

/* What it says. */
struct receipt_content {
    const char *kind, *id;      /* "event" or "clip", and its id */
    const char *digest;         /* the text of what is receipted */
    const char *request_digest; /* of the request that is answered */
    const char *received_at;
    int64_t receiver_seq;
    int64_t newest_seq; /* of this gateway's events, the highest number that is kept; 0: not said */
    bool is_fork;       /* the event has a number that another of its gateway has, too */
    json_t *answers;    /* taken */
};

/* False if it could not be signed. */
bool receipt_make(const struct key *key, const struct receipt_content *content,
                  struct receipt *ret_receipt);

void receipt_free(struct receipt *receipt);

#endif
