/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "drivers/uplink/https/https.h"

#define SIGNATURE_LIFE_S 300
#define EXTENSIONS_MAX   20    /* of the deadline of a slow request whose body moves */
#define USER_TIMEOUT_MS  10000 /* sent bytes without acknowledgement: a second opinion only */
#define KEEPALIVE_S      20L
#define IDLE_MAX_S       115L /* a connection unused for longer may be dead without a sign */
#define CONNECT_SHARE    2    /* of the time left, where there is another address to try */
#define RECEIVE_BUFFER   16384L
#define UPLOAD_BUFFER    65536L

static void finish(struct transfer *t)
{
    uv_timer_stop(&t->deadline);
    t->state = TRANSFER_IDLE;
    t->done(t);
}

/* A clip's connection must not change what alarms rely on. */
static bool is_for_alarms(const struct transfer *t)
{
    return t->connection != &t->uplink->connections[CONNECTION_CLIPS];
}

static bool has_moved(struct transfer *t)
{
    curl_off_t sent = 0;
    curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    bool moved = sent > t->moved_bytes && t->extensions < EXTENSIONS_MAX;
    t->moved_bytes = sent;
    t->extensions++;
    return moved;
}

static void on_deadline(uv_timer_t *timer)
{
    struct transfer *t = timer->data;
    struct uplink *u = t->uplink;
    struct https_answer *a = &t->answer;
    long long limit_ms = (long long)t->request.timeout_ms;
    switch (t->state) {
    case TRANSFER_IDLE:
        return;
    case TRANSFER_ENDED:
        break;
    case TRANSFER_WAITING:
        snprintf(a->reason, sizeof a->reason, "the address of %s is not known after %lld ms: %s",
                 u->name, limit_ms,
                 u->address_reason[0] ? u->address_reason : "no name server has answered yet");
        break;
    case TRANSFER_ACTIVE:
        if (t->request.slow && has_moved(t)) {
            uv_timer_start(&t->deadline, on_deadline, (uint64_t)limit_ms, 0);
            return;
        }
        connection_remove(t->connection, t);
        connection_failed(t->connection);
        if (is_for_alarms(t))
            address_failed(u, t->address);
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

int transfer_set_up(struct uplink *u, struct connection *l, struct transfer *t, struct err *e)
{
    t->uplink = u;
    t->connection = l;
    t->easy = curl_easy_init();
    if (!t->easy)
        return err_set(e, ENOMEM, "libcurl: out of memory");
    uv_timer_init(u->loop, &t->deadline);
    t->deadline.data = t;
    u->handles++;
    CURL *c = t->easy;
    curl_easy_setopt(c, CURLOPT_PRIVATE, t);
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
    curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &u->ca);
    curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, &u->certificate);
    curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, &u->key);
    /* A resumed session would skip the check of the receiver's certificate. */
    curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, credentials_on_tls_context);
    curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, u);
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
    return 0;
}

int transfer_sign(struct uplink *u, const char *method, const char *url,
                  const unsigned char *digest, struct profile_headers *ret_headers, struct err *e)
{
    struct profile_request request = {.method = method, .target_uri = url};
    memcpy(request.digest, digest, DIGEST_BYTES);
    request.created_s = clock_wall_ms() / 1000;
    request.expires_s = request.created_s + SIGNATURE_LIFE_S;
    uuid_random(request.nonce, sizeof request.nonce);
    return profile_sign(u->host.signer, &request, ret_headers, e);
}

static int make_headers(struct transfer *t, struct err *e)
{
    const struct request *r = &t->request;
    int result = 0;
    if (r->signed_ahead)
        t->sent = *r->signed_ahead;
    else
        result = transfer_sign(t->uplink, r->method, r->url, r->digest, &t->sent, e);
    t->request.signed_ahead = NULL; /* a nonce is used once */
    if (result != 0)
        return result;
    snprintf(t->header_texts[0], HTTPS_HEADER_SIZE, "Content-Digest: %s", t->sent.content_digest);
    snprintf(t->header_texts[1], HTTPS_HEADER_SIZE, "Signature-Input: %s", t->sent.signature_input);
    snprintf(t->header_texts[2], HTTPS_HEADER_SIZE, "Signature: %s", t->sent.signature);
    return 0;
}

/* The list stands in the struct itself: nothing is allocated on the way of a press. */
static int link_headers(struct transfer *t, struct err *e)
{
    const struct request *r = &t->request;
    int result = make_headers(t, e);
    snprintf(t->header_texts[3], HTTPS_HEADER_SIZE, "Expect:"); /* no round trip before the body */
    snprintf(t->header_texts[4], HTTPS_HEADER_SIZE, "Content-Type: %s", r->content_type);
    size_t count = HTTPS_COMMON_LINES;
    for (size_t i = 0; i < HTTPS_EXTRA_HEADERS && r->extra[i]; i++)
        snprintf(t->header_texts[count++], HTTPS_HEADER_SIZE, "%s", r->extra[i]);
    for (size_t i = 0; i < count; i++)
        t->headers[i] = (struct curl_slist){.data = t->header_texts[i],
                                            .next = i + 1 < count ? &t->headers[i + 1] : NULL};
    return result;
}

