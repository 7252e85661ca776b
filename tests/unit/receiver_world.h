/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver's intake with a store in a folder of its own, and a gateway that signs what it sends
 * with the vectors' P-256 key. No socket: a call is made, and answered when world_call returns.
 * One thread.
 */
#ifndef TOCSIN_TESTS_RECEIVER_WORLD_H
#define TOCSIN_TESTS_RECEIVER_WORLD_H

#include "fake_microhttpd.h"
#include "http.h"

#define WORLD_SOURCE "tocsin:31010600001320000001"
#define WORLD_EVENT  "01890a5d-ac96-774b-bcce-b302099a8057"
#define WORLD_OTHER  "01890a5d-ac96-774b-bcce-b302099a8058"
#define WORLD_ALARM  "01890a5d-ac96-774b-bcce-b302099a8059"

struct world {
    char folder[40];
    struct receiver receiver;
    unsigned nonces;
};

/* A request; what is NULL or 0 is as a good gateway would have it. */
struct call {
    const char *method, *target, *host;
    const char *body;
    size_t length;   /* 0: strlen(body) */
    const char *id;  /* Idempotency-Key without its quotes; NULL: none is sent */
    const char *key; /* the whole header instead */
    const char *nonce;
    int64_t created_s;
    /* what is wrong with it */
    const char *signed_method, *signed_target; /* signed over these instead */
    const char *digest;                        /* sent and signed instead of the body's */
    const char *algorithm, *keyid;             /* claimed */
    bool unsigned_;
    unsigned certificate_problem;
    bool no_certificate, without_tls, unreadable_certificate;
    /* of a clip */
    const char *tus_version, *metadata, *upload_length, *upload_offset, *type;
};

void world_open(struct world *w);
void world_close(struct world *w);
/* The answer; the connection lives until the next call. */
struct MHD_Connection *world_call(struct world *w, const struct call *call);
/* A string member of the answer's body; NULL if there is none. Lives until the next call. */
const char *world_text(const struct MHD_Connection *c, const char *name);
int64_t world_number(const struct MHD_Connection *c, const char *name);

#endif
