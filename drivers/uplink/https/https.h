/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the https uplink, for its own files only. Loop thread.
 *
 *   https.c        options, lanes, open and close
 *   outcome.c      what an answer means: receipt, status class, evidence
 *   transfer.c     one signed HTTP exchange: request, deadline, the next address
 *   answer.c       what comes back, with its limits
 *   connection.c         a warm connection to the receiver: libcurl in the loop
 *   credentials.c  certificates and keys, checked at open; TLS for a clock that is known bad
 *   address.c      where the receiver is: look-ups, last good addresses
 *   tus.c          resumable upload of a clip
 *
 * A connection here is a libcurl multi handle that keeps one open. There are three, so that
 * nothing waits for anything else: PRESS carries fresh presses, OTHER what else is an event, CLIPS
 * the clips. Heartbeats go over PRESS and OTHER in turn, so that both are proven; a fresh press
 * takes whichever of the two is open and idle. Should both be in use, libcurl dials another
 * connection, which is closed again afterwards.
 *
 * PRESS is dialled at open and at refresh(), both when the receiver closes an idle connection
 * and when the other one has just got through: a signed OPTIONS request, whose answer may be
 * anything. Where connections do not last, the pauses between dials grow from 0.5 to 60 s. One
 * that was quiet for 45 s is proven in the same way when the other one gets through; one quiet for
 * 110 s (heartbeats rarer than that) is dialled anew when it is needed. After a
 * broken connection or a time-out every one dials anew before it is used again.
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
#include "wire/receipt.h"

#define HTTPS_ANSWER_MAX     65536 /* bytes of body */
#define HTTPS_HEADERS_MAX    16384 /* bytes of all headers together */
#define HTTPS_EXTRA_HEADERS  3
#define HTTPS_COMMON_LINES   5 /* those that every request has */
#define HTTPS_HEADER_LINES   (HTTPS_COMMON_LINES + HTTPS_EXTRA_HEADERS)
#define HTTPS_HEADER_SIZE    (SIGNATURE_INPUT_MAX + 32)
#define HTTPS_ADDRESSES_MAX  (RESOLVE_ADDRESSES_MAX + 1) /* and the one that worked last */
#define HTTPS_PREPARED       4 /* presses that may be on their way to the disk at once */
#define HTTPS_EVIDENCE_BYTES (PROFILE_TARGET_URI_MAX + 1024)

enum https_receipts {
    HTTPS_RECEIPTS_SIGNED,
    HTTPS_RECEIPTS_UNSIGNED,
};

struct https_options {
    char *url;
    char *ca_file;
    char *cert_file;
    char *key_file;
    struct option_list receipt_keys;
    enum https_receipts receipts;
    char *upload_url;
    int64_t attempt_timeout_ms;
    struct option_list addresses;
    struct option_list name_servers;
};

/* What came back, as far as it is of interest. */
struct https_answer {
    long status;      /* 0: there was none */
    char reason[256]; /* why there was none */
    bool refused;     /* TLS refused: a person must mend something */
    size_t length;
    char body[HTTPS_ANSWER_MAX + 1];
    size_t header_bytes;
    char content_digest[DIGEST_HEADER_SIZE + 1];
    char signature_input[SIGNATURE_INPUT_MAX + 1];
    char signature[SIGNATURE_HEADER_MAX + 1];
    char location[PROFILE_TARGET_URI_MAX];
    int64_t upload_offset; /* -1: no such header */
    int64_t retry_after_s;
};

struct transfer;
typedef void (*transfer_handler)(struct transfer *t);

/* What to send. Method, url and body are borrowed until `done`, the rest during the call. */
struct request {
    const char *method; /* a constant */
    const char *url;
    const void *body;
    size_t length;
    const unsigned char *digest;                /* of the body; DIGEST_BYTES */
    const struct profile_headers *signed_ahead; /* NULL: to be signed now */
    const char *content_type;
    const char *extra[HTTPS_EXTRA_HEADERS]; /* "Name: value" */
    int64_t timeout_ms;
    bool slow; /* the time-out counts anew for as long as the body moves */
};