/* libcurl is never asked to look up a name: it is told which address stands for it. */
static void set_address(struct transfer *t)
{
    struct uplink *u = t->uplink;
    t->address[0] = '\0';
    t->addresses_tried++;
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->request.timeout_ms);
    if (u->numeric)
        return;
    memcpy(t->address, u->addresses[0], sizeof t->address);
    bool v6 = strchr(t->address, ':') != NULL;
    snprintf(t->connect_to_text, sizeof t->connect_to_text, "::%s%s%s:", v6 ? "[" : "", t->address,
             v6 ? "]" : ""); /* whatever host and port: that address, the same port */
    t->connect_to = (struct curl_slist){.data = t->connect_to_text};
    curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, &t->connect_to);
    if (t->addresses_tried < u->address_count)
        curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
                         (long)(uv_timer_get_due_in(&t->deadline) / CONNECT_SHARE + 1));
}

static void begin(struct transfer *t)
{
    const struct request *r = &t->request;
    CURL *c = t->easy;
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
    if (connection_add(t->connection, t) != 0)
        end_later(t, "libcurl could not start the request");
}

void transfer_start(struct transfer *t, struct connection *l, const struct request *request,
                    transfer_handler done)
{
    assert(t->state == TRANSFER_IDLE);
    struct uplink *u = t->uplink;
    struct err e;
    answer_clear(&t->answer);
    t->sent.signature[0] = '\0';
    t->connection = l;
    t->request = *request;
    memcpy(t->digest, request->digest, DIGEST_BYTES);
    t->request.digest = t->digest;
    t->done = done;
    t->addresses_tried = 0;
    t->sendings = 0;
    t->moved_bytes = 0;
    t->extensions = 0;
    if (link_headers(t, &e) != 0) {
        end_later(t, e.text);
        return;
    }
    /* The loop's own idea of now may be older than the work done in this turn. */
    uv_update_time(u->loop);
    uv_timer_start(&t->deadline, on_deadline, (uint64_t)request->timeout_ms, 0);
    if (!address_known(u))
        address_look_up(u);
    t->state = TRANSFER_WAITING;
    if (address_known(u) || !u->looking)
        transfer_address_changed(t);
}

void transfer_address_changed(struct transfer *t)
{
    if (t->state != TRANSFER_WAITING)
        return;
    if (address_known(t->uplink)) {
        begin(t);
        return;
    }
    char reason[sizeof t->answer.reason];
    snprintf(reason, sizeof reason, "the address of %s is not known: %s", t->uplink->name,
             t->uplink->address_reason);
    end_later(t, reason);
}

/* Whether the other side, or we, found the certificates wrong: trying again will not mend that. */
static bool is_tls_refusal(CURLcode code, const char *text)
{
    static const char *const alerts[] = {
        "alert bad certificate",         "alert unsupported certificate",
        "alert certificate revoked",     "alert certificate expired",
        "alert certificate unknown",     "alert unknown ca",
        "alert access denied",           "alert handshake failure",
        "alert protocol version",        "alert insufficient security",
        "alert certificate required",    "alert unrecognized name",
        "alert no application protocol",
    };
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
        code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR)
        return true;
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
        if (strstr(text, alerts[i]))
            return true;
    }
    return false;
}

/* Nothing of the request has left, and there is another address and time to try it. */
static bool may_try_next(struct transfer *t)
{
    curl_off_t sending_us = 0;
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &sending_us);
    return sending_us == 0 && t->addresses_tried < t->uplink->address_count &&
           uv_timer_get_due_in(&t->deadline) > 0;
}

static void take_failure(struct transfer *t, CURLcode code)
{
    struct https_answer *a = &t->answer;
    const char *text = t->error[0] ? t->error : curl_easy_strerror(code);
    a->status = 0;
    a->refused = is_tls_refusal(code, text);
    if (a->reason[0])
        return; /* one of our own limits ended it and has said so */
    if (t->address[0])
        snprintf(a->reason, sizeof a->reason, "%s (at %s)", text, t->address);
    else
        snprintf(a->reason, sizeof a->reason, "%s", text);
}

void transfer_over(struct transfer *t, CURLcode code)
{
    struct uplink *u = t->uplink;
    if (code == CURLE_OK) {
        answer_take_headers(&t->answer, t->easy);
        if (is_for_alarms(t))
            address_works(u, t->address);
        finish(t);
        return;
    }
    bool again = may_try_next(t);
    if (is_for_alarms(t) || again)
        address_failed(u, t->address);
    if (again) {
        answer_clear(&t->answer);
        begin(t);
        return;
    }
    take_failure(t, code);
    finish(t);
}

void transfer_stop(struct transfer *t)
{
    if (!t->easy)
        return;
    if (t->state == TRANSFER_ACTIVE)
        connection_remove(t->connection, t);
    t->state = TRANSFER_IDLE;
    uv_timer_stop(&t->deadline);
}

void transfer_tear_down(struct transfer *t)
{
    if (!t->easy)
        return;
    transfer_stop(t);
    curl_easy_cleanup(t->easy);
    t->easy = NULL;
    t->deadline.data = t->uplink;
    uv_close((uv_handle_t *)&t->deadline, uplink_handle_closed);
}
