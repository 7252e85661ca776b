/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "drivers/uplink/https/https.h"

#define SIGNATURE_LIFE_S 300

/* A socket of libcurl's, watched by the loop. Its handle is closed before libcurl closes it. */
struct watch {
    uv_poll_t poll;
    struct uplink *uplink;
    curl_socket_t socket;
};

static void collect(struct uplink *u);

void uplink_handle_closed(uv_handle_t *handle)
{
    struct uplink *u = handle->data;
    if (--u->handles == 0)
        free(u);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    struct uplink *u = w->uplink;
    free(w);
    if (--u->handles == 0)
        free(u);
}

static void act(struct uplink *u, curl_socket_t socket, int flags)
{
    int running;
    curl_multi_socket_action(u->multi, socket, flags, &running);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct uplink *u = w->uplink;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(u, w->socket, flags);
    collect(u);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *socket_arg)
{
    (void)easy;
    struct uplink *u = arg;
    struct watch *w = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            curl_multi_assign(u->multi, socket, NULL);
            uv_close((uv_handle_t *)&w->poll, on_watch_closed);
        }
        return 0;
    }
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w || uv_poll_init_socket(u->loop, &w->poll, socket) != 0) {
            free(w);
            return -1;
        }
        w->poll.data = w;
        w->uplink = u;
        w->socket = socket;
        u->handles++;
        curl_multi_assign(u->multi, socket, w);
    }
    int events = what == CURL_POLL_IN    ? UV_READABLE
                 : what == CURL_POLL_OUT ? UV_WRITABLE
                                         : UV_READABLE | UV_WRITABLE;
    uv_poll_start(&w->poll, events, on_ready);
    return 0;
}

static void on_curl_timer(uv_timer_t *timer)
{
    struct uplink *u = timer->data;
    act(u, CURL_SOCKET_TIMEOUT, 0);
    collect(u);
}

