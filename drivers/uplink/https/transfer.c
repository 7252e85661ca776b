/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/transfer.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/uuid.h"

#define COMMON_LINES     4 /* those that every request has */
#define HEADER_LINES     (COMMON_LINES + TRANSFER_EXTRA_HEADERS)
#define SIGNATURE_LIFE_S 300
#define EXTENSIONS_MAX   20    /* of the deadline of a slow request whose body moves */
#define USER_TIMEOUT_MS  10000 /* sent bytes without acknowledgement: a second opinion only */
#define KEEPALIVE_S      20L
#define IDLE_MAX_S       115L /* a connection unused for longer may be dead without a sign */
#define CONNECT_SHARE    2    /* of the time left, where there is another address to try */
#define RECEIVE_BUFFER   16384L
#define UPLOAD_BUFFER    65536L

enum transfer_state {
    TRANSFER_IDLE,
    TRANSFER_WAITING, /* for the receiver's address */
    TRANSFER_ACTIVE,  /* with libcurl */
    TRANSFER_ENDED,   /* `done` is due at the loop's next turn */
};

struct transfer {
    const struct transfer_means *means;
    struct connection *connection;
    struct exchange exchange;
    struct address_waiter waiter;
    uv_timer_t deadline;
    enum transfer_state state;
    struct request request;
    struct profile_headers sent; /* the signature headers of this attempt */
    struct curl_slist headers[HEADER_LINES + 1];
    char header_texts[HEADER_LINES][TRANSFER_HEADER_SIZE];
    struct curl_slist connect_to;
    char connect_to_text[INET6_ADDRSTRLEN + 8];
    char address[INET6_ADDRSTRLEN]; /* in use; "" when the url holds it */
    size_t addresses_tried;
    unsigned sendings; /* by libcurl: more than one when a kept connection was dead */
    unsigned char digest[DIGEST_BYTES];
    curl_off_t moved_bytes;
    unsigned extensions;
    struct https_answer answer;
    transfer_handler done;
    void *arg;
    char error[CURL_ERROR_SIZE];
};

static void finish(struct transfer *t)
{
    const struct exchanged what = {
        .method = t->request.method, .url = t->request.url, .sent = &t->sent, .answer = &t->answer};
    uv_timer_stop(&t->deadline);
    t->state = TRANSFER_IDLE;
    t->done(t->arg, &what);
}

static bool has_moved(struct transfer *t)
{
    curl_off_t sent = 0;
    curl_easy_getinfo(t->exchange.easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    bool moved = sent > t->moved_bytes && t->extensions < EXTENSIONS_MAX;
    t->moved_bytes = sent;
    t->extensions++;
    return moved;
}

static void on_deadline(uv_timer_t *timer)
{
    struct transfer *t = timer->data;
    struct https_answer *a = &t->answer;
    long long limit_ms = (long long)t->request.timeout_ms;
    switch (t->state) {
    case TRANSFER_IDLE:
        return;
    case TRANSFER_ENDED:
        break;
    case TRANSFER_WAITING:
        address_stop_waiting(&t->waiter);
        address_explain(t->means->addresses, limit_ms, a->reason, sizeof a->reason);
        break;
    case TRANSFER_ACTIVE:
        if (t->request.slow && has_moved(t)) {
            uv_timer_start(&t->deadline, on_deadline, (uint64_t)limit_ms, 0);
            return;
        }
        connection_remove(t->connection, &t->exchange);
        connection_broke(t->connection);
        if (!t->request.clip)
            address_failed(t->means->addresses, t->address);
        a->status = 0;
        snprintf(a->reason, sizeof a->reason, "no complete answer within %lld ms", limit_ms);
        break;
    }
    finish(t);
}

static void end_later(struct transfer *t, const char *reason)
{
    snprintf(t->answer.reason, sizeof t->answer.reason, "%s", reason);
    t->state = TRANSFER_ENDED;
    uv_timer_start(&t->deadline, on_deadline, 0, 0);
}

static int on_new_socket(void *arg, curl_socket_t socket, curlsocktype purpose)
{
    (void)arg;
    (void)purpose;
    unsigned limit_ms = USER_TIMEOUT_MS;
    setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof limit_ms);
    return CURL_SOCKOPT_OK;
}

static int make_headers(struct transfer *t, struct err *e);

/* The connection is there and the request is about to be written. When a kept connection turns out
 * to be dead, libcurl sends the request again by itself; a receiver that saw the first one would
 * then see its nonce twice, so that it is signed anew. */
