/* SPDX-License-Identifier: Apache-2.0 */
#include "mock_receiver.h"

#include <check.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/encode.h"
#include "drivers/signer/signers.h"
#include "mock_pki.h"
#include "wire/digest.h"

#define REQUEST_MAX (6 << 20)

struct mock_connection {
    uv_tcp_t tcp;
    struct mock *mock;
    LIST_ENTRY(mock_connection) next;
    unsigned number;
    SSL *ssl;
    BIO *in, *out;
    bool shaken, closing;
    char *request;
    size_t used;
    char buffer[65536];
};

struct write {
    uv_write_t request;
    char bytes[];
};

static void free_connection(uv_handle_t *handle)
{
    struct mock_connection *c = handle->data;
    LIST_REMOVE(c, next);
    SSL_free(c->ssl);
    free(c->request);
    free(c);
}

static void hang_up(struct mock_connection *c)
{
    if (!c->closing)
        uv_close((uv_handle_t *)&c->tcp, free_connection);
    c->closing = true;
}

static void on_written(uv_write_t *request, int status)
{
    (void)status;
    free(request->data);
}

/* What TLS has to say goes out. */
static void flush(struct mock_connection *c)
{
    int waiting = (int)BIO_ctrl_pending(c->out);
    if (waiting <= 0 || c->closing)
        return;
    struct write *w = malloc(sizeof *w + (size_t)waiting);
    ck_assert_ptr_nonnull(w);
    w->request.data = w;
    uv_buf_t buffer = uv_buf_init(w->bytes, (unsigned)BIO_read(c->out, w->bytes, waiting));
    if (uv_write(&w->request, (uv_stream_t *)&c->tcp, &buffer, 1, on_written) != 0)
        free(w);
}

const char *mock_header(const struct mock_request *request, const char *name)
{
    static char value[1024];
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
    const char *at = strcasestr(request->headers, wanted);
    if (!at)
        return NULL;
    at += strlen(wanted);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
    return value;
}

size_t mock_count(const struct mock *mock, const char *method)
{
    size_t found = 0;
    for (size_t i = 0; i < mock->count; i++)
        found += strcmp(mock->requests[i].method, method) == 0;
    return found;
}

const struct mock_request *mock_last(const struct mock *mock, const char *method)
{
    for (size_t i = mock->count; i-- > 0;) {
        if (strcmp(mock->requests[i].method, method) == 0)
            return &mock->requests[i];
    }
    ck_abort_msg("no %s came", method);
}

static void make_body(const struct mock_request *request, const struct mock_reply *reply,
                      char *body, size_t size)
{
    char digest[DIGEST_HEADER_SIZE], key[100] = "\"\"";
    const char *header = mock_header(request, "Idempotency-Key");
    if (header)
        snprintf(key, sizeof key, "%s", header);
    digest_header(request->digest, digest);
    if (reply->flaw == MOCK_OTHER_EVENT)
        snprintf(key, sizeof key, "\"01890a5d-ac96-774b-bcce-b302099a8057\"");
    if (reply->flaw == MOCK_OTHER_DIGEST)
        digest[12] = digest[12] == 'A' ? 'B' : 'A';
    if (reply->body)
        snprintf(body, size, "%s", reply->body);
    else if (reply->clip)
        snprintf(body, size,
                 "{\"clip\":\"%s\",\"digest\":\"%s\",\"received_at\":\"2026-01-01T00:00:00Z\","
                 "\"receiver_seq\":1,\"state\":\"stored\",\"answers\":[]}",
                 reply->clip, reply->digest);
    else
        snprintf(body, size,
                 "{\"event\":%s,\"digest\":\"%s\",\"received_at\":\"2026-01-01T00:00:00Z\","
                 "\"receiver_seq\":1,\"state\":\"stored\",\"answers\":%s}",
                 key, digest, reply->answers ? reply->answers : "[]");
}