static int on_timer_wish(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct uplink *u = arg;
    if (timeout_ms < 0)
        uv_timer_stop(&u->curl_timer);
    else
        uv_timer_start(&u->curl_timer, on_curl_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

int transfer_start_multi(struct uplink *u, struct err *e)
{
    u->multi = curl_multi_init();
    if (!u->multi)
        return err_set(e, ENOMEM, "libcurl: out of memory");
    curl_multi_setopt(u->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(u->multi, CURLMOPT_SOCKETDATA, u);
    curl_multi_setopt(u->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(u->multi, CURLMOPT_TIMERDATA, u);
    curl_multi_setopt(u->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(u->multi, CURLMOPT_MAXCONNECTS, 8L);
    uv_timer_init(u->loop, &u->curl_timer);
    u->curl_timer.data = u;
    u->handles++;
    return 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t length = size * count;
    if (length > HTTPS_ANSWER_MAX - t->answer.length) {
        snprintf(t->answer.reason, sizeof t->answer.reason,
                 "the answer is larger than %d bytes: not a Tocsin receiver?", HTTPS_ANSWER_MAX);
        return 0;
    }
    memcpy(t->answer.body + t->answer.length, bytes, length);
    t->answer.length += length;
    return length;
}

/* If the line is the header `name`, its value without white space around it, cut to `size`. */
static bool take_header(const char *line, size_t length, const char *name, char *ret_value,
                        size_t size)
{
    size_t name_length = strlen(name);
    if (length <= name_length || line[name_length] != ':' ||
        strncasecmp(line, name, name_length) != 0)
        return false;
    const char *at = line + name_length + 1, *end = line + length;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
        end--;
    /* A second header of the name, or one too long, makes the value unusable. */
    bool usable = ret_value[0] == '\0' && (size_t)(end - at) < size;
    snprintf(ret_value, size, "%.*s", usable ? (int)(end - at) : 1, usable ? at : "?");
    return true;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    struct https_answer *a = &t->answer;
    size_t length = size * count;
    a->header_bytes += length;
    if (a->header_bytes > HTTPS_HEADERS_MAX) {
        snprintf(a->reason, sizeof a->reason, "the answer's headers are larger than %d bytes",
                 HTTPS_HEADERS_MAX);
        return 0;
    }
    char number[24] = "";
    if (take_header(line, length, "content-digest", a->content_digest, sizeof a->content_digest) ||
        take_header(line, length, "signature-input", a->signature_input,
                    sizeof a->signature_input) ||
        take_header(line, length, "signature", a->signature, sizeof a->signature) ||
        take_header(line, length, "location", a->location, sizeof a->location))
        return length;
    if (take_header(line, length, "upload-offset", number, sizeof number))
        a->upload_offset = number[0] >= '0' && number[0] <= '9' ? atoll(number) : -1;
    else if (take_header(line, length, "retry-after", number, sizeof number))
        a->retry_after_s = atoll(number);
    return length;
}

/* A clock that cannot be true must not keep an alarm in: certificates are then checked for
 * everything but their dates. */
static CURLcode on_tls_context(CURL *easy, void *context, void *arg)
{
    (void)easy;
    (void)arg;
    struct clock_stamp now = clock_stamp_at(clock_monotonic_ns(), 0);
    if (now.quality == CLOCK_QUALITY_UNKNOWN && clock_wall_ms() < clock_build_ms())
        X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_NO_CHECK_TIME);
    return CURLE_OK;
}

int transfer_set_up(struct uplink *u, struct transfer *t, struct err *e)
{
    t->uplink = u;
    t->easy = curl_easy_init();
    if (!t->easy)
        return err_set(e, ENOMEM, "libcurl: out of memory");
    uv_timer_init(u->loop, &t->deadline);
    t->deadline.data = t;
    u->handles++;
    const struct https_options *o = u->options;
    CURL *c = t->easy;
    curl_easy_setopt(c, CURLOPT_PRIVATE, t);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file);
    curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(c, CURLOPT_SSLCERT, o->cert_file);
    curl_easy_setopt(c, CURLOPT_SSLKEY, o->key_file);
    curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "tocsin/" TOCSIN_VERSION);
    return 0;
}

static void finish(struct transfer *t)
{
    uv_timer_stop(&t->deadline);
    t->active = false;
    t->done(t);
}

static void on_deadline(uv_timer_t *timer)
{
    struct transfer *t = timer->data;
    struct uplink *u = t->uplink;
    if (t->active) {
        curl_multi_remove_handle(u->multi, t->easy);
        t->answer.status = 0;
        t->answer.broken = true;
        if (!t->answer.reason[0])
            snprintf(t->answer.reason, sizeof t->answer.reason, "no complete answer within %lld ms",
                     (long long)uv_timer_get_repeat(timer));
        address_failed(u);
    }
    finish(t);
}

static bool is_tls_refusal(CURLcode code, const char *text)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
           code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR ||
           code == CURLE_SSL_PINNEDPUBKEYNOTMATCH || strstr(text, "alert") != NULL;
}

static void take_outcome(struct transfer *t, CURLcode code)
{
    struct https_answer *a = &t->answer;
    if (code == CURLE_OK) {
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &a->status);
        a->body[a->length] = '\0';
        address_works(t->uplink);
        return;
    }
    const char *text = t->error[0] ? t->error : curl_easy_strerror(code);
    a->status = 0;
    a->broken = true;
    a->refused = is_tls_refusal(code, text);
    if (!a->reason[0])
        snprintf(a->reason, sizeof a->reason, "%s", text);
    if (code == CURLE_COULDNT_CONNECT)
        address_failed(t->uplink);
}

/* A connection that broke says nothing good of its neighbours: every lane dials anew. */
static void mark_fresh(struct uplink *u)
{
    for (int i = 0; i < UPLINK_LANE_COUNT; i++)
        u->lanes[i].transfer.fresh = true;
    u->tus.transfer.fresh = true;
}

static void collect(struct uplink *u)
{
    int left;
    for (CURLMsg *m; !u->closing && (m = curl_multi_info_read(u->multi, &left));) {
        if (m->msg != CURLMSG_DONE)
            continue;
        struct transfer *t;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        curl_multi_remove_handle(u->multi, t->easy);
        take_outcome(t, code);
        if (t->answer.broken)
            mark_fresh(u);
        finish(t);
    }
}

static void on_failed_start(uv_timer_t *timer)
{
    finish(timer->data);
}

static void fail_start(struct transfer *t, const char *reason)
{
    snprintf(t->answer.reason, sizeof t->answer.reason, "%s", reason);
    uv_timer_start(&t->deadline, on_failed_start, 0, 0);
}