static int on_before_request(void *arg, char *to, char *from, int to_port, int from_port)
{
    struct transfer *t = arg;
    struct err e;
    (void)to, (void)from, (void)to_port, (void)from_port;
    if (t->sendings++ == 0 || make_headers(t, &e) == 0)
        return CURL_PREREQFUNC_OK;
    snprintf(t->answer.reason, sizeof t->answer.reason, "%s", e.text);
    return CURL_PREREQFUNC_ABORT;
}

static void on_over(struct exchange *exchange, CURLcode code);
static void on_looked_up(struct address_waiter *waiter);

static void set_up_handle(struct transfer *t)
{
    CURL *c = t->exchange.easy;
    struct credentials *k = t->means->credentials;
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L); /* @target-uri is signed as it is written */
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, ""); /* none from the environment either */
    curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(c, CURLOPT_CAINFO, NULL); /* none of the system's beside ours */
    curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &k->ca);
    curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, &k->certificate);
    curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, &k->key);
    /* A resumed session would skip the check of the receiver's certificate. */
    curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, credentials_on_tls_context);
    curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, k);
    curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_before_request);
    curl_easy_setopt(c, CURLOPT_PREREQDATA, t);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, answer_on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &t->answer);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, answer_on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, &t->answer);
    curl_easy_setopt(c, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
    curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
    curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
    curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
    curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "tocsin/" TOCSIN_VERSION);
}

int transfer_open(const struct transfer_means *means, struct transfer **ret_transfer, struct err *e)
{
    struct transfer *t = calloc(1, sizeof *t);
    CURL *easy = curl_easy_init();
    if (!t || !easy) {
        curl_easy_cleanup(easy);
        free(t);
        return err_set(e, ENOMEM, "libcurl: out of memory");
    }
    t->means = means;
    t->exchange = (struct exchange){.easy = easy, .on_over = on_over};
    t->waiter.on_looked_up = on_looked_up;
    uv_timer_init(means->loop, &t->deadline);
    t->deadline.data = t;
    set_up_handle(t);
    *ret_transfer = t;
    return 0;
}

int transfer_sign(struct signer *signer, const char *method, const char *url,
                  const unsigned char *digest, struct profile_headers *ret_headers, struct err *e)
{
    struct profile_request request = {.method = method, .target_uri = url};
    memcpy(request.digest, digest, DIGEST_BYTES);
    request.created_s = clock_wall_ms() / 1000;
    request.expires_s = request.created_s + SIGNATURE_LIFE_S;
    uuid_random(request.nonce, sizeof request.nonce);
    return profile_sign(signer, &request, ret_headers, e);
}

static int make_headers(struct transfer *t, struct err *e)
{
    const struct request *r = &t->request;
    int result = 0;
    if (r->signed_ahead)
        t->sent = *r->signed_ahead;
    else
        result = transfer_sign(t->means->signer, r->method, r->url, r->digest, &t->sent, e);
    t->request.signed_ahead = NULL; /* a nonce is used once */
    if (result != 0)
        return result;
    snprintf(t->header_texts[0], TRANSFER_HEADER_SIZE, "Content-Digest: %s",
             t->sent.content_digest);
    snprintf(t->header_texts[1], TRANSFER_HEADER_SIZE, "Signature-Input: %s",
             t->sent.signature_input);
    snprintf(t->header_texts[2], TRANSFER_HEADER_SIZE, "Signature: %s", t->sent.signature);
    return 0;
}

/* The list stands in the struct itself: nothing is allocated on the way of a press. */
static int link_headers(struct transfer *t, struct err *e)
{
    static const char no_round_trip_before_the_body[] = "Expect:";
    const struct request *r = &t->request;
    int result = make_headers(t, e);
    snprintf(t->header_texts[3], TRANSFER_HEADER_SIZE, "Content-Type: %s", r->content_type);
    size_t count = COMMON_LINES;
    for (size_t i = 0; i < TRANSFER_EXTRA_HEADERS && r->extra[i]; i++)
        snprintf(t->header_texts[count++], TRANSFER_HEADER_SIZE, "%s", r->extra[i]);
    for (size_t i = 0; i < count; i++)
        t->headers[i] = (struct curl_slist){.data = t->header_texts[i], .next = &t->headers[i + 1]};
    t->headers[count] = (struct curl_slist){.data = (char *)no_round_trip_before_the_body};
    return result;
}

