/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's part over part_world with real inputs: requests are the test's, answers and
 * what whoever watches is told are kept. */
#ifndef TOCSIN_TESTS_OPERATE_WORLD_H
#define TOCSIN_TESTS_OPERATE_WORLD_H

#include <jansson.h>

#include "control/control.h"
#include "fake_outbox.h"
#include "operate/operate.h"
#include "part_world.h"

struct control_request {
    uint64_t client;
    bool answered, failed, ended;
    json_t *answer;
    char error[500];
    json_t *sent;   /* the last line of a stream */
    char text[200]; /* the lines that were passed on as they are */
    void (*on_read)(void *arg, bool there);
    void *on_read_arg;
};
extern struct control_request requests[40];
extern size_t request_count;
extern json_t *lines[200]; /* of `watch` */
extern size_t line_count;
extern const char *bind_error, *listen_error; /* why it cannot be; NULL: it can */
extern unsigned binds, binds_beside, unbinds, listens,
    moves;               /* how often; beside the loop's thread */
extern bool socket_gone; /* until it is bound and moved to */
extern bool socket_closed;
extern bool client_gone; /* takes no more of a stream */
extern struct operate *operate;
extern bool status_with_duress; /* what a status was asked with */
extern int reload_error;        /* of the next reload, an errno; 0: none */

extern bool disk_is_slow; /* who waits for it is told by the test (fake_keep) */

/* The connection of the next request; and its end. */
extern uint64_t asking_client;
void say_gone(uint64_t client);

/* Check's fixtures. */
void operate_begin(void);
void operate_end(void);

/* A new process over what is stored: what it finds open was told before anybody could watch. */
void operate_restart(void);

/* The client has taken all that was sent, or is gone. */
void say_read(struct control_request *request, bool there);

/* Asks; `arguments` is JSON with single quotes. */
struct control_request *ask(const char *command, const char *arguments);

/* A string of the answer; "" if it has none of that name. */
const char *text_of(const struct control_request *request, const char *name);

/* The outbox tells of that event: on the disk, or from memory. */
void say_heard(uint64_t seq, bool stored);
/* The store has it, and would not outlive a power cut. */
void say_heard_by_what_forgets(uint64_t seq);

#endif