/* The signature headers of an answer with this body. */
static void sign(struct mock *mock, const struct mock_request *request,
                 const struct mock_reply *reply, const char *body, char *headers, size_t size)
{
    unsigned char hash[DIGEST_BYTES], signature[SIGNER_SIGNATURE_MAX];
    char own[DIGEST_HEADER_SIZE], asked[DIGEST_HEADER_SIZE], params[256], base[800], text[128];
    struct signer *s = reply->flaw == MOCK_OTHER_KEY ? mock->other : mock->receipt;
    size_t length;
    struct err e;
    digest_sha256(body, strlen(body), hash);
    digest_header(hash, own);
    digest_header(request->digest, asked);
    snprintf(params, sizeof params,
             "(\"@status\" \"content-digest\" \"content-digest\";req);created=%lld;keyid=\"%s\";"
             "alg=\"%s\";tag=\"tocsin-v1-receipt\"",
             (long long)time(NULL), s->keyid, s->algorithm);
    int base_length = snprintf(base, sizeof base,
                               "\"@status\": %d\n\"content-digest\": %s\n"
                               "\"content-digest\";req: %s\n\"@signature-params\": %s",
                               reply->status, own, asked, params);
    ck_assert_int_eq(s->driver->sign(s, base, (size_t)base_length, signature, &length, &e), 0);
    signature[0] ^= reply->flaw == MOCK_BAD_SIGNATURE;
    encode_base64(signature, length, text);
    snprintf(headers, size, "Content-Digest: %s\r\nSignature-Input: sig1=%s\r\n", own, params);
    for (int i = 0; i < (reply->flaw == MOCK_TWO_SIGNATURES ? 2 : 1); i++)
        snprintf(headers + strlen(headers), size - strlen(headers), "Signature: sig1=:%s:\r\n",
                 text);
}

static void write_huge(struct mock_connection *c, enum mock_flaw flaw)
{
    char piece[1000];
    memset(piece, 'x', sizeof piece);
    memcpy(piece, "X-Filler: ", 10);
    memcpy(piece + sizeof piece - 2, "\r\n", 2);
    const char *head = flaw == MOCK_HUGE_BODY ? "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"
                                              : "HTTP/1.1 200 OK\r\n";
    SSL_write(c->ssl, head, (int)strlen(head));
    for (int i = 0; i < 200; i++)
        SSL_write(c->ssl, piece, sizeof piece);
}

static void answer(struct mock_connection *c, const struct mock_request *request)
{
    static char text[16384], body[8192], headers[2048];
    struct mock *mock = c->mock;
    struct mock_reply reply = {.status = 0};
    if (mock->on_request)
        mock->on_request(mock, request, &reply);
    if (reply.status == 0)
        reply.status = 200;
    if (reply.flaw == MOCK_SILENT)
        return;
    if (reply.flaw == MOCK_HANG_UP) {
        hang_up(c);
        return;
    }
    if (reply.flaw == MOCK_HUGE_BODY || reply.flaw == MOCK_HUGE_HEADERS) {
        write_huge(c, reply.flaw);
        return;
    }
    make_body(request, &reply, body, sizeof body);
    headers[0] = '\0';
    if (reply.flaw != MOCK_NO_SIGNATURE)
        sign(mock, request, &reply, body, headers, sizeof headers);
    if (reply.flaw == MOCK_OTHER_BODY)
        body[strlen(body) - 1] = ' ';
    bool empty = strcmp(request->method, "HEAD") == 0 || reply.status == 204;
    char size[40] = "";
    if (reply.status != 204)
        snprintf(size, sizeof size, "Content-Length: %zu\r\n",
                 strcmp(request->method, "HEAD") == 0 ? 0 : strlen(body));
    int length = snprintf(text, sizeof text, "HTTP/1.1 %d X\r\n%s%s%s\r\n%s", reply.status, size,
                          headers, reply.headers ? reply.headers : "", empty ? "" : body);
    SSL_write(c->ssl, text, length);
    flush(c);
    if (reply.flaw == MOCK_CLOSE_AFTER)
        hang_up(c);
}

/* Takes one whole request off the front, if there is one. */
static bool take_request(struct mock_connection *c)
{
    struct mock *mock = c->mock;
    c->request[c->used] = '\0';
    char *end = strstr(c->request, "\r\n\r\n");
    if (!end || c->closing)
        return false;
    size_t head = (size_t)(end - c->request) + 4, length = 0;
    ck_assert_uint_lt(mock->count, MOCK_REQUESTS_MAX);
    struct mock_request *r = &mock->requests[mock->count];
    *r = (struct mock_request){.connection = c->number};
    sscanf(c->request, "%7s %199s", r->method, r->path);
    snprintf(r->headers, sizeof r->headers, "%.*s", (int)head, c->request);
    if (mock_header(r, "Content-Length"))
        length = strtoul(mock_header(r, "Content-Length"), NULL, 10);
    if (c->used < head + length)
        return false;
    r->length = length;
    digest_sha256(c->request + head, length, r->digest);
    c->used -= head + length;
    memmove(c->request, c->request + head + length, c->used);
    mock->count++;
    answer(c, r);
    return true;
}

