/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-receiver: the reference receiver. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "http.h"

#define EXIT_USAGE 2

struct settings {
    const char *name, *listen, *cert, *key, *client_ca, *gateway_keys, *receipt_key, *store;
    const char *page_listen, *page_token_file, *public_url, *max_body;
};

static const struct option long_options[] = {
    {"name", required_argument, NULL, 'n'},
    {"listen", required_argument, NULL, 'l'},
    {"cert", required_argument, NULL, 'c'},
    {"key", required_argument, NULL, 'k'},
    {"client-ca", required_argument, NULL, 'a'},
    {"gateway-keys", required_argument, NULL, 'g'},
    {"receipt-key", required_argument, NULL, 'r'},
    {"store", required_argument, NULL, 's'},
    {"page-listen", required_argument, NULL, 'p'},
    {"page-token-file", required_argument, NULL, 't'},
    {"public-url", required_argument, NULL, 'u'},
    {"max-body-bytes", required_argument, NULL, 'm'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void print_help(void)
{
    printf("usage: tocsin-receiver --cert FILE --key FILE --client-ca FILE --gateway-keys FOLDER\n"
           "                       --receipt-key FILE --store FOLDER --page-token-file FILE …\n"
           "\n"
           "Takes alarms of Tocsin gateways, keeps them, gives signed receipts, shows a page.\n"
           "\n"
           "  --name TEXT             what the page is headed with (default: receiver)\n"
           "  --listen ADDRESS:PORT   for gateways, HTTPS (default 127.0.0.1:8443; port 0: any)\n"
           "  --cert FILE, --key FILE this server's certificate and key (PEM)\n"
           "  --client-ca FILE        authority of the gateways' client certificates (PEM)\n"
           "  --gateway-keys FOLDER   public signing keys of the gateways (*.pem)\n"
           "  --receipt-key FILE      private key that signs receipts (PEM, P-256 or Ed25519)\n"
           "  --store FOLDER          where events and clips are kept\n"
           "  --page-listen ADDRESS:PORT  for people, HTTP (default 127.0.0.1:8080)\n"
           "  --page-token-file FILE  its first line is the page's token, 16 characters or more\n"
           "  --public-url URL        scheme and host as gateways write it (default: Host header)\n"
           "  --max-body-bytes N      largest event (default 1048576)\n"
           "  --version, --help\n");
}

static int read_options(int argc, char **argv, struct settings *s)
{
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'n':
            s->name = optarg;
            break;
        case 'l':
            s->listen = optarg;
            break;
        case 'c':
            s->cert = optarg;
            break;
        case 'k':
            s->key = optarg;
            break;
        case 'a':
            s->client_ca = optarg;
            break;
        case 'g':
            s->gateway_keys = optarg;
            break;
        case 'r':
            s->receipt_key = optarg;
            break;
        case 's':
            s->store = optarg;
            break;
        case 'p':
            s->page_listen = optarg;
            break;
        case 't':
            s->page_token_file = optarg;
            break;
        case 'u':
            s->public_url = optarg;
            break;
        case 'm':
            s->max_body = optarg;
            break;
        case 'V':
            printf("tocsin-receiver " TOCSIN_VERSION "\n");
            return 1;
        case 'h':
            print_help();
            return 1;
        default:
            return EXIT_USAGE;
        }
    }
    if (optind < argc || !s->cert || !s->key || !s->client_ca || !s->gateway_keys ||
        !s->receipt_key || !s->store || !s->page_token_file) {
        fprintf(stderr, "tocsin-receiver: something is missing; see tocsin-receiver --help\n");
        return EXIT_USAGE;
    }
    return 0;
}

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

static bool read_address(const char *text, struct sockaddr_in *ret_address)
{
    char host[64];
    unsigned port;
    *ret_address = (struct sockaddr_in){.sin_family = AF_INET};
    if (sscanf(text, "%63[0-9.]:%u", host, &port) != 2 || port > 65535 ||
        inet_pton(AF_INET, host, &ret_address->sin_addr) != 1) {
        fprintf(stderr, "tocsin-receiver: %s is not IPv4-ADDRESS:PORT\n", text);
        return false;
    }
    ret_address->sin_port = htons((uint16_t)port);
    return true;
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

static unsigned port_of(struct MHD_Daemon *daemon)
{
    return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static int serve(struct receiver *r, const struct settings *s)
{
    struct sockaddr_in events, page;
    char *cert = read_text(s->cert), *key = read_text(s->key), *ca = read_text(s->client_ca);
    sigset_t stop;
    int number, result = 1;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (!cert || !key || !ca || !read_address(s->listen, &events) ||
        !read_address(s->page_listen, &page))
        goto out;
    /* A thread per connection: a slow gateway or viewer keeps nobody but itself. */
    const unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;
    struct MHD_Daemon *intake = MHD_start_daemon(
        flags | MHD_USE_TLS, 0, NULL, NULL, intake_handle, r, MHD_OPTION_SOCK_ADDR, &events,
        MHD_OPTION_HTTPS_MEM_CERT, cert, MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_MEM_TRUST,
        ca, MHD_OPTION_NOTIFY_COMPLETED, free_state, NULL, MHD_OPTION_CONNECTION_LIMIT, 256u,
        MHD_OPTION_CONNECTION_TIMEOUT, 120u, MHD_OPTION_HTTPS_PRIORITIES,
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", MHD_OPTION_END);
    struct MHD_Daemon *pages =
        MHD_start_daemon(flags, 0, NULL, NULL, page_handle, r, MHD_OPTION_SOCK_ADDR, &page,
                         MHD_OPTION_NOTIFY_COMPLETED, free_state, NULL, MHD_OPTION_CONNECTION_LIMIT,
                         128u, MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_END);
    if (intake && pages) {
        char a[32], b[32];
        inet_ntop(AF_INET, &events.sin_addr, a, sizeof a);
        inet_ntop(AF_INET, &page.sin_addr, b, sizeof b);
        printf("ready events=https://%s:%u/v1/events page=http://%s:%u/\n", a, port_of(intake), b,
               port_of(pages));
        fflush(stdout);
        sigwait(&stop, &number);
        result = 0;
    } else {
        fprintf(stderr, "tocsin-receiver: cannot listen on %s: %s\n",
                intake ? s->page_listen : s->listen, strerror(errno));
    }
    atomic_store(&r->stopping, true);
    if (intake)
        MHD_stop_daemon(intake);
    if (pages)
        MHD_stop_daemon(pages);
out:
    free(cert);
    free(key);
    free(ca);
    return result;
}

int main(int argc, char **argv)
{
    struct settings s = {.name = "receiver",
                         .listen = "127.0.0.1:8443",
                         .page_listen = "127.0.0.1:8080",
                         .max_body = "1048576"};
    static struct receiver r;
    int result = read_options(argc, argv, &s);
    if (result != 0)
        return result == 1 ? 0 : result;
    umask(0077);
    r.name = s.name;
    r.public_url = s.public_url;
    r.max_body_bytes = strtoul(s.max_body, NULL, 10);
    if (!keys_read_folder(s.gateway_keys, &r.gateway_keys) ||
        !keys_read_private(s.receipt_key, &r.receipt_key) ||
        !read_token(s.page_token_file, r.token, sizeof r.token) || !store_open(s.store, &r.store))
        return 1;
    result = serve(&r, &s);
    store_close(r.store);
    keys_free(&r.gateway_keys);
    struct key_list own = {1, malloc(sizeof(struct key))};
    if (own.keys) {
        own.keys[0] = r.receipt_key;
        keys_free(&own);
    }
    return result;
}
