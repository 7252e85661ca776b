/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver of the profile tocsin-v1 in the test's own loop: TLS with client certificates on a
 * port of 127.0.0.1 that the kernel chooses. It writes down what came, and answers as the test
 * says.
 */
#ifndef TOCSIN_TESTS_MOCK_RECEIVER_H
#define TOCSIN_TESTS_MOCK_RECEIVER_H

#include <stdbool.h>
#include <sys/queue.h>
#include <uv.h>

#include "iface/signer.h"

#define MOCK_REQUESTS_MAX 256

struct mock_request {
    char method[8];
    char path[200];
    unsigned connection; /* 1, 2 … in the order of their coming */
    char headers[4096];
    size_t length; /* of the body */
    unsigned char digest[32];
};

/* What is wrong with an answer; 0: nothing. */
enum mock_flaw {
    MOCK_GOOD,
    MOCK_NO_SIGNATURE,
    MOCK_BAD_SIGNATURE,
    MOCK_OTHER_KEY,
    MOCK_OTHER_EVENT,
    MOCK_OTHER_DIGEST,
    MOCK_OTHER_BODY, /* not what the receipt's own digest says */
    MOCK_SILENT,     /* none comes */
    MOCK_HANG_UP,    /* the connection ends instead */
    MOCK_HUGE_BODY,
    MOCK_HUGE_HEADERS,
    MOCK_TWO_SIGNATURES,
    MOCK_CLOSE_AFTER, /* and the connection ends */
};

struct mock_reply {
    int status; /* 0: 200 */
    enum mock_flaw flaw;
    const char *headers; /* more lines, each with "\r\n" */
    const char *body;    /* instead of a receipt */
    const char *clip;    /* the receipt is for the file of this manifest … */
    const char *digest;  /* … with this digest ("sha-256=:…:") */
    const char *answers; /* JSON of the receipt's list */
};

struct mock;

/* Says how a request is answered; `*ret_reply` is zeroed before. */
typedef void (*mock_handler)(struct mock *mock, const struct mock_request *request,
                             struct mock_reply *ret_reply);

struct mock {
    uv_loop_t *loop;
    mock_handler on_request; /* NULL: every request gets its receipt */
    int port;
    unsigned connections; /* so far */
    unsigned handshakes;
    size_t count;
    struct mock_request requests[MOCK_REQUESTS_MAX];
    /* mock_receiver.c's own */
    uv_tcp_t listener;
    void *tls;
    struct signer *receipt, *other;
    LIST_HEAD(, mock_connection) all;
    bool listening;
};

/* `certificate` is the name of one that mock_pki made. Port 0: any. */
void mock_open(struct mock *mock, uv_loop_t *loop, const char *certificate, int port);
void mock_close(struct mock *mock); /* the loop has to run until all is closed */

/* Every open connection ends, as a server does that is tired of waiting. */
void mock_hang_up(struct mock *mock);

/* How many requests with that method came; the last of them. */
size_t mock_count(const struct mock *mock, const char *method);
const struct mock_request *mock_last(const struct mock *mock, const char *method);

/* The value of a header, into a buffer of the function; NULL if there is none. */
const char *mock_header(const struct mock_request *request, const char *name);

#endif
