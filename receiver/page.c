/* SPDX-License-Identifier: Apache-2.0 */
/* The page for people, and the same as JSON for scripts. Everything needs the token. */
#include "page.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http.h"

#define BODY_MAX 16384

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                             "connect-src 'self'; media-src 'self'; img-src 'self'; "
                             "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static bool is_token(const struct receiver *r, const char *given, size_t length)
{
    return given && length == strlen(r->token) && CRYPTO_memcmp(given, r->token, length) == 0;
}

static bool may_enter(const struct receiver *r, struct MHD_Connection *c, bool *ret_by_query)
{
    const char *bearer = http_header(c, "Authorization");
    const char *cookie = MHD_lookup_connection_value(c, MHD_COOKIE_KIND, "tocsin");
    const char *query = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "token");
    *ret_by_query = query && is_token(r, query, strlen(query));
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
        char cookie[400];
        snprintf(cookie, sizeof cookie, "tocsin=%s; HttpOnly; SameSite=Strict; Path=/", r->token);
        MHD_add_response_header(response, "Set-Cookie", cookie);
    }
    enum MHD_Result result = MHD_queue_response(c, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* A viewer's stream: a line whenever something has changed. It lives in its own thread. */
struct stream {
    struct receiver *receiver;
    int64_t version;
    bool begun;
};

static ssize_t read_stream(void *arg, uint64_t position, char *buffer, size_t size)
{
    struct stream *s = arg;
    (void)position;
    if (!s->begun) {
        s->begun = true;
        return snprintf(buffer, size, "retry: 1000\ndata: %lld\n\n", (long long)s->version);
    }
    for (int i = 0; i < 10; i++) {
        int64_t version = store_wait(s->receiver->store, s->version, 1000);
        if (atomic_load(&s->receiver->stopping))
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (version != s->version) {
            s->version = version;
            return snprintf(buffer, size, "data: %lld\n\n", (long long)version);
        }
    }
    return snprintf(buffer, size, ": still here\n\n");
}

static enum MHD_Result send_stream(struct receiver *r, struct MHD_Connection *c)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return MHD_NO;
    s->receiver = r;
    s->version = store_version(r->store);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 256, read_stream, s, free);
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result result = MHD_queue_response(c, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* "bytes=A-B", "bytes=A-" or "bytes=-N"; anything else is the whole file. */
static bool read_range(const char *header, int64_t size, int64_t *ret_first, int64_t *ret_last)
{
    long long first, last;
    if (!header || strchr(header, ','))
        return false;
    if (sscanf(header, "bytes=%lld-%lld", &first, &last) == 2 && first >= 0) {
        *ret_first = first;
        *ret_last = last < size ? last : size - 1;
    } else if (sscanf(header, "bytes=-%lld", &last) == 1 && last > 0) {
        *ret_first = last < size ? size - last : 0;
        *ret_last = size - 1;
    } else if (sscanf(header, "bytes=%lld-", &first) == 1 && first >= 0) {
        *ret_first = first;
        *ret_last = size - 1;
    } else {
        return false;
    }
    return true;
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
    bool part = read_range(http_header(c, "Range"), st.st_size, &first, &last);
    if (part && (first >= st.st_size || last < first)) {
        close(fd);
        return http_error(c, 416, "no such range");
    }
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64((uint64_t)(last - first + 1), fd, (uint64_t)first);
    MHD_add_response_header(response, "Content-Type", "video/mp4");
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

static enum MHD_Result take_answer(struct receiver *r, struct MHD_Connection *c,
                                   const struct request *request)
{
    static const char *const states[] = {"seen", "coming", "closed", "rejected"};
    json_t *o = request->body ? json_loadb(request->body, request->length, 0, NULL) : NULL;
    const char *alarm = json_string_value(json_object_get(o, "alarm"));
    const char *state = json_string_value(json_object_get(o, "state"));
    const char *by = json_string_value(json_object_get(o, "by"));
    const char *note = json_string_value(json_object_get(o, "note"));
    bool legal = false;
    for (size_t i = 0; state && i < 4; i++)
        legal = legal || strcmp(states[i], state) == 0;
    enum MHD_Result result;
    if (!is_own_request(c)) {
        result = http_error(c, 403, "only this page may answer (application/json, same origin)");
    } else if (!alarm || !legal || !by || !by[0] || strlen(by) > 100 ||
               (note && strlen(note) > 400)) {
        result = http_error(c, 400,
                            "alarm, state (seen, coming, closed, rejected) and by are "
                            "needed; a note may have 400 bytes");
    } else {
        int64_t seq = store_answer(r->store, alarm, state, by, note ? note : "");
        result = seq ? http_json(c, 200, json_pack("{sI}", "answer_seq", (json_int_t)seq))
                     : http_error(c, 404, "no such alarm");
    }
    json_decref(o);
    return result;
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
    if (strcmp(url, "/api/state") == 0) {
        json_t *state = store_state(r->store);
        json_object_set_new(state, "receiver", json_string(r->name));
        return http_json(c, 200, state);
    }
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
        return send_stream(r, c);
    if (strncmp(url, "/clips/", 7) == 0)
        return send_clip(r, c, url + 7);
    return http_error(c, 404, "nothing is here");
}

enum MHD_Result page_handle(void *arg, struct MHD_Connection *c, const char *url,
                            const char *method, const char *version, const char *data,
                            size_t *length, void **state)
{
    struct receiver *r = arg;
    struct request *request = *state;
    bool by_query;
    (void)version;
    if (!request) {
        request = calloc(1, sizeof *request);
        *state = request;
        return request ? MHD_YES : MHD_NO;
    }
    if (*length > 0) {
        http_collect(request, data, *length, BODY_MAX);
        *length = 0;
        return MHD_YES;
    }
    if (!may_enter(r, c, &by_query))
        return http_error(c, 401, "open the page with ?token=… (it is in the token file)");
    if (request->too_large)
        return http_error(c, 413, "the body is too large");
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return get(r, c, url, by_query);
    if (strcmp(method, "POST") == 0 && strcmp(url, "/api/answer") == 0)
        return take_answer(r, c, request);
    return http_error(c, 405, "no such method here");
}
