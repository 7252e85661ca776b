/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The uplink contract: one receiver, reached by one protocol.
 *
 * An uplink makes one attempt and says honestly how it ended; it neither queues nor retries (that
 * is dispatch). It holds its own warm connection, deadline timers and name look-ups, and shares
 * nothing with another uplink, so that a dead receiver delays nobody.
 *
 * `read`, `same_files` and `free_files` run in any thread, `read` never in the loop's once presses
 * are taken: it alone may wait for the disk. All else is the loop thread's, and blocks for nothing:
 * what it needs of files `read` has brought, and what it writes or reads later (addresses, clips)
 * goes through libuv's pool, on which no attempt at an event may wait. No call calls its host or a
 * `done` before it has returned.
 */
#ifndef TOCSIN_IFACE_UPLINK_H
#define TOCSIN_IFACE_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "base/reading.h"
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
    uint64_t seen_seq; /* of that alarm's presses, the newest that they had before them; 0: none */
    enum uplink_answer_state state;
    bool says_seen; /* else `seen_seq` was not said */
    char alarm[UUID_TEXT_SIZE];
    char by[128];
    char at[36]; /* RFC 3339, to nanoseconds and with an offset */
    char note[512];
};

struct uplink_result {
    enum uplink_outcome outcome;
    char reason[256];       /* for every outcome but STORED: a sentence for the technician */
    int64_t retry_after_ms; /* the receiver's wish, 0 if none */
    bool answered;          /* the receiver itself says so: the way to it is good */
    bool no_file;           /* what is to be uploaded cannot be read: no fault of the receiver's */
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
    bool is_fork;        /* STORED: likewise, and it has another event under this one's number */
    uint64_t newest_seq; /* STORED: of this gateway's events, the highest number that the receiver
                            has, by its receipt; 0: it does not say */
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

enum uplink_link {
    UPLINK_LINK_DOWN,
    UPLINK_LINK_UP,
};

/* What a platform asks of the gateway. */
enum uplink_command_kind {
    UPLINK_COMMAND_RESET, /* has dealt with an alarm, or with all that are open */
    UPLINK_COMMAND_GUARD, /* arm or disarm */
    UPLINK_COMMAND_QUERY, /* how are you? */
};

static inline const char *uplink_command_name(enum uplink_command_kind kind)
{
    switch (kind) {
    case UPLINK_COMMAND_RESET:
        return "reset";
    case UPLINK_COMMAND_GUARD:
        return "guard";
    case UPLINK_COMMAND_QUERY:
        return "query";
    }
    return "unknown";
}

struct uplink_command {
    enum uplink_command_kind kind;
    char alarm[UUID_TEXT_SIZE]; /* RESET: of this incident; "": of all */
    char by[128], note[512];    /* who asks, and why; "" if not said */
};

struct uplink_reply {
    bool done;
    bool in_memory;   /* done, but not on the disk as yet: a kill may undo it. A protocol that knows
                         only yes and no says no */
    char reason[256]; /* why not */
    size_t open_alarms; /* QUERY: without those of which nothing may be seen */
    bool faulty;        /* QUERY */
};

/* What a driver needs of the disk, as it was read: certificates, keys, what it has kept there. */
struct uplink_files;

/* Where it is, beside what the options name. Borrowed until free_files, but for `reading`. */
struct uplink_source {
    const char *state_dir;   /* what it has kept of earlier runs */
    const char *receiver;    /* the receiver's id, for logs and the names of such files */
    struct reading *reading; /* is told of every file before it is looked at; NULL: nobody asks */
};

/* All of it is borrowed until close. */
struct uplink_host {
    struct signer *signer;
    struct uplink_files *files; /* of a `read` with the same options; NULL if it has no `read` */
    const char *state_dir;      /* for last good addresses */
    const char *receiver;       /* the receiver's id in the configuration, for logs */

    /* The protocol's own supervision has found or lost the receiver; only from drivers that have
     * one (`own_supervision`). `reason` is a sentence; NULL when up. */
    void (*on_link)(void *arg, enum uplink_link link, const char *reason);
    /* Answered once, by `reply` with this ticket: at once, from within, or later. */
    void (*on_command)(void *arg, const struct uplink_command *command, uint64_t ticket);
    void *arg;
};

#define UPLINK_TAKES(class) (1u << (class))
#define UPLINK_TAKES_ALL                                                                           \
    (UPLINK_TAKES(EVENT_CLASS_PRESS) | UPLINK_TAKES(EVENT_CLASS_FOLLOWUP) |                        \
     UPLINK_TAKES(EVENT_CLASS_MANIFEST))

struct uplink_driver {
    struct driver_type type;

    uint32_t takes; /* UPLINK_TAKES(…) of the classes that its protocol can carry; what it does
                       not take is never sent to it, and nothing waits for it */
    bool own_supervision; /* gets no heartbeats: on_link says whether the receiver is there */
    bool wants_view;      /* send gets the event's view */

    /* Borrows `options` and what `host` points to until close. Begins to warm its connection.
     * Says nothing from within, not even that it is up: at a reload it takes the old one's place
     * only when all new ones are open, and its word would be taken for the old one's. */
    int (*open)(const void *options, const struct uplink_host *host, uv_loop_t *loop,
                struct uplink **ret_uplink, struct err *e);

    /* One attempt at one event; takes its own reference. The bytes leave before the call returns
     * if the connection is warm. `view` is borrowed for the call; NULL unless the driver wants
     * it. */
    void (*send)(struct uplink *uplink, enum uplink_lane lane, struct event *event,
                 const struct event_view *view, uplink_done_handler done, void *arg);

    /* Ends every attempt with CANCELLED before it returns; then no callback. NULL is accepted. */
    void (*close)(struct uplink *uplink);

    /* The rest may be NULL. */

    /*
     * Reads and checks what it needs of the disk, for as long as the disk takes: see above which
     * thread. Borrows `options` until free_files. What can never work (a certificate that is none)
     * is refused here, and what is no regular file is never waited for. NULL, and the next two with
     * it: it needs nothing.
     */
    int (*read)(const void *options, const struct uplink_source *source,
                struct uplink_files **ret_files, struct err *e);
    /* Whether an uplink over these would do nothing that one over those would not: what it keeps of
     * earlier runs is no difference. */
    bool (*same_files)(const struct uplink_files *a, const struct uplink_files *b);
    /* After close. NULL is accepted. */
    void (*free_files)(struct uplink_files *files);

    /* A press that will most likely be sent within moments: what its first attempt needs may be
     * made ready now, while the disk works. Nothing is told, and none need follow. */
    void (*prepare)(struct uplink *uplink, struct event *event);

    /* Uploads one file, resuming whatever the receiver has of it; copies `file`. One at a time.
     * STORED needs the receiver's signed receipt over the whole file's digest. NULL: its protocol
     * takes no clips. */
    void (*upload)(struct uplink *uplink, const struct uplink_file *file, uplink_done_handler done,
                   void *arg);

    /* While paused no new chunk leaves (an alarm is unconfirmed); pausing is not a failure. */
    void (*pause_upload)(struct uplink *uplink, bool paused);

    /* The network has changed and the receiver is not proven: forget what is known of the path,
     * dial anew. What is under way goes on. */
    void (*refresh)(struct uplink *uplink);

    /* The answer to a command. NULL: it never calls on_command. */
    void (*reply)(struct uplink *uplink, uint64_t ticket, const struct uplink_reply *reply);
};

DRIVER_OF(uplink)

#endif
