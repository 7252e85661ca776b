/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the https uplink, for its own files only.
 *
 *   https.c     options, lanes, outcome of an attempt
 *   transfer.c  one signed HTTP exchange; libcurl and its place in the loop
 *   address.c   where the receiver is: look-ups, last good addresses
 *   tus.c       resumable upload of a clip
 */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_H

#include <curl/curl.h>
#include <netinet/in.h>
#include <uv.h>

#include "iface/uplink.h"
#include "loop/resolve.h"
#include "wire/keys.h"
#include "wire/profile.h"

#define HTTPS_ANSWER_MAX  65536 /* bytes of body */
#define HTTPS_HEADERS_MAX 16384 /* bytes of all headers together */

struct https_options {
    char *url;
    char *ca_file;
    char *cert_file;
    char *key_file;
    struct option_list receipt_keys;
    int receipts; /* enum https_receipts */
    char *upload_url;
    int64_t attempt_timeout_ms;
    struct option_list addresses;
    char *name_servers;
};

enum https_receipts {
    HTTPS_RECEIPTS_SIGNED,
    HTTPS_RECEIPTS_UNSIGNED,
};

/* What came back, as far as it is of interest. */
struct https_answer {
    long status;      /* 0: there was none */
    char reason[256]; /* why there was none */
    bool refused;     /* TLS refused: a person must mend something */
    bool broken;      /* the connection is not to be used again */
    size_t length;
    char body[HTTPS_ANSWER_MAX + 1];
    size_t header_bytes;
    char content_digest[DIGEST_HEADER_SIZE + 1];
    char signature_input[SIGNATURE_INPUT_MAX + 1];
    char signature[SIGNATURE_HEADER_MAX + 1];
    char location[1024];
    int64_t upload_offset; /* -1: no such header */
    int64_t retry_after_s;
};

struct transfer;
typedef void (*transfer_handler)(struct transfer *t);

/* One exchange; the handle and the struct are used again and again. */
struct transfer {
    struct uplink *uplink;
    CURL *easy;
    uv_timer_t deadline;
    struct curl_slist *headers;
    bool active;
    bool fresh; /* dial anew next time */
    char url[PROFILE_TARGET_URI_MAX];
    const char *method;
    struct profile_headers sent; /* the signature headers of this attempt */
    struct https_answer answer;
    transfer_handler done;
    char error[CURL_ERROR_SIZE];
};

/* One lane: an event under way. */
struct lane {
    struct transfer transfer; /* first */
    struct event *event;
    uplink_done_handler done;
    void *arg;
};

enum tus_step {
    TUS_IDLE,
    TUS_OPEN,   /* opening the file */
    TUS_CREATE, /* POST */
    TUS_OFFSET, /* HEAD */
    TUS_PAUSED,
    TUS_READ, /* reading the next piece from the disk */
    TUS_SEND, /* PATCH */
};

struct tus {
    struct transfer transfer; /* first */
    enum tus_step step;
    char manifest[UUID_TEXT_SIZE];
    char path[512];
    char filename[128];
    int64_t length_bytes;
    unsigned char sha256[DIGEST_BYTES];
    char location[PROFILE_TARGET_URI_MAX];
    int64_t offset;
    int file; /* -1: not open */
    uv_fs_t request;
    bool disk_busy; /* `request` is with the thread pool */
    bool paused, closing;
    char *piece;
    uplink_done_handler done;
    void *arg;
};

struct uplink {
    const struct https_options *options;
    struct uplink_host host;
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t curl_timer;
    bool in_curl; /* a callback of libcurl's is running */
    bool closing;
    size_t handles; /* libuv handles to be closed before this may be freed */
    struct key_ring receipt_keys;
    struct lane lanes[UPLINK_LANE_COUNT];
    struct tus tus;
    char upload_url[PROFILE_TARGET_URI_MAX];
    /* address.c */
    struct resolver *resolver;
    char name[256]; /* host part of the url, without brackets */
    char port[8];
    bool numeric;
    size_t address_count, address_now;
    char addresses[RESOLVE_ADDRESSES_MAX][INET6_ADDRSTRLEN];
    char address_reason[128];
    bool looking;
    int64_t looked_ms;
    struct curl_slist *connect_to;
    char address_file[512];
};

/* transfer.c */
int transfer_set_up(struct uplink *u, struct transfer *t, struct err *e);
int transfer_start_multi(struct uplink *u, struct err *e);
/* Signs and starts; `body` is borrowed until `done`. `extra`: further "Name: value" lines, NULL-
 * terminated. A failure to start is told through `done` as well, later. */
void transfer_start(struct transfer *t, const char *method, const char *url, const void *body,
                    size_t length, const unsigned char digest[DIGEST_BYTES],
                    const char *content_type, const char *const *extra, int64_t timeout_ms,
                    transfer_handler done);
void transfer_stop(struct transfer *t); /* no `done` after it */
void transfer_tear_down(struct transfer *t);
void uplink_handle_closed(uv_handle_t *handle); /* counts down, frees the uplink at last */

/* address.c */
int address_open(struct uplink *u, struct err *e);
bool address_known(const struct uplink *u);
void address_look_up(struct uplink *u); /* unless that was done a moment ago */
void address_failed(struct uplink *u);  /* the one in use did not answer: try the next */
void address_works(struct uplink *u);
void address_close(struct uplink *u);

/* tus.c */
void tus_begin(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
               void *arg);
void tus_pause(struct uplink *u, bool paused);
void tus_close(struct uplink *u);

/* https.c: how an answer without a valid receipt is to be taken. */
void https_judge_status(const struct https_answer *answer, struct uplink_result *result);
int https_check_receipt(struct uplink *u, const struct transfer *t, const char *event,
                        const char *clip, const char *subject_digest, struct uplink_result *result,
                        struct uplink_answer *answers);

#endif
