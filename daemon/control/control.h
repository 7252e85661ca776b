/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a Unix stream socket on which the technician's command asks and is answered,
 * one JSON object a line. Requests, answers and the stream of `watch` are in DESIGN.md.
 *
 * Loop thread only. A client that is slow, silent or gone costs a bounded piece of memory and
 * nobody's time: answers beyond its room are dropped and counted, long lines end the connection.
 */
#ifndef TOCSIN_CONTROL_CONTROL_H
#define TOCSIN_CONTROL_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"

#define CONTROL_LINE_MAX    65536
#define CONTROL_CLIENTS_MAX 32

struct control;
struct control_request; /* one request, until it is answered; outlives its client */

struct control_command {
    const char *name;
    const char *const *arguments; /* the keys it takes, NULL-terminated; NULL for none */
    /* Answers once, now or later, by control_reply or control_fail. `arguments` is borrowed for
     * the call. */
    void (*run)(void *arg, struct control_request *request, const json_t *arguments);
};

/* Listens on `path`, mode 0660. A socket left by a process that is gone is replaced; one that
 * answers is not. `commands` ends with a NULL name and stays borrowed. */
int control_open(uv_loop_t *loop, const char *path, const struct control_command *commands,
                 void *arg, struct control **ret_control, struct err *e);

/* Answers {"ok":true} with the members of `answer` (taken; NULL for none). */
void control_reply(struct control_request *request, json_t *answer);

/* Answers {"ok":false,"error":…}. */
void control_fail(struct control_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An object of a stream that goes on: {"ok":true,…} once, then further lines, ended by
 * control_end. False when the client is gone or lost track (the caller then ends the stream). */
bool control_send(struct control_request *request, json_t *line);
void control_end(struct control_request *request);

/* Answers {"ok":true} and makes the client one of those that control_publish tells. */
void control_watch(struct control_request *request);

/* Whether anybody watches; then one object (taken) to each of them. */
bool control_has_watchers(const struct control *control);
void control_publish(struct control *control, json_t *line);

/* Who asked: the user id of the process at the other end. */
uid_t control_uid(const struct control_request *request);

void control_close(struct control *control);

#endif
