/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The uplink contract: one receiver, reached by one protocol.
 *
 * An uplink makes one attempt and says honestly how it ended; it neither queues nor retries (that
 * is dispatch). It holds its own warm connection, deadline timers and name look-ups, and shares
 * nothing with another uplink, so that a dead receiver delays nobody. Loop thread only; no call
 * blocks.
 */
#ifndef TOCSIN_IFACE_UPLINK_H
#define TOCSIN_IFACE_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "base/uuid.h"
#include "iface/driver.h"
#include "iface/event.h"
#include "iface/signer.h"

struct uplink;

/* At most one send is under way in each lane; lanes never wait for each other. */
enum uplink_lane {
    UPLINK_LANE_PRESS,     /* first attempts of a fresh press */
    UPLINK_LANE_LATE,      /* presses that did not get through at once, oldest first */
    UPLINK_LANE_FOLLOWUP,  /* updates, restores, cancels, faults */
    UPLINK_LANE_MANIFEST,  /* clip manifests */
    UPLINK_LANE_HEARTBEAT, /* supervision */
};
#define UPLINK_LANE_COUNT (UPLINK_LANE_HEARTBEAT + 1)

enum uplink_outcome {
    UPLINK_OUTCOME_STORED,      /* a valid signed receipt for exactly these bytes */
    UPLINK_OUTCOME_UNCONFIRMED, /* 2xx from a receiver that is configured as unable to sign */
    UPLINK_OUTCOME_RETRY,       /* may well work next time: time-out, 5xx, broken connection, … */
    UPLINK_OUTCOME_REFUSED,   /* a person must mend something: 4xx, TLS refusal, bad receipt key */
    UPLINK_OUTCOME_CANCELLED, /* the uplink was closed first */
};

enum uplink_answer_state {
    UPLINK_ANSWER_SEEN,
    UPLINK_ANSWER_COMING,
    UPLINK_ANSWER_CLOSED,
    UPLINK_ANSWER_REJECTED,
};

/* What a person at the receiver decided; only ever taken from a verified receipt. */
struct uplink_answer {
    int64_t answer_seq;
    char alarm[UUID_TEXT_SIZE];
    enum uplink_answer_state state;
    char by[128];
    char at[40];
    char note[512];
};

struct uplink_result {
    enum uplink_outcome outcome;
    char reason[256];       /* for every outcome but STORED: a sentence for the technician */
    int64_t retry_after_ms; /* the receiver's wish, 0 if none */
    int64_t finished_ns;    /* CLOCK_MONOTONIC */
    /* Evidence, borrowed for the time of the callback; NULL when there is none.
     * Headers are "Name: value\n" lines exactly as on the wire. */
    const char *request_headers; /* method and url in a line of their own; then Content-Digest,
                                    Signature-Input, Signature of this attempt */
    const char *receipt;         /* body bytes of the verified receipt */
    size_t receipt_length;
    const char *receipt_headers; /* Content-Digest, Signature-Input, Signature of the receipt */
    const struct uplink_answer *answers;
    size_t answer_count;
};

/* Runs exactly once for each send or upload, in the loop thread, never from within that call. */
typedef void (*uplink_done_handler)(void *arg, const struct uplink_result *result);

struct uplink_file {
    const char *manifest; /* event id of the manifest that binds the file */
    const char *path;     /* readable by this process */
    const char *filename; /* what the receiver may call it */
    int64_t length_bytes;
    unsigned char sha256[EVENT_DIGEST_BYTES];
};

struct uplink_host {
    struct signer *signer; /* borrowed until close */
    const char *state_dir; /* for last good addresses; borrowed */
    const char *receiver;  /* the receiver's id in the configuration, for logs; borrowed */
};

struct uplink_driver {
    struct driver_type type;

    /* Borrows `options` and what `host` points to until close. Begins to warm its connection. */
    int (*open)(const void *options, const struct uplink_host *host, uv_loop_t *loop,
                struct uplink **ret_uplink, struct err *e);

    /* One attempt at one event; takes its own reference. The bytes leave before the call returns
     * if the connection is warm. */
    void (*send)(struct uplink *uplink, enum uplink_lane lane, struct event *event,
                 uplink_done_handler done, void *arg);

    /* Uploads one file, resuming whatever the receiver has of it; copies `file`. One at a time.
     * STORED needs the receiver's signed receipt over the whole file's digest. */
    void (*upload)(struct uplink *uplink, const struct uplink_file *file, uplink_done_handler done,
                   void *arg);

    /* While paused no new chunk leaves (an alarm is unconfirmed); pausing is not a failure. */
    void (*pause_upload)(struct uplink *uplink, bool paused);

    /* Forget what is known of the path (link came back, settings changed): dial anew. */
    void (*refresh)(struct uplink *uplink);

    /* Ends every attempt with CANCELLED before it returns; then no callback. NULL is accepted. */
    void (*close)(struct uplink *uplink);
};

DRIVER_OF(uplink)

#endif