static void pump(struct mock_connection *c)
{
    if (!c->shaken) {
        int result = SSL_accept(c->ssl);
        flush(c);
        if (result != 1) {
            if (SSL_get_error(c->ssl, result) != SSL_ERROR_WANT_READ)
                hang_up(c);
            return;
        }
        c->shaken = true;
        c->mock->handshakes++;
    }
    int got;
    while (!c->closing &&
           (got = SSL_read(c->ssl, c->request + c->used, (int)(REQUEST_MAX - c->used - 1))) > 0) {
        c->used += (size_t)got;
        while (take_request(c))
            ;
    }
    flush(c);
}

static void on_alloc(uv_handle_t *handle, size_t wish, uv_buf_t *ret_buffer)
{
    struct mock_connection *c = handle->data;
    (void)wish;
    *ret_buffer = uv_buf_init(c->buffer, sizeof c->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct mock_connection *c = stream->data;
    if (length < 0) {
        hang_up(c);
        return;
    }
    BIO_write(c->in, buffer->base, (int)length);
    pump(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct mock *mock = listener->data;
    ck_assert_int_eq(status, 0);
    struct mock_connection *c = calloc(1, sizeof *c);
    ck_assert_ptr_nonnull(c);
    c->mock = mock;
    c->number = ++mock->connections;
    c->request = malloc(REQUEST_MAX);
    c->ssl = SSL_new(mock->tls);
    c->in = BIO_new(BIO_s_mem());
    c->out = BIO_new(BIO_s_mem());
    SSL_set_bio(c->ssl, c->in, c->out);
    uv_tcp_init(mock->loop, &c->tcp);
    c->tcp.data = c;
    LIST_INSERT_HEAD(&mock->all, c, next);
    ck_assert_int_eq(uv_accept(listener, (uv_stream_t *)&c->tcp), 0);
    uv_tcp_nodelay(&c->tcp, 1);
    uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

static struct signer *open_signer(const char *name)
{
    struct signer *signer;
    struct err e;
    char *path = mock_pki_path(name);
    ck_assert_msg(signer_pem.open(&path, &signer, &e) == 0, "%s", e.text);
    free(path);
    return signer;
}

static SSL_CTX *open_tls(const char *certificate)
{
    char name[64];
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    snprintf(name, sizeof name, "%s.pem", certificate);
    char *chain = mock_pki_path(name), *ca = mock_pki_path("ca.pem");
    snprintf(name, sizeof name, "%s.key", certificate);
    char *key = mock_pki_path(name);
    ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(tls, chain), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM), 1);
    ck_assert_int_eq(SSL_CTX_load_verify_locations(tls, ca, NULL), 1);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    free(chain);
    free(ca);
    free(key);
    return tls;
}

void mock_open(struct mock *mock, uv_loop_t *loop, const char *certificate, int port)
{
    struct sockaddr_in address;
    int size = sizeof address;
    *mock = (struct mock){.loop = loop, .listening = true};
    mock->tls = open_tls(certificate);
    mock->receipt = open_signer("receipt.key");
    mock->other = open_signer("other.key");
    uv_ip4_addr("127.0.0.1", port, &address);
    uv_tcp_init(loop, &mock->listener);
    mock->listener.data = mock;
    ck_assert_int_eq(uv_tcp_bind(&mock->listener, (struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&mock->listener, 16, on_connection), 0);
    uv_tcp_getsockname(&mock->listener, (struct sockaddr *)&address, &size);
    mock->port = ntohs(address.sin_port);
}

void mock_hang_up(struct mock *mock)
{
    struct mock_connection *c;
    LIST_FOREACH(c, &mock->all, next)
    hang_up(c);
}

void mock_close(struct mock *mock)
{
    if (!mock->listening)
        return;
    mock->listening = false;
    mock_hang_up(mock);
    uv_close((uv_handle_t *)&mock->listener, NULL);
    mock->receipt->driver->close(mock->receipt);
    mock->other->driver->close(mock->other);
    SSL_CTX_free(mock->tls);
}
