/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the outbox to the receivers: each has its own lanes, heartbeat and uploads, and none waits
 * for another. Retries for ever. Loop thread only; knows the outbox only through its host.
 */
#ifndef TOCSIN_DISPATCH_DISPATCH_H
#define TOCSIN_DISPATCH_DISPATCH_H

#include <stdbool.h>
#include <uv.h>

#include "iface/event.h"
#include "iface/uplink.h"

struct dispatch;

enum dispatch_link {
    DISPATCH_LINK_UNPROVEN, /* no valid receipt within its window */
    DISPATCH_LINK_PROVEN,
    DISPATCH_LINK_REFUSED, /* the last answer was a refusal: a person must mend something */
};

/* "unproven", "proven", "refused": the words of `status`. */
static inline const char *dispatch_link_name(enum dispatch_link link)
{
    switch (link) {
    case DISPATCH_LINK_UNPROVEN:
        return "unproven";
    case DISPATCH_LINK_PROVEN:
        return "proven";
    case DISPATCH_LINK_REFUSED:
        return "refused";
    }
    return "unproven";
}

struct dispatch_sent {
    size_t receiver;
    uint64_t seq;
    const char *alarm; /* "" if none; borrowed */
    enum event_class class;
    unsigned attempts; /* this one included */
};

struct dispatch_host {
    /* The event's bytes, for a later try; answered by dispatch_loaded. */
    void (*load)(void *arg, size_t receiver, uint64_t seq);
    /* It is not there: this receiver will not get it. */
    void (*gone)(void *arg, size_t receiver, uint64_t seq);
    void (*delivered)(void *arg, const struct dispatch_sent *sent,
                      const struct uplink_result *result);
    void (*attempt_failed)(void *arg, const struct dispatch_sent *sent,
                           const struct uplink_result *result);
    void (*uploaded)(void *arg, size_t receiver, uint64_t seq, const struct uplink_result *result);
    void (*upload_failed)(void *arg, size_t receiver, uint64_t seq,
                          const struct uplink_result *result);
    /* Before `delivered` of the event whose receipt carries them. */
    void (*answers)(void *arg, size_t receiver, const struct uplink_answer *answers, size_t count);
    /* Of the gateway's events the receiver has numbers up to `newest_seq` (0: not said), and
     * `forked_seq` twice (0: none); with each receipt that says so, and after `delivered`. */
    void (*numbers)(void *arg, size_t receiver, uint64_t newest_seq, uint64_t forked_seq);
    void (*link_changed)(void *arg, size_t receiver, enum dispatch_link link, const char *reason);
    /* A new heartbeat for this receiver, or NULL; the reference is handed over. */
    struct event *(*heartbeat)(void *arg, size_t receiver);
    /* What the event says, for an uplink that wants it; false: it cannot be read. */
    bool (*view)(void *arg, const struct event *event, struct event_view *ret_view);
    void *arg;
};

struct dispatch_receiver_options {
    const struct uplink_driver *driver; /* borrowed */
    struct uplink *uplink;              /* taken: closed by dispatch_close */
    int64_t heartbeat_ms;
    int64_t alarm_heartbeat_ms;
    bool no_clips; /* none are to be uploaded, whatever its driver can */
};

struct dispatch_status {
    enum dispatch_link link;
    int64_t last_receipt_ms; /* CLOCK_MONOTONIC of the last valid receipt; 0: none yet */
    size_t backlog;          /* events not yet there */
    int64_t oldest_ms; /* CLOCK_MONOTONIC since when the first of them waits for the receiver, and
                          not for the gateway's own store; INT64_MAX: none */
    bool waits_for_store; /* some of them do, for LIMIT_DISK_MS or more */
    size_t uploads;       /* clips not yet there */
    size_t refused;       /* of the backlog: refused when they were tried last */
    char refusal[256];    /* of the last of them */
    unsigned failures;    /* attempts that failed since the last success */
    char reason[256];     /* of the last failure; "" after a success */
};

