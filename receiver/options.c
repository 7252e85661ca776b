/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BODY_BYTES (64u << 20)

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

static const char usage[] =
    "usage: tocsin-receiver --cert FILE --key FILE --client-ca FILE --gateway-keys FOLDER\n"
    "                       --receipt-key FILE --store FOLDER --page-token-file FILE\n"
    "                       [--name TEXT] [--listen ADDRESS:PORT] [--page-listen ADDRESS:PORT]\n"
    "                       [--public-url URL] [--max-body-bytes N]\n";

static void print_help(void)
{
    printf("%s\n"
           "Takes alarms of Tocsin gateways, keeps them, gives signed receipts, shows a page.\n"
           "\n"
           "  --name TEXT             what the page is headed with (default: receiver)\n"
           "  --listen ADDRESS:PORT   for gateways, HTTPS (default 127.0.0.1:8443; port 0: any)\n"
           "  --cert FILE, --key FILE this server's certificate and key (PEM)\n"
           "  --client-ca FILE        authority of the gateways' client certificates (PEM)\n"
           "  --gateway-keys FOLDER   public signing keys of the gateways (*.pem); one that is\n"
           "                          named <gateway id>.pem speaks for that gateway alone\n"
           "  --receipt-key FILE      private key that signs receipts (PEM, P-256 or Ed25519)\n"
           "  --store FOLDER          where events and clips are kept\n"
           "  --page-listen ADDRESS:PORT  for people, HTTP (default 127.0.0.1:8080)\n"
           "  --page-token-file FILE  its first line is the page's token, 16 characters or more\n"
           "  --public-url URL        scheme and host as gateways write it (default: Host header)\n"
           "  --max-body-bytes N      largest event (default 1048576)\n"
           "  -V, --version           print the version\n"
           "  -h, --help              print this\n",
           usage);
}

static bool read_address(const char *text, struct sockaddr_in *ret_address)
{
    char host[64];
    unsigned port;
    int used = 0;
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (sscanf(text, "%63[0-9.]:%5u%n", host, &port, &used) != 2 || text[used] != '\0' ||
        port > 65535 || inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "tocsin-receiver: %s is not IPv4-ADDRESS:PORT\n", text);
        return false;
    }
    address.sin_port = htons((uint16_t)port);
    *ret_address = address;
    return true;
}

static bool read_size(const char *text, size_t *ret_bytes)
{
    size_t length = strlen(text);
    unsigned long bytes = length > 0 && length < 10 ? strtoul(text, NULL, 10) : 0;
    if (strspn(text, "0123456789") != length || bytes < 1 || bytes > MAX_BODY_BYTES) {
        fprintf(stderr, "tocsin-receiver: --max-body-bytes %s is not 1 to %u\n", text,
                MAX_BODY_BYTES);
        return false;
    }
    *ret_bytes = bytes;
    return true;
}

static bool is_authority(const char *url)
{
    if (strncmp(url, "https://", 8) == 0 && url[8] && !strchr(url + 8, '/'))
        return true;
    fprintf(stderr, "tocsin-receiver: --public-url %s is not https://HOST[:PORT]\n", url);
    return false;
}

static bool is_complete(const struct options *o)
{
    const char *missing = !o->cert              ? "--cert"
                          : !o->key             ? "--key"
                          : !o->client_ca       ? "--client-ca"
                          : !o->gateway_keys    ? "--gateway-keys"
                          : !o->receipt_key     ? "--receipt-key"
                          : !o->store           ? "--store"
                          : !o->page_token_file ? "--page-token-file"
                                                : NULL;
    if (missing)
        fprintf(stderr, "tocsin-receiver: %s is needed; see tocsin-receiver --help\n", missing);
    return !missing;
}

static bool take_option(int option, const char *value, struct options *o)
{
    switch (option) {
    case 'n':
        o->name = value;
        return true;
    case 'l':
        return read_address(value, &o->listen);
    case 'c':
        o->cert = value;
        return true;
    case 'k':
        o->key = value;
        return true;
    case 'a':
        o->client_ca = value;
        return true;
    case 'g':
        o->gateway_keys = value;
        return true;
    case 'r':
        o->receipt_key = value;
        return true;
    case 's':
        o->store = value;
        return true;
    case 'p':
        return read_address(value, &o->page_listen);
    case 't':
        o->page_token_file = value;
        return true;
    case 'u':
        o->public_url = value;
        return is_authority(value);
    case 'm':
        return read_size(value, &o->max_body_bytes);
    default:
        return false;
    }
}

static enum options_result wrong(const char *word, const char *text)
{
    fprintf(stderr, "tocsin-receiver: %s: %s; see tocsin-receiver --help\n", word, text);
    return OPTIONS_WRONG;
}

/* What getopt_long stumbled over: it sets optopt where an option is known. */
static enum options_result refuse(int option, char **argv)
{
    const char *word = argv[optind - 1];
    char letter[3] = {'-', (char)optopt, '\0'};
    bool is_long = strncmp(word, "--", 2) == 0;
    if (option == ':')
        return wrong(word, "a value is missing");
    if (is_long && optopt)
        return wrong(word, "this option takes no value");
    wrong(is_long ? word : letter, "no such option");
    fputs(usage, stderr);
    return OPTIONS_WRONG;
}

enum options_result options_read(int argc, char **argv, struct options *ret_options)
{
    struct options o = {.name = "receiver", .max_body_bytes = 1048576};
    int option;
    if (!read_address("127.0.0.1:8443", &o.listen) ||
        !read_address("127.0.0.1:8080", &o.page_listen))
        return OPTIONS_WRONG;
    while ((option = getopt_long(argc, argv, ":hV", long_options, NULL)) != -1) {
        switch (option) {
        case 'h':
            print_help();
            return OPTIONS_DONE;
        case 'V':
            printf("tocsin-receiver " TOCSIN_VERSION "\n");
            return OPTIONS_DONE;
        case '?':
        case ':':
            return refuse(option, argv);
        default:
            if (!take_option(option, optarg, &o))
                return OPTIONS_WRONG;
        }
    }
    if (optind < argc)
        return wrong(argv[optind], "one word too many");
    if (!is_complete(&o))
        return OPTIONS_WRONG;
    *ret_options = o;
    return OPTIONS_RUN;
}
