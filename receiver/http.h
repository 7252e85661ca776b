/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the two HTTP servers of the receiver: what they know, and how they answer. */
#ifndef RECEIVER_HTTP_H
#define RECEIVER_HTTP_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "keys.h"
#include "receipt.h"
#include "store.h"

#define HTTP_VIEWER_TIMEOUT_S 60u /* without a byte */

struct receiver {
    const char *name;
    const char *public_url; /* scheme and authority; NULL: from the Host header */
    size_t max_body_bytes;
    struct key_list gateway_keys;
    struct key receipt_key;
    struct store *store;
    char token[256];
    atomic_bool stopping;
    atomic_bool backing_up;
};

/* One request while it lasts: its body, up to a limit. */
struct request {
    bool begun;
    const char *problem; /* with the client's certificate: its body is not kept */
    char *target;        /* of the request line as it came; NULL on the page */
    size_t length;
    size_t room;
    char *body;
    bool too_large;
};

const char *http_header(struct MHD_Connection *c, const char *name);

/* Answers {"error":…}; for the sender's technician. */
enum MHD_Result http_error(struct MHD_Connection *c, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Takes `object`. */
enum MHD_Result http_json(struct MHD_Connection *c, unsigned status, json_t *object);
/* Takes `text`, which is JSON; NULL when out of memory. */
enum MHD_Result http_text(struct MHD_Connection *c, unsigned status, char *text);

/* Answers 200 with a receipt; frees it. */
enum MHD_Result http_receipt(struct MHD_Connection *c, struct receipt *receipt);

/* Adds to the request's body; what is over `max` is dropped and noted. */
void http_collect(struct request *r, const char *data, size_t length, size_t max);
void http_free_request(struct request *r);

/* What libmicrohttpd calls for, several times a request: for its head, for each piece of its body,
 * and for the answer. */
struct http_call {
    const char *url;
    const char *method;
    const char *data; /* a piece of the body … */
    size_t *length;   /* … and how much of it is not taken yet; none: see above */
    void **state;     /* the struct request */
};

/* intake.c: the HTTPS server of the gateways. */
void *intake_begin(void *arg, const char *target, struct MHD_Connection *c);
enum MHD_Result intake_handle(struct receiver *r, struct MHD_Connection *c,
                              const struct http_call *call);

/* A request whose signature is good, and what it was signed over. */
struct signed_request {
    struct signature signature;
    const struct key *key;
    char digest[DIGEST_TEXT_SIZE];
    char headers[2400]; /* evidence */
    int64_t nonce_until_s;
    int64_t off_s; /* signature_off_s() */
};
/* 0 if it is good; else the answer was given and its MHD_Result is in *ret_result. */
int intake_authenticate(struct receiver *r, struct MHD_Connection *c, const char *method,
                        const struct request *request, struct signed_request *ret_signed,
                        enum MHD_Result *ret_result);

/* tus.c: clips. */
enum MHD_Result tus_handle(struct receiver *r, struct MHD_Connection *c, const char *method,
                           const struct request *request);

/* page.c: the HTTP server of the people. */
enum MHD_Result page_handle(struct receiver *r, struct MHD_Connection *c,
                            const struct http_call *call);

/* stream.c: tells a viewer of every change, by server-sent events. */
enum MHD_Result stream_send(struct receiver *r, struct MHD_Connection *c);

#endif
