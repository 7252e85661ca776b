/* SPDX-License-Identifier: Apache-2.0 */
/* Uplinks for delivery, of which the test ends the attempts. Each test is a process of its own. */
#ifndef TOCSIN_TESTS_DELIVERY_UPLINKS_H
#define TOCSIN_TESTS_DELIVERY_UPLINKS_H

#include <stdbool.h>

#include "iface/uplink.h"

#define ATTEMPTS_MAX 200

/* An uplink's attempts, until the test ends them. */
struct attempt {
    size_t uplink;
    bool upload, ended;
    uint64_t seq;
    enum event_class class;
    uplink_done_handler done;
    void *arg;
};
struct uplink {
    size_t number; /* in the order of opening */
    bool closed;
    struct uplink_host host;
    struct uplink_reply reply;
    uint64_t ticket;
    unsigned replies;
};
extern struct attempt attempts[ATTEMPTS_MAX];
extern size_t attempt_count;
extern struct uplink uplinks[12];
extern size_t uplink_count;
extern const char *refuse_open; /* the receiver whose uplink cannot be opened; NULL: none */

extern const struct uplink_driver uplink_fake;
extern const struct uplink_driver uplink_small; /* carries presses alone */

/* The attempt of that uplink at that event which is under way; NULL if there is none. */
struct attempt *under_way(size_t uplink, uint64_t seq);
void end_attempt(struct attempt *a, const struct uplink_result *result);

#endif
