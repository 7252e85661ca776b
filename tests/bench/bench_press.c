/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an edge handed to the core to the first byte on the wire, and to the verified receipt: the
 * whole gateway (loop, store, signer, libcurl) in this process, a TLS server in another, and the
 * floor in the same run, press by press: the same bytes appended to a file and fdatasynced, signed,
 * and written raw with OpenSSL on a warm connection.
 *
 *   bench_press PKI-FOLDER STATE-FOLDER [PRESSES]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "bench_config.h"
#include "bench_server.h"
#include "bench_stats.h"
#include "dispatch/dispatch.h"
#include "drivers/input/inputs.h"
#include "gateway/internal.h"
#include "wire/profile.h"
#include "wire/receipt.h"

#define BUTTONS BENCH_BUTTONS
#define WARM_UP 50

struct bench {
    struct gateway *gw;
    struct bench_shared *shared;
    uv_check_t check;
    uv_timer_t pause;
    size_t wanted, done;
    size_t button;
    int64_t pressed_ns, sent_ns;
    bool waiting;
    int64_t quiet_ns;
    /* floor */
    SSL *ssl;
    int file;
    struct key_ring receipt_keys;
    char url[128];
    struct bench_series first, receipt, floor_first, floor_receipt, commit, sign, stored, sent;
};

/* When the press was handed to dispatch: the linker gives us the call (see CMakeLists.txt). */
static int64_t offered_ns;

void __real_dispatch_offer(struct dispatch *d, struct event *event);
void __wrap_dispatch_offer(struct dispatch *d, struct event *event);

void __wrap_dispatch_offer(struct dispatch *d, struct event *event)
{
    if (event->class == EVENT_CLASS_PRESS)
        offered_ns = clock_monotonic_ns();
    __real_dispatch_offer(d, event);
}

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static void open_floor(struct bench *b, const char *pki, const char *state, int port)
{
    char path[512];
    struct err e;
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    snprintf(path, sizeof path, "%s/ca.pem", pki);
    SSL_CTX_load_verify_locations(tls, path, NULL);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    snprintf(path, sizeof path, "%s/gateway.pem", pki);
    SSL_CTX_use_certificate_chain_file(tls, path);
    snprintf(path, sizeof path, "%s/gateway.key", pki);
    SSL_CTX_use_PrivateKey_file(tls, path, SSL_FILETYPE_PEM);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    b->ssl = SSL_new(tls);
    SSL_set_fd(b->ssl, fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 || SSL_connect(b->ssl) != 1)
        die("floor: connect");
    snprintf(path, sizeof path, "%s/floor.log", state);
    b->file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    snprintf(path, sizeof path, "%s/police-receipt.pub.pem", pki);
    if (b->file < 0 || keys_add_file(&b->receipt_keys, path, &e) != 0)
        die("floor: files");
    snprintf(b->url, sizeof b->url, "https://127.0.0.1:%d/v1/events", port);
}

static bool get_header(const char *answer, const char *name, char *value, size_t size)
{
    const char *at = strstr(answer, name);
    if (!at)
        return false;
    snprintf(value, size, "%.*s", (int)strcspn(at + strlen(name), "\r"), at + strlen(name));
    return true;
}

/* One press the shortest way there is: append, sync, sign, write, read, verify. */
static void run_floor(struct bench *b, const char *body, size_t length)
{
    static const char id[] = "01890a5d-ac96-774b-bcce-b302099a8057";
    char request[8192], answer[4096], digest[64], input[512], signature[128];
    struct profile_headers headers;
    struct profile_request r = {.method = "POST", .target_uri = b->url};
    struct err e;
    int64_t start_ns = clock_monotonic_ns();
    if (write(b->file, body, length) != (ssize_t)length || fdatasync(b->file) != 0)
        die("floor: write");
    bench_add(&b->commit, clock_monotonic_ns() - start_ns);
    int64_t sign_ns = clock_monotonic_ns();
    digest_sha256(body, length, r.digest);
    r.created_s = clock_wall_ms() / 1000;
    r.expires_s = r.created_s + 300;
    if (profile_sign(signing_signer(b->gw->signing), &r, &headers, &e) != 0)
        die(e.text);
    bench_add(&b->sign, clock_monotonic_ns() - sign_ns);
    int total = snprintf(request, sizeof request,
                         "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Floor: 1\r\n"
                         "Content-Type: application/cloudevents+json\r\nContent-Digest: %s\r\n"
                         "Signature-Input: %s\r\nSignature: %s\r\nIdempotency-Key: \"%s\"\r\n"
                         "Content-Length: %zu\r\n\r\n%.*s",
                         headers.content_digest, headers.signature_input, headers.signature, id,
                         length, (int)length, body);
    if (SSL_write(b->ssl, request, total) != total)
        die("floor: send");
    int got = SSL_read(b->ssl, answer, sizeof answer - 1);
    if (got <= 0)
        die("floor: answer");
    answer[got] = '\0';
    static struct receipt receipt;
    struct receipt_input in = {
        .status = 200,
        .content_digest =
            get_header(answer, "Content-Digest: ", digest, sizeof digest) ? digest : NULL,
        .signature_input =
            get_header(answer, "Signature-Input: ", input, sizeof input) ? input : NULL,
        .signature =
            get_header(answer, "Signature: ", signature, sizeof signature) ? signature : NULL,
        .body = strstr(answer, "\r\n\r\n") + 4,
        .request_digest = headers.content_digest,
        .event = id,
        .subject_digest = headers.content_digest};
    in.body_length = strlen(in.body);
    if (receipt_verify(&in, &b->receipt_keys, &receipt, &e) != 0)
        die(e.text);
    int64_t end_ns = clock_monotonic_ns();
    int64_t first_ns = atomic_load(&b->shared->first_byte_ns);
    bench_add(&b->floor_first, first_ns - start_ns);
    bench_add(&b->floor_receipt, end_ns - start_ns);
}

