/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libmicrohttpd and GnuTLS are to receiver/intake.c, tus.c and page.c, without a socket: a
 * connection that a test fills in and hands over, and that holds the answer afterwards. One thread.
 */
#ifndef TOCSIN_TESTS_FAKE_MICROHTTPD_H
#define TOCSIN_TESTS_FAKE_MICROHTTPD_H

#include <microhttpd.h>
#include <stdbool.h>

#define FAKE_HEADERS 16

struct fake_header {
    char name[32], value[800];
};

struct MHD_Connection {
    struct fake_header sent[FAKE_HEADERS];
    size_t sent_count;
    bool without_tls;
    unsigned certificates;        /* how many the client sent */
    int unreadable;               /* what GnuTLS returns for them; 0 is good */
    unsigned certificate_problem; /* what GnuTLS says of them; 0 is good */
    unsigned timeouts[4];         /* as they were set; 0: it may be silent for ever */
    size_t timeouts_count;
    /* the answer */
    unsigned status;
    char body[2000];
    struct fake_header answered[FAKE_HEADERS];
    size_t answered_count;
};

void fake_send(struct MHD_Connection *c, const char *name, const char *value);
/* A header of the answer, or NULL. */
const char *fake_answered(const struct MHD_Connection *c, const char *name);

#endif
