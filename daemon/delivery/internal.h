/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this folder among themselves: the receivers, and the records that wait for the end
 * of the turn. Loop thread only. */
#ifndef TOCSIN_DELIVERY_INTERNAL_H
#define TOCSIN_DELIVERY_INTERNAL_H

#include <sys/queue.h>

#include "delivery/delivery.h"
#include "dispatch/dispatch.h"

struct command;
struct network;
struct record;

struct delivery_receiver {
    struct delivery *delivery;
    size_t index;
    const struct config_receiver *config; /* of the newest configuration */
    enum dispatch_link link;
    int64_t opened_ms;     /* its uplink, or what stands in for it */
    bool closed;           /* its uplink could not be opened: a stand-in refuses everything */
    int64_t reopen_ms;     /* when that is tried again */
    int64_t taken_seq;     /* highest answer that was told */
    int64_t confirmed_seq; /* highest answer on the disk: confirmed to the receiver */
};

struct delivery {
    struct delivery_options options;
    struct dispatch *dispatch; /* NULL once closed */
    struct network *network;   /* NULL: its changes are not told */
    size_t count;
    struct delivery_receiver receivers[LIMIT_RECEIVERS];
    uint32_t responders;
    unsigned groups;
    LIST_HEAD(, command) commands; /* that are not answered yet */
    uint64_t last_ticket;
    struct record *records, **last_record; /* to be handed over when the turn is over */
};

/* uplinks.c: opens the uplink of a receiver's section. */
int uplinks_open(struct delivery_receiver *r, const struct config_receiver *config,
                 struct dispatch_receiver_options *ret_options, struct err *e);
/* The same, or what stands in for it: one receiver's bad certificate must not stop the others. */
void uplinks_open_or_stand_in(struct delivery_receiver *r,
                              struct dispatch_receiver_options *ret_options);
/* Takes another into its place: the receiver is unproven until that has got through. */
void uplinks_replace(struct delivery_receiver *r, const struct dispatch_receiver_options *options);
void uplinks_try_reopen(struct delivery_receiver *r);
/* A receiver whose protocol cannot carry something has nothing of it pending in the store. */
void uplinks_tell_takes(const struct delivery_receiver *r);
/* What an uplink wants to know of an event beside its bytes. */
bool uplinks_view(void *arg, const struct event *event, struct event_view *ret_view);

/* From now on the receiver is as `config` says. */
void delivery_take_config(struct delivery *d, size_t receiver,
                          const struct config_receiver *config);

/* commands.c: a receiver asks; told as FACT_COMMAND, or refused if it has asked too much. */
void commands_take(struct delivery_receiver *r, const struct uplink_command *command,
                   uint64_t ticket);
/* Its uplink is about to go: what it has asked is answered now, as not known to be done. */
void commands_end(struct delivery *d, size_t receiver, const char *why);

/* records.c: what became of an event (`upload` false) or of a clip, with its evidence: copied. */
void records_init(struct delivery *d);
void records_add(struct delivery *d, bool upload, size_t receiver, uint64_t seq, unsigned attempts,
                 const struct uplink_result *result);
void records_hand_over(struct delivery *d);
void records_drop(struct delivery *d);

#endif
