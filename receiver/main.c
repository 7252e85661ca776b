/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-receiver: the reference receiver. */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "http.h"
#include "listen.h"
#include "options.h"

#define EXIT_USAGE        2
#define GATEWAYS_MAX      256u /* connections */
#define GATEWAY_TIMEOUT_S 120u /* without a byte */
#define VIEWERS_MAX       128u

/* A thread per connection: a slow gateway or viewer keeps nobody but itself. */
static const unsigned threads = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;

struct credentials {
    char *cert, *key, *ca;
};

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 65537);
    if (!f || !text) {
        perror(path);
        free(text);
        if (f)
            fclose(f);
        return NULL;
    }
    size_t got = fread(text, 1, 65536, f);
    text[got] = '\0';
    fclose(f);
    return text;
}

static bool read_token(const char *path, char *ret_token, size_t size)
{
    char *text = read_text(path);
    if (!text)
        return false;
    text[strcspn(text, "\r\n")] = '\0';
    bool good = strlen(text) >= 16 && strlen(text) < size &&
                strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
                    strlen(text);
    if (good)
        strcpy(ret_token, text);
    else
        fprintf(stderr,
                "%s: the first line must be a token of 16 or more letters, digits, '-' "
                "and '_'\n",
                path);
    free(text);
    return good;
}

/* libmicrohttpd only says that it did not start: what is wrong with them is found here. */
static bool try_credentials(const struct options *o, const struct credentials *c)
{
    gnutls_certificate_credentials_t made;
    gnutls_datum_t cert = {(unsigned char *)c->cert, (unsigned)strlen(c->cert)};
    gnutls_datum_t key = {(unsigned char *)c->key, (unsigned)strlen(c->key)};
    gnutls_datum_t ca = {(unsigned char *)c->ca, (unsigned)strlen(c->ca)};
    if (gnutls_certificate_allocate_credentials(&made) != 0)
        return false;
    int pair = gnutls_certificate_set_x509_key_mem(made, &cert, &key, GNUTLS_X509_FMT_PEM);
    int trusted = gnutls_certificate_set_x509_trust_mem(made, &ca, GNUTLS_X509_FMT_PEM);
    if (pair < 0)
        fprintf(stderr, "%s, %s: are no certificate and its key: %s\n", o->cert, o->key,
                gnutls_strerror(pair));
    if (trusted <= 0)
        fprintf(stderr, "%s: holds no certificate of an authority\n", o->client_ca);
    gnutls_certificate_free_credentials(made);
    return pair >= 0 && trusted > 0;
}

static bool read_credentials(const struct options *o, struct credentials *ret_credentials)
{
    struct credentials c = {read_text(o->cert), read_text(o->key), read_text(o->client_ca)};
    *ret_credentials = c;
    return c.cert && c.key && c.ca && try_credentials(o, &c);
}

static void free_state(void *arg, struct MHD_Connection *c, void **state,
                       enum MHD_RequestTerminationCode code)
{
    (void)arg;
    (void)c;
    (void)code;
    http_free_request(*state);
    *state = NULL;
}

/* One of the two; borrowed by libmicrohttpd until it is stopped. */
struct server {
    struct receiver *receiver;
    enum MHD_Result (*handle)(struct receiver *r, struct MHD_Connection *c,
                              const struct http_call *call);
};

/* Its parameters are libmicrohttpd's: MHD_AccessHandlerCallback. */
static enum MHD_Result on_call(void *arg, struct MHD_Connection *c, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *length, void **state)
{
    const struct server *server = arg;
    (void)version;
    return server->handle(server->receiver, c,
                          &(struct http_call){url, method, data, length, state});
}