static bool append(struct transfer *t, const char *line)
{
    struct curl_slist *grown = curl_slist_append(t->headers, line);
    if (grown)
        t->headers = grown;
    return grown != NULL;
}

static int sign_headers(struct transfer *t, const unsigned char digest[DIGEST_BYTES],
                        const char *content_type, const char *const *extra, struct err *e)
{
    struct profile_request request = {.method = t->method, .target_uri = t->url};
    memcpy(request.digest, digest, DIGEST_BYTES);
    request.created_s = clock_wall_ms() / 1000;
    request.expires_s = request.created_s + SIGNATURE_LIFE_S;
    uuid_random(request.nonce, sizeof request.nonce);
    int result = profile_sign(t->uplink->host.signer, &request, &t->sent, e);
    if (result != 0)
        return result;
    char line[SIGNATURE_INPUT_MAX + 32];
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    bool good = append(t, "Expect:");
    snprintf(line, sizeof line, "Content-Type: %s", content_type);
    good = good && append(t, line);
    snprintf(line, sizeof line, "Content-Digest: %s", t->sent.content_digest);
    good = good && append(t, line);
    snprintf(line, sizeof line, "Signature-Input: %s", t->sent.signature_input);
    good = good && append(t, line);
    snprintf(line, sizeof line, "Signature: %s", t->sent.signature);
    good = good && append(t, line);
    for (; good && extra && *extra; extra++)
        good = append(t, *extra);
    return good ? 0 : err_set(e, ENOMEM, "out of memory");
}

void transfer_start(struct transfer *t, const char *method, const char *url, const void *body,
                    size_t length, const unsigned char digest[DIGEST_BYTES],
                    const char *content_type, const char *const *extra, int64_t timeout_ms,
                    transfer_handler done)
{
    assert(!t->active);
    struct uplink *u = t->uplink;
    struct https_answer *a = &t->answer;
    a->status = 0;
    a->reason[0] = a->content_digest[0] = a->signature_input[0] = a->signature[0] = '\0';
    a->location[0] = t->error[0] = '\0';
    a->refused = a->broken = false;
    a->length = a->header_bytes = 0;
    a->upload_offset = -1;
    a->retry_after_s = 0;
    t->done = done;
    t->method = method;
    snprintf(t->url, sizeof t->url, "%s", url);
    if (!address_known(u)) {
        char reason[256];
        snprintf(reason, sizeof reason, "the address of %s is not known: %s", u->name,
                 u->address_reason[0] ? u->address_reason : "the look-up is still under way");
        address_look_up(u);
        fail_start(t, reason);
        return;
    }
    struct err e;
    if (sign_headers(t, digest, content_type, extra, &e) != 0) {
        fail_start(t, e.text);
        return;
    }
    CURL *c = t->easy;
    curl_easy_setopt(c, CURLOPT_URL, t->url);
    curl_easy_setopt(c, CURLOPT_CONNECT_TO, u->connect_to);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(c, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, length ? body : "");
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, strcmp(method, "POST") == 0 ? NULL : method);
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, (long)t->fresh);
    t->fresh = false;
    t->active = true;
    uv_timer_start(&t->deadline, on_deadline, (uint64_t)timeout_ms, (uint64_t)timeout_ms);
    CURLMcode code = curl_multi_add_handle(u->multi, c);
    if (code != CURLM_OK) {
        t->active = false;
        fail_start(t, curl_multi_strerror(code));
        return;
    }
    /* The first bytes leave now, not at libcurl's next timer. What it finishes at once is told by
     * the timer it asks for, so that `done` never runs inside this call. */
    act(u, CURL_SOCKET_TIMEOUT, 0);
    uv_timer_start(&u->curl_timer, on_curl_timer, 0, 0);
}

void transfer_stop(struct transfer *t)
{
    if (t->active)
        curl_multi_remove_handle(t->uplink->multi, t->easy);
    t->active = false;
    uv_timer_stop(&t->deadline);
}

static void on_deadline_closed(uv_handle_t *handle)
{
    struct transfer *t = handle->data;
    handle->data = t->uplink;
    uplink_handle_closed(handle);
}

void transfer_tear_down(struct transfer *t)
{
    if (!t->easy)
        return;
    transfer_stop(t);
    curl_easy_cleanup(t->easy);
    t->easy = NULL;
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    uv_close((uv_handle_t *)&t->deadline, on_deadline_closed);
}
