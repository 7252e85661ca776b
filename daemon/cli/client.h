/* SPDX-License-Identifier: Apache-2.0 */
/* One request to tocsind over its control socket. Waits at most CLIENT_WAIT_S for an answer. */
#ifndef TOCSIN_CLI_CLIENT_H
#define TOCSIN_CLI_CLIENT_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>

#define CLIENT_WAIT_S  20
#define CLIENT_QUIET_S 8 /* whoever watches asks then, and waits so long once more */

struct client;

/* Connects and sends `request` (taken). Prints what is wrong and what to do; NULL then. */
struct client *client_open(json_t *request);

/* The next line as an object (the caller's), or NULL at the end. With `forever` it waits without
 * limit; else a silence is printed as an error. */
json_t *client_read(struct client *c, bool forever);

/* The next line as the answer to what was asked. Prints the error of one that is not ok, or why
 * there is none; NULL then. */
json_t *client_answer(struct client *c);

/* Waits without limit for a whole line, or the end, open only then to the signals that are not in
 * `mask` (NULL: as it is). False if one of them came; or if this one watches and tocsind does not
 * answer any more, which is printed. Who watches may be given an answer that it did not ask for. */
bool client_wait(struct client *c, const sigset_t *mask);

void client_close(struct client *c);

/* Open, answer, close. */
json_t *client_ask(json_t *request);

void client_set_socket(const char *path);

#endif