static struct MHD_Daemon *start_intake(struct server *server, const struct credentials *c, int fd)
{
    return MHD_start_daemon(
        threads | MHD_USE_TLS, 0, NULL, NULL, on_call, server, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_URI_LOG_CALLBACK, intake_begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, free_state,
        NULL, MHD_OPTION_HTTPS_MEM_CERT, c->cert, MHD_OPTION_HTTPS_MEM_KEY, c->key,
        MHD_OPTION_HTTPS_MEM_TRUST, c->ca, MHD_OPTION_HTTPS_PRIORITIES,
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", MHD_OPTION_CONNECTION_LIMIT, GATEWAYS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, GATEWAY_TIMEOUT_S, MHD_OPTION_END);
}

static struct MHD_Daemon *start_pages(struct server *server, int fd)
{
    return MHD_start_daemon(threads, 0, NULL, NULL, on_call, server, MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_NOTIFY_COMPLETED, free_state, NULL,
                            MHD_OPTION_CONNECTION_LIMIT, VIEWERS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                            HTTP_VIEWER_TIMEOUT_S, MHD_OPTION_END);
}

/* A socket that listens, and what it is called: "https://127.0.0.1:8443", with the port that the
 * kernel chose. Negative: there is none, which has been said. */
static int open_socket(const char *scheme, const struct sockaddr_in *wanted, char ret_name[64])
{
    char address[INET_ADDRSTRLEN];
    struct sockaddr_in at = *wanted;
    socklen_t length = sizeof at;
    int fd = listen_open(wanted);
    if (fd >= 0)
        getsockname(fd, (struct sockaddr *)&at, &length);
    inet_ntop(AF_INET, &at.sin_addr, address, sizeof address);
    snprintf(ret_name, 64, "%s://%s:%u", scheme, address, (unsigned)ntohs(at.sin_port));
    if (fd < 0)
        fprintf(stderr, "tocsin-receiver: cannot listen on %s: %s\n", ret_name, strerror(-fd));
    return fd;
}

static int serve(struct receiver *r, const struct options *o, const struct credentials *c)
{
    struct server gateways = {r, intake_handle}, people = {r, page_handle};
    char events[64], page[64];
    sigset_t stop;
    int number, result = 1;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL); /* before there are threads, which inherit it */
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is answered with 503, not with an end */
    int events_fd = open_socket("https", &o->listen, events);
    int page_fd = events_fd < 0 ? -1 : open_socket("http", &o->page_listen, page);
    struct MHD_Daemon *intake = page_fd < 0 ? NULL : start_intake(&gateways, c, events_fd);
    struct MHD_Daemon *pages = intake ? start_pages(&people, page_fd) : NULL;
    if (pages) {
        printf("ready events=%s/v1/events page=%s/\n", events, page);
        fflush(stdout);
        sigwait(&stop, &number);
        result = 0;
    } else if (page_fd >= 0) {
        fprintf(stderr, "tocsin-receiver: the web server does not start at %s\n",
                intake ? page : events);
    }
    atomic_store(&r->stopping, true);
    if (intake)
        MHD_stop_daemon(intake);
    if (pages)
        MHD_stop_daemon(pages);
    return result;
}

static int run(int argc, char **argv)
{
    static struct receiver r;
    struct options o;
    struct credentials c = {0};
    int result = 1;
    switch (options_read(argc, argv, &o)) {
    case OPTIONS_RUN:
        break;
    case OPTIONS_DONE:
        return 0;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
    }
    umask(0077);
    r.name = o.name;
    r.public_url = o.public_url;
    r.max_body_bytes = o.max_body_bytes;
    if (read_credentials(&o, &c) && keys_read_folder(o.gateway_keys, &r.gateway_keys) &&
        keys_read_private(o.receipt_key, &r.receipt_key) &&
        read_token(o.page_token_file, r.token, sizeof r.token) && store_open(o.store, &r.store))
        result = serve(&r, &o, &c);
    store_close(r.store);
    keys_free(&r.gateway_keys);
    keys_clear(&r.receipt_key);
    free(c.cert);
    free(c.key);
    free(c.ca);
    return result;
}

/* What could not be printed (full disk, closed pipe) is said. Who never printed may have had
 * standard output closed. */
static bool close_output(void)
{
    bool pending = __fpending(stdout) > 0, failed = ferror(stdout);
    errno = 0;
    bool closed = fclose(stdout) == 0;
    if (!failed && (closed || (!pending && errno == EBADF)))
        return true;
    fprintf(stderr, "tocsin-receiver: what was to be printed could not be written%s%s\n",
            closed ? "" : ": ", closed ? "" : strerror(errno));
    return false;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    int status = run(argc, argv);
    return close_output() || status != 0 ? status : 1;
}
