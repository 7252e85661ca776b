/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An uplink that is played by the test: it writes down what is asked of it, and ends an attempt
 * when the test says how. With time that only goes on when the test lets it: this file stands
 * before libc's clock_gettime, for the test and for libuv.
 */
#ifndef TOCSIN_TESTS_FAKE_UPLINK_H
#define TOCSIN_TESTS_FAKE_UPLINK_H

#include <stdbool.h>
#include <uv.h>

#include "iface/uplink.h"

#define FAKE_ATTEMPTS_MAX 20000

enum fake_answer {
    FAKE_HOLD, /* the test ends it */
    FAKE_STORED,
    FAKE_RETRY,
    FAKE_REFUSED,
};

struct fake_attempt {
    bool ended, is_upload, viewed;
    enum uplink_lane lane;
    uint64_t seq; /* an upload's: 0 */
    char file[32];
    int64_t at_ms;
    uplink_done_handler done;
    void *arg;
};

struct uplink {
    enum fake_answer answer;      /* to events and clips */
    enum fake_answer beat_answer; /* to heartbeats */
    int64_t retry_after_ms;
    bool answered; /* what fails does so by the receiver's own word */
    const struct uplink_answer *answers;
    size_t answer_count;
    uint64_t newest_seq; /* that its receipts say */
    bool is_fork;        /* likewise */
    size_t count, ended;
    struct fake_attempt attempts[FAKE_ATTEMPTS_MAX];
    bool paused, closed;
    unsigned refreshes, prepared, replies, beats;
    uint64_t last_ticket;
};

extern const struct uplink_driver fake_uplink;         /* everything */
extern const struct uplink_driver fake_narrow_uplink;  /* presses alone; no optional slot */
extern const struct uplink_driver fake_watched_uplink; /* supervises its link, wants the view */

/* The attempt with that event that is under way; NULL if there is none. */
struct fake_attempt *fake_find(struct uplink *u, uint64_t seq);
struct fake_attempt *fake_find_beat(struct uplink *u);
struct fake_attempt *fake_find_upload(struct uplink *u);
/* How many attempts there ever were with that event. */
size_t fake_tries(const struct uplink *u, uint64_t seq);

void fake_end(struct uplink *u, struct fake_attempt *attempt, enum uplink_outcome outcome,
              const char *reason);

/* Lets `ms` of time go by in the loop, in steps as the loop's timers wish; `uplinks` (ends with
 * NULL) answer as they are told. Fails when the loop turns without end while no time goes by. */
void fake_run(uv_loop_t *loop, struct uplink *const *uplinks, int64_t ms);
int64_t fake_now_ms(void);

#endif