enum transfer_state {
    TRANSFER_IDLE,
    TRANSFER_WAITING, /* for the receiver's address */
    TRANSFER_ACTIVE,  /* with libcurl */
    TRANSFER_ENDED,   /* `done` is due at the loop's next turn */
};

/* One exchange; handle, buffers and struct are used again and again. */
struct transfer {
    struct uplink *uplink;
    struct connection *connection;
    CURL *easy;
    uv_timer_t deadline;
    enum transfer_state state;
    struct request request;
    struct profile_headers sent; /* the signature headers of this attempt */
    struct curl_slist headers[HTTPS_HEADER_LINES];
    char header_texts[HTTPS_HEADER_LINES][HTTPS_HEADER_SIZE];
    struct curl_slist connect_to;
    char connect_to_text[INET6_ADDRSTRLEN + 8];
    char address[INET6_ADDRSTRLEN]; /* in use; "" when the url holds it */
    size_t addresses_tried;
    unsigned trust;    /* its connection's when it began */
    unsigned sendings; /* by libcurl: more than one when a kept connection was dead */
    unsigned char digest[DIGEST_BYTES];
    curl_off_t moved_bytes;
    unsigned extensions;
    struct https_answer answer;
    transfer_handler done;
    char error[CURL_ERROR_SIZE];
};

enum connection_name {
    CONNECTION_PRESS,
    CONNECTION_OTHER,
    CONNECTION_CLIPS,
};
#define CONNECTION_COUNT (CONNECTION_CLIPS + 1)

struct idle_watch;

struct connection {
    struct uplink *uplink;
    CURLM *multi;
    uv_timer_t curl_timer;
    unsigned active;         /* transfers with libcurl */
    bool fresh;              /* what is open is not to be trusted: dial */
    unsigned trust;          /* grows each time that it is lost */
    struct idle_watch *idle; /* the open connection while nothing uses it; NULL: cold or in use */
    int64_t proven_ns;       /* when an answer last came */
    struct transfer dial;
    uv_timer_t dial_timer;
    int64_t dialled_ms; /* loop time; 0: never */
    int64_t dial_pause_ms;
};

/* A press whose first attempt is signed ahead, while the disk works. */
struct prepared {
    char event[UUID_TEXT_SIZE]; /* its id; "": empty */
    int64_t created_s;
    struct profile_headers headers;
};

/* An event under way. */
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
    TUS_READ,   /* reading the next piece from the disk */
    TUS_PAUSED, /* the piece is there and may not leave yet */
    TUS_SEND,   /* PATCH */
};

/* The piece of a file that is read and hashed in libuv's pool. */
struct tus_piece {
    uv_work_t work;
    struct uplink *uplink;
    bool busy;
    char path[512];
    int file; /* -1: to be opened first */
    int64_t offset, file_bytes;
    size_t wanted, length;
    int error; /* negative errno */
    unsigned char digest[DIGEST_BYTES];
    char *bytes;
};

struct tus {
    struct transfer transfer; /* first */
    enum tus_step step;
    char manifest[UUID_TEXT_SIZE];
    char filename[128];
    int64_t length_bytes;
    unsigned char sha256[DIGEST_BYTES];
    char location[PROFILE_TARGET_URI_MAX];
    int64_t offset;
    bool paused;
    struct tus_piece piece;
    uplink_done_handler done;
    void *arg;
};

struct uplink {
    const struct https_options *options;
    struct uplink_host host;
    uv_loop_t *loop;
    bool closing;
    size_t handles; /* libuv handles and works to be ended before this may be freed */
    struct key_ring receipt_keys;
    struct curl_blob ca, certificate, key; /* the files' bytes */
    struct connection connections[CONNECTION_COUNT];
    struct lane lanes[UPLINK_LANE_COUNT];
    struct prepared prepared[HTTPS_PREPARED];
    size_t next_prepared; /* the place of the next one: the oldest makes room */
    struct tus tus;
    char upload_url[PROFILE_TARGET_URI_MAX];
    struct receipt receipt; /* of the answer that is being judged */
    bool told_bad_clock;
    /* address.c */
    struct resolver *resolver;
    char name[256]; /* host part of the url, without brackets */
    bool numeric;
    size_t address_count;
    char addresses[HTTPS_ADDRESSES_MAX][INET6_ADDRSTRLEN]; /* the one in use first */
    char saved_address[INET6_ADDRSTRLEN];                  /* as in the file */
    char address_reason[160];
    bool looking;
    int64_t looked_ms; /* loop time of the last look-up's end; 0: none yet */
    char address_file[512];
};

