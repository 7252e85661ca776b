/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receivers: an uplink each, or what stands in for one that cannot be opened, behind
 * `dispatch`.
 *
 * Tells by facts what becomes of events, clips and links, and what people at receivers decide. What
 * it writes to the outbox of a delivery is handed over when the turn is over: whatever follows from
 * the delivery (an incident that is further now) was handed over before, and is never missing when
 * the delivery is on the disk. States FAULT_RECEIVER and FAULT_RECEIVER_SETTINGS. Loop thread only.
 */
#ifndef TOCSIN_DELIVERY_DELIVERY_H
#define TOCSIN_DELIVERY_DELIVERY_H

#include <jansson.h>
#include <uv.h>

#include "base/reading.h"
#include "delivery/section/receivers.h"
#include "facts/facts.h"
#include "iface/signer.h"
#include "iface/uplink.h"
#include "outbox/outbox.h"

struct delivery;

struct delivery_options {
    uv_loop_t *loop;
    struct facts *facts;
    const struct config_receivers
        *receivers; /* borrowed until delivery_free, as are the next three */
    const char *state_dir;
    struct outbox *outbox;
    struct signer *signer;
    /* The heartbeat of which `data` (taken) is the part that is delivery's; NULL: none now. */
    struct event *(*heartbeat)(void *arg, json_t *data);
    void *arg;
};

/* Opens every uplink; what was pending (`found`) goes out from now on. */
int delivery_open(const struct delivery_options *options, const struct outbox_found *found,
                  struct delivery **ret_delivery, struct err *e);
/* What was pending in a store that was not there at the start. */
void delivery_catch_up(struct delivery *d, const struct outbox_found *found);
void delivery_tick(struct delivery *d);
/* No fact and no call of an uplink after it. NULL is accepted here and below. */
void delivery_close(struct delivery *d);
void delivery_free(struct delivery *d);

/* A press that delivery_offer will bring within moments: what can be made ready is. */
void delivery_prepare_press(struct delivery *d, struct event *event);
/* A new event, for every receiver that takes it; takes its own references. */
void delivery_offer(struct delivery *d, struct event *event);
/* A clip for one receiver; copied. `seq` is its manifest's. False if its uplink takes no clips. */
bool delivery_upload(struct delivery *d, size_t receiver, uint64_t seq,
                     const struct uplink_file *file);
/* What stands between an event and one receiver. */
enum delivery_standing {
    DELIVERY_STANDING_NONE, /* nothing here: the store says whether the receiver has it */
    DELIVERY_STANDING_WAITS,
    DELIVERY_STANDING_REFUSED,
    DELIVERY_STANDING_GIVEN_UP, /* since the last start, or shortly before it */
};

/* An event that a receiver refuses: borrowed. */
struct delivery_refused {
    size_t receiver;
    uint64_t seq;
    const char *id, *type;
    const char *alarm;  /* "" if it belongs to none */
    const char *reason; /* of its last try */
    int64_t since_ms;   /* CLOCK_MONOTONIC: it was refused at every try since */
    unsigned attempts;
    bool for_good;  /* long enough for a person to give it up (dispatch/lanes.h) */
    bool in_flight; /* is being tried now */
};

enum delivery_standing delivery_look(const struct delivery *d, size_t receiver, uint64_t seq,
                                     struct delivery_refused *ret_refused);
/* All of all receivers, in no order. */
void delivery_each_refused(const struct delivery *d,
                           void (*each)(void *arg, const struct delivery_refused *refused),
                           void *arg);

/*
 * A person gives up an event that a receiver refuses for good and that is not being tried: it is
 * not sent to that one any more, after a restart either, and counts as given up, never as
 * delivered. First the text of the row (DELIVERY_GIVEN_UP_ROW) that has to be on the disk with the
 * event that tells of it; freed by the caller, NULL if LIMIT_GIVEN_UP are noted already. Then the
 * giving up itself.
 */
#define DELIVERY_GIVEN_UP_ROW "given-up"
char *delivery_given_up_row(const struct delivery *d, size_t receiver, uint64_t seq);
void delivery_give_up(struct delivery *d, size_t receiver, uint64_t seq);

/* While an alarm is open heartbeats come faster. */
void delivery_set_alarm_open(struct delivery *d, bool open);
/* What came of this answer is on the disk: it may be confirmed to the receiver. */
void delivery_answer_stored(struct delivery *d, size_t receiver, int64_t answer_seq);

/* The answer to a FACT_COMMAND; dropped if the uplink that has asked is gone, and was told so. */
void delivery_reply(struct delivery *d, uint64_t ticket, const struct uplink_reply *reply);

/* What kept events from being sent is mended: who is not proven is tried at once. Nothing after
 * delivery_close. */
void delivery_try_now(struct delivery *d);

/* Bit masks of receivers. */
uint32_t delivery_responders(const struct delivery *d);
uint32_t delivery_proven(const struct delivery *d);      /* whose link is proven now */
uint32_t delivery_takes_clips(const struct delivery *d); /* to whom clips are uploaded */
uint32_t delivery_takes(const struct delivery *d, enum event_class class); /* and such events */
/* The responders that are asked at that level of an incident: those of groups 1 … level. */
uint32_t delivery_asked(const struct delivery *d, unsigned level);
unsigned delivery_groups(const struct delivery *d); /* the highest of any responder */
bool delivery_idle(const struct delivery *d);       /* every link proven, nothing waits */
/* Whether the store has not given for LIMIT_DISK_MS what is to go to one of them. */
bool delivery_waits_for_store(const struct delivery *d);

json_t *delivery_status(const struct delivery *d);

/*
 * A reload. delivery_read waits for the disk, in any thread but the loop's, and looks at nothing of
 * `d` that may change; the message on failure begins with the place in the configuration. Then, in
 * the loop: prepare opens the uplinks of those that have changed and takes `read`, whatever it
 * returns; then commit or abandon, once. Whoever has not changed keeps its uplink and does not
 * notice. `read` that it does not come to is dropped (any thread).
 */
struct delivery_files;
int delivery_read(const struct delivery *d, const struct config_receivers *receivers,
                  struct reading *reading, struct delivery_files **ret_read, struct err *e);
void delivery_drop(struct delivery_files *read);
int delivery_prepare(struct delivery *d, const struct config_receivers *receivers,
                     struct delivery_files *read, void **ret_plan, struct err *e);
void delivery_commit(struct delivery *d, void *plan);
void delivery_abandon(struct delivery *d, void *plan);
/* Whether any of these receivers is one that an uplink, or a look at a closed one, was opened with:
 * they are borrowed for so long. */
bool delivery_uses(const struct delivery *d, const struct config_receivers *receivers);

#endif
