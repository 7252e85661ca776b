/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/encode.h"
#include "drivers/signer/signers.h"
#include "wire/digest.h"

static struct bench_shared *shared_memory;
static SSL_CTX *tls;
static struct signer *signer;
static pthread_mutex_t signing = PTHREAD_MUTEX_INITIALIZER;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "bench server: %s\n", what);
    exit(1);
}

/* The value of a header in a request, into `value`. */
static void header(const char *request, const char *name, char *value, size_t size)
{
    const char *at = strstr(request, name);
    value[0] = '\0';
    if (at)
        snprintf(value, size, "%.*s", (int)strcspn(at + strlen(name), "\r"), at + strlen(name));
}

static int build_answer(const char *request, char *answer, size_t size)
{
    char digest[DIGEST_HEADER_SIZE], key[64], body[400], own[DIGEST_HEADER_SIZE], params[256];
    char base[800], text[128];
    unsigned char hash[DIGEST_BYTES], signature[SIGNER_SIGNATURE_MAX];
    size_t length;
    struct err e;
    header(request, "Content-Digest: ", digest, sizeof digest);
    header(request, "Idempotency-Key: ", key, sizeof key);
    snprintf(body, sizeof body,
             "{\"event\":%s,\"digest\":\"%s\",\"received_at\":\"2026-01-01T00:00:00Z\","
             "\"receiver_seq\":1,\"state\":\"stored\",\"answers\":[]}",
             key[0] ? key : "\"\"", digest);
    digest_sha256(body, strlen(body), hash);
    digest_header(hash, own);
    snprintf(params, sizeof params,
             "(\"@status\" \"content-digest\" \"content-digest\";req);created=%lld;keyid=\"%s\";"
             "alg=\"%s\";tag=\"tocsin-v1-receipt\"",
             (long long)time(NULL), signer->keyid, signer->algorithm);
    int base_length = snprintf(base, sizeof base,
                               "\"@status\": 200\n\"content-digest\": %s\n"
                               "\"content-digest\";req: %s\n\"@signature-params\": %s",
                               own, digest, params);
    pthread_mutex_lock(&signing);
    signer->driver->sign(signer, base, (size_t)base_length, signature, &length, &e);
    pthread_mutex_unlock(&signing);
    encode_base64(signature, length, text);
    return snprintf(answer, size,
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                    "Content-Digest: %s\r\nSignature-Input: sig1=%s\r\nSignature: sig1=:%s:\r\n\r\n"
                    "%s",
                    strlen(body), own, params, text, body);
}

/* Reads one request (head and body); 0 at the end of the connection. */
static int read_request(SSL *ssl, char *buffer, size_t size)
{
    size_t used = 0;
    for (;;) {
        int got = SSL_read(ssl, buffer + used, (int)(size - used - 1));
        if (got <= 0)
            return 0;
        used += (size_t)got;
        buffer[used] = '\0';
        char *end = strstr(buffer, "\r\n\r\n"), *length = strstr(buffer, "Content-Length: ");
        if (end && length && used >= (size_t)(end + 4 - buffer) + strtoul(length + 16, NULL, 10))
            return 1;
    }
}

static void *serve_connection(void *arg)
{
    int fd = (int)(intptr_t)arg, one = 1;
    char request[32768], answer[2048];
    SSL *ssl = SSL_new(tls);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        for (;;) {
            struct pollfd readable = {.fd = fd, .events = POLLIN};
            if (!SSL_pending(ssl))
                poll(&readable, 1, -1);
            int64_t at_ns = now_ns();
            if (!read_request(ssl, request, sizeof request))
                break;
            const char *pressed = strstr(request, "\"monoms\":");
            bool is_press = strstr(request, "alarm.raised\"") && pressed;
            if (is_press)
                atomic_store(&shared_memory->pressed_ms, strtoll(pressed + 9, NULL, 10));
            if (is_press || strstr(request, "X-Floor: 1"))
                atomic_store(&shared_memory->first_byte_ns, at_ns);
            int length = build_answer(request, answer, sizeof answer);
            if (SSL_write(ssl, answer, length) != length)
                break;
        }
    }
    SSL_free(ssl);
    close(fd);
    return NULL;
}

static void open_tls(const char *pki)
{
    char cert[512], key[512], receipt[512];
    struct err e;
    snprintf(cert, sizeof cert, "%s/police.pem", pki);
    snprintf(key, sizeof key, "%s/police.key", pki);
    snprintf(receipt, sizeof receipt, "%s/police-receipt.key", pki);
    tls = SSL_CTX_new(TLS_server_method());
    if (!tls || SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
        die("certificate");
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    snprintf(cert, sizeof cert, "%s/ca.pem", pki);
    if (SSL_CTX_load_verify_locations(tls, cert, NULL) != 1)
        die("authority");
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    char *path = receipt;
    if (signer_pem.open(&path, &signer, &e) != 0)
        die(e.text);
}

void bench_serve(const char *pki, struct bench_shared *shared)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    signal(SIGPIPE, SIG_IGN); /* gateways come and go */
    shared_memory = shared;
    open_tls(pki);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 16) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        die("listen");
    atomic_store(&shared->port, ntohs(address.sin_port));
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) {
        pthread_t thread;
        pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)fd);
        pthread_detach(thread);
    }
}