/* https.c */
void uplink_handle_closed(uv_handle_t *handle); /* `data` is the uplink; frees it at last */
void uplink_release(struct uplink *u);          /* one handle fewer */

/* connection.c */
int connection_open(struct uplink *u, struct connection *l, struct err *e);
bool connection_is_idle(const struct connection *l); /* a connection is open, trusted and unused */
/* The bytes of the request leave before this returns if it was idle. -EIO: could not start.
 */
int connection_add(struct connection *l, struct transfer *t);
void connection_remove(struct connection *l, struct transfer *t);
void connection_failed(
    struct connection *l); /* a transfer on it broke: nothing open is trusted any more */
void connection_dial(struct connection *l); /* now, unless it is in use */
void connection_close(struct connection *l);

/* transfer.c */
/* The signature headers of a request of now, with a nonce of its own. */
int transfer_sign(struct uplink *u, const char *method, const char *url,
                  const unsigned char *digest, struct profile_headers *ret_headers, struct err *e);
int transfer_set_up(struct uplink *u, struct connection *l, struct transfer *t, struct err *e);
/* Signs and starts. Every end, a failure to start among them, is told through `done`, later. */
void transfer_start(struct transfer *t, struct connection *l, const struct request *request,
                    transfer_handler done);
void transfer_over(struct transfer *t, CURLcode code); /* libcurl is done with it */
void transfer_address_changed(struct transfer *t);     /* what waited for an address may go on */
void transfer_stop(struct transfer *t);                /* no `done` after it */
void transfer_tear_down(struct transfer *t);

/* answer.c */
void answer_clear(struct https_answer *a);
size_t answer_on_body(char *bytes, size_t size, size_t count, void *answer);
size_t answer_on_header(char *bytes, size_t size, size_t count,
                        void *answer); /* only counts them */
/* Status and headers, when all of the answer is there. */
void answer_take_headers(struct https_answer *a, CURL *easy);
/* The url that a Location in the answer from `url` means. It may be a path or a url, but only of
 * the very server that was asked: false otherwise. */
bool answer_location(const char *url, const char *location, char *ret_url, size_t size);

/* credentials.c */
/* Reads the files once, so that no dial waits for a disk, and checks them: what can never work is
 * an error; what may yet work (dates) is only logged. New files are taken when the uplink is opened
 * again. */
int credentials_load(struct uplink *u, struct err *e);
void credentials_finish(struct uplink *u); /* when libcurl has let go of them */
/* libcurl's hook. The clock is known to be bad when it never was synchronised since boot and stands
 * before the day of the build: certificates are then checked for everything but their dates. */
CURLcode credentials_on_tls_context(CURL *easy, void *context, void *uplink);

/* address.c */
int address_open(struct uplink *u, struct err *e);
bool address_known(const struct uplink *u);
void address_look_up(struct uplink *u); /* unless that was done a moment ago */
void address_look_up_now(struct uplink *u);
void address_failed(struct uplink *u, const char *address); /* try another first */
void address_works(struct uplink *u, const char *address);
void address_close(struct uplink *u);

/* tus.c */
void tus_begin(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
               void *arg);
void tus_pause(struct uplink *u, bool paused);
void tus_close(struct uplink *u);

/* outcome.c */
/* The result of an answer to `t`, for an event or for a clip (the other one NULL). */
struct evidence {
    char request[HTTPS_EVIDENCE_BYTES];
    char receipt[1024];
};
void outcome_of(struct uplink *u, const struct transfer *t, const char *event, const char *clip,
                const char *subject_digest, struct evidence *evidence,
                struct uplink_result *ret_result);

#endif