/* An event that a receiver does not have yet: borrowed. */
struct dispatch_pending {
    uint64_t seq;
    enum event_class class;
    const char *alarm;         /* "" if none */
    const struct event *event; /* NULL: not loaded; there if it is refused */
    const char *refusal;       /* why its last try was refused; NULL: it was not */
    int64_t refused_ms;        /* CLOCK_MONOTONIC since when, in a row */
    unsigned attempts;         /* that have failed */
    bool for_good;             /* refused for so long that a person may give it up */
    bool in_flight;            /* is being tried now */
};

int dispatch_create(uv_loop_t *loop, const struct dispatch_host *host,
                    struct dispatch **ret_dispatch, struct err *e);

/* Receivers get the numbers 0, 1, 2 … in the order of these calls. Heartbeats begin at once. */
int dispatch_add_receiver(struct dispatch *d, const struct dispatch_receiver_options *options,
                          struct err *e);

/* Another uplink for a receiver (its settings changed): what was under way goes on over it; what it
 * does not take is forgotten. Its link is unproven from now on; whoever calls knows, and is not
 * told of that. */
void dispatch_replace_uplink(struct dispatch *d, size_t receiver,
                             const struct dispatch_receiver_options *options);

/* Whether the receiver's uplink can carry such events, and clips, and is to have them: what it is
 * not is not offered to it, and nothing may wait for it. */
bool dispatch_takes(const struct dispatch *d, size_t receiver, enum event_class class);
bool dispatch_takes_clips(const struct dispatch *d, size_t receiver);

/* A press that dispatch_offer will bring within moments: its first attempts are made ready. */
void dispatch_prepare(struct dispatch *d, struct event *event);

/* A new event, for every receiver that takes it. Takes its own references. Never fails: without
 * memory the process ends and the outbox brings the event back. */
void dispatch_offer(struct dispatch *d, struct event *event);

/* An event that was pending when the gateway started. */
void dispatch_restore(struct dispatch *d, size_t receiver, uint64_t seq, enum event_class class,
                      const char *alarm, unsigned attempts);
/* After those that came while it runs: they go out now. */
void dispatch_restored(struct dispatch *d);

/* The answer to host.load; NULL if the store has lost it (the entry is then given up: host.gone).
 */
void dispatch_loaded(struct dispatch *d, size_t receiver, uint64_t seq, struct event *event);

/* A clip for one receiver; copies `file` and its strings. `seq` is the manifest's. False if its
 * uplink takes no clips. */
bool dispatch_upload(struct dispatch *d, size_t receiver, uint64_t seq,
                     const struct uplink_file *file);

/* False if nothing of that number is pending for it. */
bool dispatch_find(const struct dispatch *d, size_t receiver, uint64_t seq,
                   struct dispatch_pending *ret_pending);
/* All that it refuses, in no order. */
void dispatch_each_refused(const struct dispatch *d, size_t receiver,
                           void (*each)(void *arg, const struct dispatch_pending *refused),
                           void *arg);
/* One that it refuses, and that is not in flight, is not tried any more; nor is its clip. True if
 * that was waiting. */
bool dispatch_give_up(struct dispatch *d, size_t receiver, uint64_t seq);

/* What the uplink's own supervision says (uplink_host.on_link). */
void dispatch_link_said(struct dispatch *d, size_t receiver, enum uplink_link link,
                        const char *reason);

/* The answer to a command of the receiver's (uplink_host.on_command). */
void dispatch_reply(struct dispatch *d, size_t receiver, uint64_t ticket,
                    const struct uplink_reply *reply);

/* An address, route or link of this machine has changed: receivers that are proven are proven
 * anew, the others are dialled anew and tried at once. */
void dispatch_network_changed(struct dispatch *d);

/* While an alarm is open heartbeats come faster. */
void dispatch_set_alarm_open(struct dispatch *d, bool open);

void dispatch_get_status(const struct dispatch *d, size_t receiver,
                         struct dispatch_status *ret_status);

/* Closes the uplinks (no callback of the host after it) and frees. NULL is accepted. */
void dispatch_close(struct dispatch *d);

#endif
