/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this folder among themselves: the receivers, and the records that wait for the end
 * of the turn. Loop thread only. */
#ifndef TOCSIN_DELIVERY_INTERNAL_H
#define TOCSIN_DELIVERY_INTERNAL_H

#include <sys/queue.h>

#include "delivery/delivery.h"
#include "dispatch/dispatch.h"

struct command;
struct given_up;
struct look;
struct network;
struct record;

#define REOPEN_MS 30000 /* between looks at an uplink that could not be opened */

struct delivery_receiver {
    struct delivery *delivery;
    size_t index;
    const struct config_receiver *config; /* with which its uplink was opened: a reload that changes
                                             nothing of it keeps it, and the older configuration */
    enum dispatch_link link;
    char *backlog;                      /* as was stated last; NULL: good */
    const struct uplink_driver *driver; /* of its uplink; NULL: a stand-in has its place */
    struct uplink *stand_in;            /* that one; NULL: its uplink is open */
    struct uplink_files *files;         /* that its uplink borrows; NULL: none */
    int64_t opened_ms;                  /* its uplink, or what stands in for it */
    int64_t reopen_ms;                  /* when a closed one is looked at again */
    struct look *look;                  /* that is under way; or NULL */
    size_t answers_waiting;             /* that were told and are not on the disk as yet */
    int64_t taken_seq;                  /* highest answer that was told */
    int64_t confirmed_seq;              /* highest answer on the disk: confirmed to the receiver */
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
    unsigned looks;                /* under way */
    STAILQ_HEAD(, record) records; /* to be handed over when the turn is over */
    struct given_up *given_up;     /* given_up.c */
    size_t given_up_count;
};

/* uplinks.c: what a receiver's uplink needs of the disk, which is waited for: any thread. NULL as
 * `reading` is accepted. */
int uplinks_read(const struct delivery *d, const struct config_receiver *config,
                 struct reading *reading, struct uplink_files **ret_files, struct err *e);
void uplinks_free_files(const struct uplink_driver *driver, struct uplink_files *files);
/* Opens the uplink of a receiver's section, over what was read for it: borrowed. */
int uplinks_open(struct delivery_receiver *r, const struct config_receiver *config,
                 struct uplink_files *files, struct dispatch_receiver_options *ret_options,
                 struct err *e);
/* Reads and opens it, or what stands in for it: one receiver's bad certificate must not stop the
 * others. At the start alone: waits for the disk. */
void uplinks_open_or_stand_in(struct delivery_receiver *r,
                              struct dispatch_receiver_options *ret_options);
/* Takes another, and its files, into its place: the receiver is unproven until that has got
 * through. */
void uplinks_replace(struct delivery_receiver *r, const struct dispatch_receiver_options *options,
                     struct uplink_files *files);
/* A receiver whose protocol cannot carry something, or that is to have no clips, has nothing of it
 * pending in the store. */
void uplinks_tell_takes(const struct delivery_receiver *r);
/* What an uplink wants to know of an event beside its bytes. */
bool uplinks_view(void *arg, const struct event *event, struct event_view *ret_view);

/* look.c: whether a closed receiver can be opened by now; not again soon after. */
void look_if_due(struct delivery_receiver *r);
bool look_uses(const struct look *look, const struct config_receivers *receivers);

/* From now on the receiver is as `config` says. */
void delivery_take_config(struct delivery *d, size_t receiver,
                          const struct config_receiver *config);

/* commands.c: a receiver asks; told as FACT_COMMAND, or refused if it has asked too much. */
void commands_take(struct delivery_receiver *r, const struct uplink_command *command,
                   uint64_t ticket);
/* Its uplink is about to go: what it has asked is answered now, as not known to be done. */
void commands_end(struct delivery *d, size_t receiver, const char *why);

/* given_up.c: what a person gave up, as the rows of the last run say, of which the store may not
 * know yet. `found` is all that of which some may be pending. */
void given_up_load(struct delivery *d, const struct outbox_found *found);
void given_up_add(struct delivery *d, size_t receiver, uint64_t seq);
bool given_up_has(const struct delivery *d, size_t receiver, uint64_t seq);

/* records.c: what became of an event (`upload` false) or of a clip, with its evidence: copied. */
void records_init(struct delivery *d);
void records_add(struct delivery *d, bool upload, size_t receiver, uint64_t seq, unsigned attempts,
                 const struct uplink_result *result);
void records_hand_over(struct delivery *d);
void records_drop(struct delivery *d);

#endif
