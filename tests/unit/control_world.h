/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A control socket with commands of the test's own, and clients of it, in one loop: "echo" says
 * `text` again, "later" is kept unanswered, "busy" takes 2 ms, "big" answers with 100 kB, "who"
 * with the client's name, "stream" and "watch" stream.
 */
#ifndef TOCSIN_TESTS_CONTROL_WORLD_H
#define TOCSIN_TESTS_CONTROL_WORLD_H

#include "control/control.h"

struct fixture {
    uv_loop_t loop;
    char folder[32], path[64];
    struct control *control;
    struct control_socket socket;              /* as it was bound */
    struct control_request *kept;              /* by "later" */
    unsigned served, of_client[3];             /* the latter by what "echo" was to say */
    int64_t busy_ns, begun_ns[8], ended_ns[8]; /* of "busy" */
    uint64_t gone[4];                          /* the connections that were told to be gone */
    unsigned gone_count;
    bool told, there; /* by control_when_read */
    unsigned pieces;  /* of a stream that goes on */
};

/* A socket in a folder of its own; end closes and removes it. */
void open_control(struct fixture *f); /* once more */
struct fixture *begin(void);
void end(struct fixture *f);

/* clock_monotonic_ms stands still there; 0: it goes on. */
extern int64_t stopped_ms;

/* A client. */
int dial(struct fixture *f);
void say(int fd, const char *text);
/* Turns the loop until the client has a whole line, or the other side has closed ("" then). */
void read_line(struct fixture *f, int fd, char *line, size_t size);
void ask(struct fixture *f, int fd, const char *request, char *line, size_t size);

void turn(struct fixture *f, int times);
/* Turns the loop until the client has read so many bytes, or somewhat more; how many. */
size_t hear(struct fixture *f, int fd, size_t wanted, size_t at_once);
void turn_until_served(struct fixture *f, unsigned count);

#endif
