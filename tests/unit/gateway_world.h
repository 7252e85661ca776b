/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway over a table of parts of the test's own: each writes down what it was asked. */
#ifndef TOCSIN_TESTS_GATEWAY_WORLD_H
#define TOCSIN_TESTS_GATEWAY_WORLD_H

#include "config_folder.h"
#include "gateway/internal.h"

/* The control socket: a request is the test's, its answer is kept. */
struct control_request {
    bool answered, failed;
    char text[2000];
};

#define SITE     "site: {id: g1, name: School}\n"
#define OTHERS   "signing: {driver: pem, key_file: key.pem}\n"
#define RECEIVER "receivers: [{id: police, name: Police, driver: sim}]\n"
#define INPUT    "inputs: [{id: gate, name: Gate, place: Gatehouse, driver: sim}]\n"

extern char said[1000];           /* what the parts were asked, in order */
extern const char *broken, *busy; /* the step that fails; NULL: none */
extern int64_t stall_ms;          /* that the next prepare takes */
extern int signal_at_close;       /* comes as each part is closed; 0: none */
extern const struct config *prepared_with;
extern const struct config *used_by_a, *used_by_b, *used_by_c; /* former ones; NULL: none */
extern struct config_folder folder;
extern const char *kept_path; /* where what worked is kept; NULL: nowhere */
extern struct gateway *gw;
extern struct err problem; /* why it did not start */
extern struct fact_fault last_fault;
extern unsigned fault_count;

/* Check's fixtures: a configuration that can be used, a systemd that listens, virtual time. */
void gateway_begin(void);
void gateway_end(void);

void write_config(const char *text);
/* It runs; nothing is said yet. */
void start(void);
/* Adds to what was said. */
void say(const char *step);
/* That part's reading waits from now on, until it is let go. */
void hold_read(const char *step);
void await_read(void);
void let_read_go(void);
/* What systemd was told since it was asked last, a line each. */
const char *notified(void);

#endif
