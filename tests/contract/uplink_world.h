/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind an uplink in the contract suite, and what the suite keeps of its attempts. */
#ifndef TOCSIN_TESTS_UPLINK_WORLD_H
#define TOCSIN_TESTS_UPLINK_WORLD_H

#include <check.h>
#include <uv.h>

#include "iface/uplink.h"
#include "mock_receiver.h"

/* How the receiver takes everything that comes from now on, or for sim: in the next uplink. */
enum world_answer {
    WORLD_ACCEPTS,
    WORLD_FAILS,
    WORLD_REFUSES,
    WORLD_SAYS_NOTHING, /* and is given up soon */
    WORLD_TAKES_LONG,   /* longer than any test */
    WORLD_FAILS_ONCE,
};

struct uplink_world {
    const char *name;
    const struct uplink_driver *driver;
    enum uplink_outcome accepted; /* how an attempt ends that was taken */
    void (*begin)(uv_loop_t *loop);
    void (*end)(void);
    void (*answer)(enum world_answer answer);
    const void *(*options)(void);
    /* Options that cannot work, one after the other, with a word that the refusal must say; NULL
     * at the end. */
    const void *(*mistake)(size_t i, const char **ret_word);
};

extern const struct uplink_world world_uplink_sim, world_uplink_https;
extern const struct uplink_world *world;

/* An attempt, and how it ended. */
struct attempt {
    bool in_call; /* the driver must not call back now */
    unsigned ends;
    enum uplink_outcome outcome;
    int64_t retry_after_ms;
    size_t answer_count;
    int64_t answer_seq;
    char reason[256], request_headers[2600], receipt_headers[1024], receipt[2048];
    void (*then)(struct attempt *attempt); /* from within the end; may be NULL */
};

extern uv_loop_t loop;
extern struct uplink *uplink; /* NULL: closed */
extern char event_id[UUID_TEXT_SIZE];
extern unsigned signatures; /* made so far */

void begin_uplink(void);
void end_uplink(void);
/* The signer, and its signatures are counted. */
struct signer *signs(void);
void open_uplink_with(const void *options);
void open_uplink(void);
void close_uplink(void);
/* What the driver reads for these options; NULL if it reads nothing. */
int read_files(const void *options, struct uplink_files **ret_files, struct err *e);
void free_files(struct uplink_files *read);

struct event *make_event(const char *body);
void start_send(struct attempt *attempt, enum uplink_lane lane);
/* The same event (and id) once more. */
void resend(struct attempt *attempt, enum uplink_lane lane, struct event *event);
void start_upload(struct attempt *attempt, const struct uplink_file *file);
/* Runs the loop until it has ended; fails after PATIENCE. */
void await(const struct attempt *attempt);
/* Starts, waits, and checks the outcome. */
void expect_send(struct attempt *attempt, enum uplink_lane lane, enum uplink_outcome outcome);
/* Runs the loop until `done` says so. */
void run_until(bool (*done)(void));
/* A file with so many bytes in the folder of keys, and what a manifest says of it. */
struct uplink_file *make_file(size_t length);

void add_common_uplink_cases(TCase *cases);
void add_https_answer_cases(TCase *cases);
void add_https_connection_cases(TCase *cases);
void add_https_peer_cases(TCase *cases);
void add_https_clip_cases(TCase *cases);

#endif