static void press(struct bench *b)
{
    struct err e;
    atomic_store(&b->shared->first_byte_ns, 0);
    b->waiting = true;
    b->pressed_ns = clock_monotonic_ns();
    if (inputs_simulate(b->gw->inputs, b->button, 0, &e) != 0)
        die(e.text);
}

static void finish_press(struct bench *b)
{
    int64_t end_ns = clock_monotonic_ns();
    b->waiting = false;
    if (b->done++ >= WARM_UP) {
        bench_add(&b->first, atomic_load(&b->shared->first_byte_ns) - b->pressed_ns);
        bench_add(&b->receipt, end_ns - b->pressed_ns);
        bench_add(&b->stored, offered_ns - b->pressed_ns);
        bench_add(&b->sent, atomic_load(&b->shared->first_byte_ns) - offered_ns);
    }
    incidents_reset(b->gw->incidents,
                    &incidents_all(b->gw->incidents)[b->button][INCIDENT_CLASS_ALARM], "the bench",
                    NULL);
    inputs_release(b->gw->inputs, b->button);
    b->button = (b->button + 1) % BUTTONS;
    b->quiet_ns = end_ns;
}

static void report(struct bench *b)
{
    bench_print("press to first byte, warm", &b->first, &b->floor_first);
    bench_print("press to verified receipt, warm", &b->receipt, &b->floor_receipt);
    bench_print("part: event made, committed by SQLite, back in the loop", &b->stored, &b->commit);
    bench_print("part: signed, through libcurl and TLS, at the server's socket", &b->sent, NULL);
    bench_print("part: sign alone", &b->sign, NULL);
}

/* After every turn of the loop: has the receipt come; is it quiet enough for the next? */
static void on_check(uv_check_t *check)
{
    struct bench *b = check->data;
    if (b->done > b->wanted + WARM_UP)
        return; /* the gateway is stopping */
    if (b->waiting) {
        if (incidents_all(b->gw->incidents)[b->button][INCIDENT_CLASS_ALARM].progress[0] >=
            INCIDENT_PROGRESS_DELIVERED)
            finish_press(b);
        return;
    }
    if (!delivery_idle(b->gw->delivery) || !events_idle(b->gw->events) ||
        clock_monotonic_ns() - b->quiet_ns < 2000000)
        return;
    if (b->done == b->wanted + WARM_UP) {
        report(b);
        kill(getpid(), SIGTERM);
        b->done++;
        return;
    }
    if (b->done >= WARM_UP) {
        static char body[1024];
        if (!body[0])
            memset(body, 'x', 980); /* as long as the events above */
        run_floor(b, body, 980);
    }
    press(b);
}

static void on_pause(uv_timer_t *timer)
{
    (void)timer; /* only turns the loop now and then, so that on_check sees when it is quiet */
}

int main(int argc, char **argv)
{
    char config[512];
    struct err e;
    if (argc < 3)
        die("usage: bench_press PKI-FOLDER STATE-FOLDER [PRESSES]");
    struct bench b = {.wanted = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000};
    b.shared =
        mmap(NULL, sizeof *b.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bench_serve(argv[1], b.shared);
        _exit(1);
    }
    for (int i = 0; atomic_load(&b.shared->port) == 0 && i < 500; i++)
        usleep(10000);
    int port = atomic_load(&b.shared->port);
    log_set_level(LOG_LEVEL_ERROR);
    if (!bench_write_config(argv[1], argv[2], port, BENCH_NONE, config, sizeof config))
        die("configuration");
    if (gateway_start(config, NULL, &b.gw, &e) != 0)
        die(e.text);
    open_floor(&b, argv[1], argv[2], port);
    uv_check_init(&b.gw->loop, &b.check);
    uv_timer_init(&b.gw->loop, &b.pause);
    b.check.data = &b;
    uv_unref((uv_handle_t *)&b.check);
    uv_unref((uv_handle_t *)&b.pause);
    uv_check_start(&b.check, on_check);
    uv_timer_start(&b.pause, on_pause, 2, 2);
    gateway_run(b.gw);
    kill(server, SIGKILL);
    return b.receipt.count == b.wanted ? 0 : 1;
}
