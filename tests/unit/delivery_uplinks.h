/* SPDX-License-Identifier: Apache-2.0 */
/* Uplinks for delivery, of which the test ends the attempts. Each test is a process of its own. */
#ifndef TOCSIN_TESTS_DELIVERY_UPLINKS_H
#define TOCSIN_TESTS_DELIVERY_UPLINKS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "iface/uplink.h"

#define ATTEMPTS_MAX 1000

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
    const struct uplink_files *files; /* that it was opened with */
    struct uplink_host host;
    struct uplink_reply reply;
    uint64_t ticket;
    unsigned replies;
};
extern struct attempt attempts[ATTEMPTS_MAX];
extern size_t attempt_count;
extern struct uplink uplinks[12];
extern size_t uplink_count;
extern const char *refuse_open;   /* the receiver whose uplink cannot be opened; NULL: none */
extern const char *refuse_read;   /* likewise, whose files cannot be read; "": nobody's can */
extern const char *new_files;     /* whose files are others from now on */
extern atomic_uint reads_in_loop; /* by the thread that has opened the first uplink */
extern atomic_uint reads;

extern const struct uplink_driver uplink_fake;
extern const struct uplink_driver uplink_small; /* carries presses alone */

/* From now on every read waits for the disk, until it is let go so often, or for reads that begin
 * later: others read. */
void hold_disk(void);
void await_read(void); /* one more waits */
void let_disk_go(unsigned times);
void let_others_read(void);

/* The attempt of that uplink at that event which is under way; NULL if there is none. */
struct attempt *under_way(size_t uplink, uint64_t seq);
void end_attempt(struct attempt *a, const struct uplink_result *result);

#endif
