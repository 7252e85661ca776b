/* SPDX-License-Identifier: Apache-2.0 */
/* The page for people, and the same as JSON for scripts. Everything needs the token. */
#include "page.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "headers.h"
#include "http.h"
#include "store_backup.h"

#define BODY_MAX 16384

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                             "connect-src 'self'; media-src 'self'; img-src 'self'; "
                             "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/* Of its own for each token: browsers send cookies to every port of a host, and two receivers on
 * one machine must not take each other's away. */
static void cookie_name(const struct receiver *r, char ret_name[32])
{
    unsigned char hash[32];
    EVP_Digest(r->token, strlen(r->token), hash, NULL, EVP_sha256(), NULL);
    snprintf(ret_name, 32, "tocsin-%02x%02x%02x%02x", hash[0], hash[1], hash[2], hash[3]);
}

static bool is_token(const struct receiver *r, const char *given, size_t length)
{
    return given && length == strlen(r->token) && CRYPTO_memcmp(given, r->token, length) == 0;
}

/* The token in an address opens the page alone, which then takes it out of the address. */
static bool may_enter(const struct receiver *r, struct MHD_Connection *c, const char *url,
                      bool *ret_by_query)
{
    char name[32];
    cookie_name(r, name);
    const char *bearer = http_header(c, "Authorization");
    const char *cookie = MHD_lookup_connection_value(c, MHD_COOKIE_KIND, name);
    const char *query = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "token");
    *ret_by_query = strcmp(url, "/") == 0 && query && is_token(r, query, strlen(query));
    return *ret_by_query || (cookie && is_token(r, cookie, strlen(cookie))) ||
           (bearer && strncmp(bearer, "Bearer ", 7) == 0 &&
            is_token(r, bearer + 7, strlen(bearer + 7)));
}

