/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a Unix stream socket on which the technician's command asks and is answered,
 * one JSON object a line. Requests, answers and the stream of `watch` are in DESIGN.md.
 *
 * Loop thread only. Nothing that people ask for may stand in a press's way: one request is served a
 * turn of the loop, whoever sent it, and all of them together get at most a quarter of the loop's
 * time. A client is served again when it has taken its answers; one that watches and does not read
 * is told that it is dropped, and dropped. Who is one too many is told so. Long lines end the
 * connection.
 */
#ifndef TOCSIN_CONTROL_CONTROL_H
#define TOCSIN_CONTROL_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"
#include "iface/limits.h"

#define CONTROL_LINE_MAX    LIMIT_REQUEST_BYTES
#define CONTROL_CLIENTS_MAX LIMIT_CLIENTS
#define CONTROL_WATCH_MAX   LIMIT_WATCH_BYTES /* bytes that a watcher may be behind */
#define CONTROL_NAME_SIZE   100

struct control;
struct control_request; /* one request, until it is answered; outlives its client */

struct control_command {
    const char *name;
    const char *const *arguments; /* the keys it takes, NULL-terminated; NULL for none */
    /* Answers once, now or later, by control_reply or control_fail. `arguments` is borrowed for
     * the call. */
    void (*run)(void *arg, struct control_request *request, const json_t *arguments);
};

/* A socket and the file that was made for it. */
struct control_socket {
    int fd;
    dev_t device;
    ino_t file;
};

/* A socket at `path`, mode 0660, on which nobody listens yet. One left by a process that is gone is
 * replaced; one that answers is not. Waits for the disk: any thread. */
int control_bind(const char *path, struct control_socket *ret_socket, struct err *e);
/* Whether its file is still what is found at `path`. Likewise. */
bool control_is_bound(const char *path, const struct control_socket *socket);
/* Takes it back, and leaves what others have put there. */
void control_unbind(const char *path, const struct control_socket *socket);

/* Listens on it. `socket` is taken, whatever comes of it; `path` is where it was bound, and is
 * removed at the end, if it is still that. `commands` ends with a NULL name and stays borrowed. */
int control_open(uv_loop_t *loop, const char *path, const struct control_socket *socket,
                 const struct control_command *commands, void *arg, struct control **ret_control,
                 struct err *e);
/* Listens on `socket` (taken likewise), bound anew at its path, and no longer on the one before,
 * whose file is gone. Who is connected stays. */
int control_move(struct control *control, const struct control_socket *socket, struct err *e);

/* Answers {"ok":true} with the members of `answer` (taken; NULL for none). */
void control_reply(struct control_request *request, json_t *answer);

/* The same with members that are JSON text already, `"a":1,"b":[…]`, passed on as they are. */
void control_reply_text(struct control_request *request, const char *members, size_t length);

/* Answers {"ok":false,"error":…}. */
void control_fail(struct control_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A stream that goes on: {"ok":true,…} by control_send once, then further lines, ended by
 * control_end. False when the client is gone (the caller then ends the stream).
 */
bool control_send(struct control_request *request, json_t *line);

/* The same with whole lines, each with its newline, passed on as they are. */
bool control_send_text(struct control_request *request, const char *lines, size_t length);

/* `on_read` runs once when the client has taken all that was sent (`there`) or is gone; never from
 * within this call. False, and no call, if it is gone already or nothing is on its way. One at a
 * time for a request. */
bool control_when_read(struct control_request *request, void (*on_read)(void *arg, bool there),
                       void *arg);
void control_end(struct control_request *request);

/* Answers {"ok":true} and makes the client one of those that control_publish tells. */
void control_watch(struct control_request *request);

/* Whether anybody watches; then one object (taken) to each of them. */
bool control_has_watchers(const struct control *control);
void control_publish(struct control *control, json_t *line);

/* Who asked: the user of the process at the other end; "uid N" as long as the name is not known. */
void control_user(const struct control_request *request, char ret_name[CONTROL_NAME_SIZE]);

/* Which connection asked: a number that no other has, now or later. */
uint64_t control_client(const struct control_request *request);
/* `on_gone` is told, with what the commands are handed, of every connection that ends before
 * control_close; possibly within a call of this header. */
void control_tell_gone(struct control *control, void (*on_gone)(void *arg, uint64_t client));

void control_close(struct control *control);

#endif
