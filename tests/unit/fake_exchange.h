/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an exchange of the https uplink stands on, in a test's hands: signer, book of addresses,
 * connection, libcurl's handle, deadline. The linker hands the calls to fake_exchange.c (see
 * tocsin_https_test in CMakeLists.txt).
 */
#ifndef TOCSIN_TESTS_FAKE_EXCHANGE_H
#define TOCSIN_TESTS_FAKE_EXCHANGE_H

#include "drivers/uplink/https/transfer.h"

/* The signer: a number for each signature. */
extern struct signer fake_signer;
extern unsigned signatures;
extern int signing; /* what it answers: 0 or a negative errno */

/* The addresses. */
extern char addresses[3][INET6_ADDRSTRLEN];
extern size_t count;
extern bool numeric, looking;
extern unsigned lookups, waiting;
extern char failed_at[INET6_ADDRSTRLEN], worked_at[INET6_ADDRSTRLEN]; /* the last; "": none */
void look_up_ends(void);                                              /* who waits is told */

/* libcurl's handle: what it was told, and what it says. */
extern struct fake_handle {
    curl_prereq_callback on_before_request;
    void *before_arg;
    const struct curl_slist *headers, *connect_to;
    long connect_timeout_ms, nobody;
    char method[20], url[200];
    const char *body;
    curl_off_t length;
} told;
extern curl_off_t uploaded, sending_us;
const char *header(const char *name); /* as it would be sent now; NULL: not at all */

/* The connection. */
extern struct exchange *on_it; /* NULL: none */
extern unsigned added, broke;
extern int adding; /* what it answers */
struct connection *fake_connection(void);

/* The deadline. */
extern uint64_t deadline_ms, due_in_ms;
bool has_deadline(void);
void deadline_comes(void);

#endif
