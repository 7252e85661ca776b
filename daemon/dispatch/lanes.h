/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one receiver still has to get, and what to send next: pure, with the time handed in.
 *
 *   press      presses that were never tried, and behind them what else belongs to an incident (a
 *              further press, its escalation, its cancelling): at once, by any lane that is free;
 *              this one is for presses alone
 *   late       those that did not get through at the first try, presses first, the oldest first
 *   follow-up  what belongs to no incident: faults, reports
 *   manifest   clip manifests
 *
 * But for a press itself, nothing goes before the earlier events of its incident.
 *
 * A lane that failed waits: full jitter, 250 ms doubling to 5 s, after ten minutes 60 s, for ever.
 * An event that was *refused* waits by itself and lets the next one pass, so that one bad event
 * cannot dam up a hundred good ones. It may be the event (a person must mend something), or a proxy
 * that refuses everything for a moment. Refused once, it goes again as soon as the receiver has
 * taken anything (lanes_proven), or else after 60 s; refused again in a row, after 60 s. What is
 * urgent does not wait so long: for ten minutes it is tried as what failed. What has been refused
 * for a minute, or is known to have rotted, is *bad*: those behind it of its own incident pass it
 * until it is tried again, each minute.
 *
 * An entry that is not in flight stands in one queue. Every step costs at most the logarithm of the
 * backlog (but for those that move many at once, each of them once):
 *
 *   added ─▶ ready, by seq ─▶ in flight ─▶ delivered
 *     │        ▲       ▲         │ failed
 *     │        │       ├─────────┤
 *     ▼        │       └─ doubted, refused: by time ─▶ given up, by a person
 *   behind the earlier events of its incident
 */
#ifndef TOCSIN_DISPATCH_LANES_H
#define TOCSIN_DISPATCH_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "dispatch/heap.h"
#include "iface/event.h"
#include "iface/uplink.h"

#define LANES_SENDING (UPLINK_LANE_MANIFEST + 1) /* all but the heartbeat's */

struct lanes_incident;

struct delivery {
    uint64_t seq;
    enum event_class class;
    char alarm[UUID_TEXT_SIZE];
    struct event *event; /* a reference, or NULL: to be loaded when its turn comes */
    unsigned attempts;
    int64_t since_ms;   /* when it came, or came back from the store */
    int64_t asked_ms;   /* in flight without `event`: when the store was asked for that */
    unsigned refusals;  /* in a row, up to the last try */
    int64_t refused_ms; /* since when */
    char *refusal;      /* the words of the last of them; NULL: not refused */
    bool is_rotten;     /* as its event, when it was loaded */
    bool is_bad;        /* refused for a minute, or rotten: it is the event, and not a moment of the
                           receiver's */
    bool in_flight;     /* or being loaded */
    enum uplink_lane lane; /* while in flight */
    /* lanes.c's own */
    LIST_ENTRY(delivery) all;
    struct heap_node place; /* in `queue`; in none while in flight */
    struct heap *queue;
    struct heap_node age;         /* in `waiting` */
    struct heap_node undelivered; /* in its incident's, while it holds the later ones up */
    bool holds;
    struct lanes_incident *incident; /* NULL: belongs to none */
};

struct lane {
    struct delivery *in_flight;
    unsigned failures;  /* in a row */
    int64_t failing_ms; /* since when; 0: not failing */
    int64_t due_ms;
    struct heap ready;   /* by seq */
    struct heap doubted; /* refused once, by the time of the next try */
    struct heap refused; /* again in a row, likewise */
};

/* Zeroed: empty. */
struct lanes {
    size_t count;
    size_t urgent;       /* of them, and not bad */
    size_t refused;      /* of all, by the last try */
    struct heap waiting; /* all, the one that came first first */
    int64_t excused_ms;  /* until then the store was waited for, and not the receiver */
    struct lane lane[LANES_SENDING];
    LIST_HEAD(, delivery) all;
    void *by_seq;   /* trees of <search.h> */
    void *by_alarm; /* the incidents that something here belongs to */
};

/* Takes the entry (heap) into its place, in whatever order they come. Aborts without memory. */
void lanes_add(struct lanes *lanes, struct delivery *entry);

/*
 * The next entry to send now and the lane for it, marked in flight; NULL if nothing is to do. Call
 * again until NULL. `*ret_wake_ms` is then when to ask again (INT64_MAX: when something changes).
 */
struct delivery *lanes_next(struct lanes *lanes, int64_t now_ms, int64_t *ret_wake_ms);

/* It is with the receiver: the entry is freed, the lane is healthy. */
void lanes_delivered(struct lanes *lanes, struct delivery *entry, int64_t now_ms);

/* It is not. `refusal` (copied) says why the receiver refuses it; NULL: it failed in another way.
 * `random` is any 32 random bits; `retry_after_ms` the receiver's wish (0: none). */
void lanes_failed(struct lanes *lanes, struct delivery *entry, const char *refusal, int64_t now_ms,
                  int64_t retry_after_ms, uint32_t random);

/* Whether it has been refused for so long that it is no moment of the receiver's: what is urgent
 * for its ten minutes, all else for one; or has rotted. */
bool lanes_is_refused_for_good(const struct delivery *entry, int64_t now_ms);

/* It is refused, and a person does not want it to be tried any more: freed. Not while in flight. */
void lanes_give_up(struct lanes *lanes, struct delivery *entry);

/* Whether such an event goes at once: a press, and all of an incident but its clips. */
static inline bool lanes_is_urgent(enum event_class class, const char *alarm)
{
    return class == EVENT_CLASS_PRESS || (class == EVENT_CLASS_FOLLOWUP && alarm[0]);
}

/* The path was proven, or something urgent came: no lane waits any longer. */
void lanes_hurry(struct lanes *lanes);

/* The receiver has taken something: what it refused once may go again. */
void lanes_proven(struct lanes *lanes);

/* What was refused may be tried now: a person has mended something. */
void lanes_forgive(struct lanes *lanes);

/* Forgets what is of none of these classes (UPLINK_TAKES) and not in flight. */
void lanes_keep(struct lanes *lanes, uint32_t classes);

/* Whether anything urgent, and not bad, is not with the receiver (uploads then pause). */
bool lanes_urgent_pending(const struct lanes *lanes);

/* The store has given what the entry needs. */
void lanes_loaded(struct lanes *lanes, struct delivery *entry, struct event *event, int64_t now_ms);

/* Whether it has not for LIMIT_DISK_MS. */
bool lanes_wait_for_store(const struct lanes *lanes, int64_t now_ms);

/* Since when the receiver has not taken the first that it could have; INT64_MAX: nothing waits for
 * it. What the store does not give, and what stands behind that, does not. */
int64_t lanes_oldest_ms(const struct lanes *lanes, int64_t now_ms);

/* What is not yet delivered of that number; NULL if nothing is. */
struct delivery *lanes_find(const struct lanes *lanes, uint64_t seq);

void lanes_finish(struct lanes *lanes);

#endif