/* libcurl is never asked to look up a name: it is told which address stands for it. */
static void set_address(struct transfer *t)
{
    struct address_book *b = t->means->addresses;
    t->addresses_tried++;
    snprintf(t->address, sizeof t->address, "%s", address_first(b));
    curl_easy_setopt(t->exchange.easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->request.timeout_ms);
    if (!t->address[0])
        return; /* the url holds it */
    bool v6 = strchr(t->address, ':') != NULL;
    snprintf(t->connect_to_text, sizeof t->connect_to_text, "::%s%s%s:", v6 ? "[" : "", t->address,
             v6 ? "]" : ""); /* whatever host and port: that address, the same port */
    t->connect_to = (struct curl_slist){.data = t->connect_to_text};
    curl_easy_setopt(t->exchange.easy, CURLOPT_CONNECT_TO, &t->connect_to);
    if (t->addresses_tried < address_count(b))
        curl_easy_setopt(t->exchange.easy, CURLOPT_CONNECTTIMEOUT_MS,
                         (long)(uv_timer_get_due_in(&t->deadline) / CONNECT_SHARE + 1));
}

static void begin(struct transfer *t)
{
    const struct request *r = &t->request;
    CURL *c = t->exchange.easy;
    set_address(t);
    curl_easy_setopt(c, CURLOPT_URL, r->url);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(c, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->length);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->length ? r->body : "");
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, strcmp(r->method, "POST") == 0 ? NULL : r->method);
    if (strcmp(r->method, "HEAD") == 0)
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    t->error[0] = '\0';
    t->state = TRANSFER_ACTIVE;
    if (connection_add(t->connection, &t->exchange) != 0)
        end_later(t, "libcurl could not start the request");
}

void transfer_start(struct transfer *t, struct connection *connection,
                    const struct request *request, transfer_handler done, void *arg)
{
    assert(t->state == TRANSFER_IDLE);
    struct address_book *b = t->means->addresses;
    struct err e;
    answer_clear(&t->answer);
    t->sent.signature[0] = '\0';
    t->connection = connection;
    t->request = *request;
    memcpy(t->digest, request->digest, DIGEST_BYTES);
    t->request.digest = t->digest;
    t->done = done;
    t->arg = arg;
    t->addresses_tried = 0;
    t->sendings = 0;
    t->moved_bytes = 0;
    t->extensions = 0;
    if (link_headers(t, &e) != 0) {
        end_later(t, e.text);
        return;
    }
    /* The loop's own idea of now may be older than the work done in this turn. */
    uv_update_time(t->means->loop);
    uv_timer_start(&t->deadline, on_deadline, (uint64_t)request->timeout_ms, 0);
    if (!address_known(b))
        address_look_up(b);
    if (address_known(b) || !address_is_looking(b)) {
        on_looked_up(&t->waiter);
        return;
    }
    t->state = TRANSFER_WAITING;
    address_wait(b, &t->waiter);
}

static void on_looked_up(struct address_waiter *waiter)
{
    struct transfer *t = (struct transfer *)((char *)waiter - offsetof(struct transfer, waiter));
    char reason[sizeof t->answer.reason];
    if (address_known(t->means->addresses)) {
        begin(t);
        return;
    }
    address_explain(t->means->addresses, 0, reason, sizeof reason);
    end_later(t, reason);
}

bool transfer_is_under_way(const struct transfer *t)
{
    return t->state != TRANSFER_IDLE;
}

/* Nothing of the request has left, and there is another address and time to try it. */
static bool may_try_next(struct transfer *t)
{
    curl_off_t sending_us = 0;
    curl_easy_getinfo(t->exchange.easy, CURLINFO_PRETRANSFER_TIME_T, &sending_us);
    return sending_us == 0 && t->addresses_tried < address_count(t->means->addresses) &&
           uv_timer_get_due_in(&t->deadline) > 0;
}

static void on_over(struct exchange *exchange, CURLcode code)
{
    struct transfer *t =
        (struct transfer *)((char *)exchange - offsetof(struct transfer, exchange));
    struct address_book *b = t->means->addresses;
    if (code == CURLE_OK) {
        answer_take_headers(&t->answer, exchange->easy);
        if (!t->request.clip)
            address_works(b, t->address);
        finish(t);
        return;
    }
    bool again = may_try_next(t);
    if (!t->request.clip || again)
        address_failed(b, t->address);
    if (again) {
        answer_clear(&t->answer);
        begin(t);
        return;
    }
    answer_take_failure(&t->answer, code, t->error, t->address);
    finish(t);
}

void transfer_stop(struct transfer *t)
{
    if (!t)
        return;
    if (t->state == TRANSFER_ACTIVE)
        connection_remove(t->connection, &t->exchange);
    address_stop_waiting(&t->waiter);
    t->state = TRANSFER_IDLE;
    uv_timer_stop(&t->deadline);
}

static void free_transfer(uv_handle_t *handle)
{
    free(handle->data);
}

void transfer_close(struct transfer *t)
{
    if (!t)
        return;
    transfer_stop(t);
    curl_easy_cleanup(t->exchange.easy);
    uv_close((uv_handle_t *)&t->deadline, free_transfer);
}