static enum MHD_Result send_file(const struct receiver *r, struct MHD_Connection *c,
                                 const unsigned char *data, size_t length, const char *type,
                                 bool set_cookie)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, (void *)data, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Content-Security-Policy", policy);
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    if (set_cookie) {
        char name[32], cookie[400];
        cookie_name(r, name);
        snprintf(cookie, sizeof cookie, "%s=%s; HttpOnly; SameSite=Strict; Path=/", name, r->token);
        MHD_add_response_header(response, "Set-Cookie", cookie);
    }
    enum MHD_Result result = MHD_queue_response(c, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_no_range(struct MHD_Connection *c, int64_t size)
{
    char range[48];
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    snprintf(range, sizeof range, "bytes */%lld", (long long)size);
    MHD_add_response_header(response, "Content-Range", range);
    enum MHD_Result result = MHD_queue_response(c, 416, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_clip(struct receiver *r, struct MHD_Connection *c, const char *name)
{
    char manifest[37], path[4200], range[96];
    struct stat st;
    if (strlen(name) != 40 || strcmp(name + 36, ".mp4") != 0)
        return http_error(c, 404, "no such clip");
    snprintf(manifest, sizeof manifest, "%.36s", name);
    if (!event_is_uuid(manifest))
        return http_error(c, 404, "no such clip");
    snprintf(path, sizeof path, "%s/%s", store_clips_folder(r->store), name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0) {
        if (fd >= 0)
            close(fd);
        return http_error(c, 404, "no such clip, or it is not complete yet");
    }
    int64_t first = 0, last = st.st_size - 1;
    enum headers_range wanted = headers_range(http_header(c, "Range"), st.st_size, &first, &last);
    if (wanted == HEADERS_RANGE_NONE) {
        close(fd);
        return send_no_range(c, st.st_size);
    }
    bool part = wanted == HEADERS_RANGE_PART;
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64((uint64_t)(last - first + 1), fd, (uint64_t)first);
    MHD_add_response_header(response, "Content-Type", "video/mp4");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Accept-Ranges", "bytes");
    if (part) {
        snprintf(range, sizeof range, "bytes %lld-%lld/%lld", (long long)first, (long long)last,
                 (long long)st.st_size);
        MHD_add_response_header(response, "Content-Range", range);
    }
    enum MHD_Result result = MHD_queue_response(c, part ? 206 : 200, response);
    MHD_destroy_response(response);
    return result;
}

/* A form of another site cannot set these; a script of another site has another origin. */
static bool is_own_request(struct MHD_Connection *c)
{
    const char *type = http_header(c, "Content-Type"), *origin = http_header(c, "Origin");
    const char *host = http_header(c, "Host");
    if (!type || strncmp(type, "application/json", 16) != 0)
        return false;
    if (!origin)
        return true;
    const char *authority = strstr(origin, "://");
    return host && authority && strcmp(authority + 3, host) == 0;
}

/* For the log and the lamp of a school: one line, of bounded length. */
static bool is_line(const char *text, size_t max)
{
    size_t length = strlen(text);
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    }
    return length <= max;
}

static bool is_answer(const char *state)
{
    static const char *const states[] = {"seen", "coming", "closed", "rejected"};
    for (size_t i = 0; state && i < sizeof states / sizeof *states; i++) {
        if (strcmp(states[i], state) == 0)
            return true;
    }
    return false;
}

static enum MHD_Result put_answer(struct receiver *r, struct MHD_Connection *c, const json_t *o)
{
    const char *alarm = json_string_value(json_object_get(o, "alarm"));
    const char *source = json_string_value(json_object_get(o, "source"));
    const char *state = json_string_value(json_object_get(o, "state"));
    const char *by = json_string_value(json_object_get(o, "by"));
    const char *note = json_string_value(json_object_get(o, "note"));
    const json_t *seen = json_object_get(o, "seen"); /* without it: whatever is here */
    if (!alarm || !is_answer(state) || (seen && !json_is_integer(seen)) || !by || !by[0] ||
        !is_line(by, 100) || (note && !is_line(note, 400)))
        return http_error(c, 400,
                          "alarm, state (seen, coming, closed, rejected) and by are needed; "
                          "by is one line of 100 bytes at most, note one of 400, seen the "
                          "receiver_seq of the newest event that was looked at");
    int64_t seq = store_answer(r->store, alarm, source, state, by, note ? note : "",
                               seen ? json_integer_value(seen) : INT64_MAX);
    if (seq == STORE_OUTDATED)
        return http_error(c, 409,
                          "又有报警，请重新查看 · it was pressed again: look at it once more");
    if (seq < 0)
        return http_error(c, 503, "the store does not take anything now");
    if (seq == 0)
        return http_error(c, 404, "no such alarm, or several: name its source");
    return http_json(c, 200, json_pack("{sI}", "answer_seq", (json_int_t)seq));
}

static enum MHD_Result take_answer(struct receiver *r, struct MHD_Connection *c,
                                   const struct request *request)
{
    if (!is_own_request(c))
        return http_error(c, 403, "only this page may answer (application/json, same origin)");
    json_t *o = request->body ? json_loadb(request->body, request->length, 0, NULL) : NULL;
    enum MHD_Result result = put_answer(r, c, o);
    json_decref(o);
    return result;
}

/* The viewer is silent while it is made, however long that takes. */
static bool back_up(struct receiver *r, struct MHD_Connection *c, struct store_backup *ret_backup,
                    char ret_reason[200])
{
    MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
    bool good = store_backup(r->store, &r->stopping, ret_backup, ret_reason);
    MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, HTTP_VIEWER_TIMEOUT_S);
    if (!good)
        fprintf(stderr, "backup: none was made: %s\n", ret_reason);
    return good;
}

static enum MHD_Result take_backup(struct receiver *r, struct MHD_Connection *c)
{
    struct store_backup b;
    char reason[200];
    if (!is_own_request(c))
        return http_error(c, 403, "only scripts may ask for it (application/json)");
    if (atomic_exchange(&r->backing_up, true))
        return http_error(c, 409, "one is being made");
    bool good = back_up(r, c, &b, reason);
    atomic_store(&r->backing_up, false);
    if (!good)
        return http_error(c, 503, "no backup was made: %s", reason);
    return http_json(c, 200,
                     json_pack("{ss,sI,sI}", "file", b.path, "bytes", (json_int_t)b.bytes,
                               "receiver_seq", (json_int_t)b.receiver_seq));
}

static enum MHD_Result get(struct receiver *r, struct MHD_Connection *c, const char *url,
                           bool by_query)
{
    if (strcmp(url, "/") == 0)
        return send_file(r, c, embedded_index_html, embedded_index_html_length,
                         "text/html; charset=utf-8", by_query);
    if (strcmp(url, "/page.css") == 0)
        return send_file(r, c, embedded_page_css, embedded_page_css_length, "text/css", false);
    if (strcmp(url, "/page.js") == 0)
        return send_file(r, c, embedded_page_js, embedded_page_js_length, "text/javascript", false);
    if (strcmp(url, "/api/state") == 0)
        return http_text(c, 200, store_state(r->store, r->name));
    if (strcmp(url, "/api/events") == 0) {
        const char *after = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "after");
        return http_json(
            c, 200,
            json_pack("{so}", "events", store_events(r->store, after ? atoll(after) : 0, 1000)));
    }
    if (strncmp(url, "/api/events/", 12) == 0) {
        json_t *event = store_event(r->store, url + 12);
        return event ? http_json(c, 200, event) : http_error(c, 404, "no such event");
    }
    if (strcmp(url, "/api/stream") == 0)
        return stream_send(r, c);
    if (strncmp(url, "/clips/", 7) == 0)
        return send_clip(r, c, url + 7);
    return http_error(c, 404, "nothing is here");
}

enum MHD_Result page_handle(struct receiver *r, struct MHD_Connection *c,
                            const struct http_call *call)
{
    struct request *request = *call->state;
    const char *url = call->url, *method = call->method;
    bool by_query;
    if (!request) {
        request = calloc(1, sizeof *request);
        *call->state = request;
        return request ? MHD_YES : MHD_NO;
    }
    if (*call->length > 0) {
        http_collect(request, call->data, *call->length, BODY_MAX);
        *call->length = 0;
        return MHD_YES;
    }
    if (!may_enter(r, c, url, &by_query))
        return http_error(c, 401, "open the page with ?token=… (it is in the token file)");
    if (request->too_large)
        return http_error(c, 413, "the body is too large");
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return get(r, c, url, by_query);
    if (strcmp(method, "POST") == 0 && strcmp(url, "/api/answer") == 0)
        return take_answer(r, c, request);
    if (strcmp(method, "POST") == 0 && strcmp(url, "/api/backup") == 0)
        return take_backup(r, c);
    return http_error(c, 405, "no such method here");
}
