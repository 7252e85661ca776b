/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of tocsin-receiver. Texts are borrowed from argv. */
#ifndef RECEIVER_OPTIONS_H
#define RECEIVER_OPTIONS_H

#include <netinet/in.h>
#include <stddef.h>

struct options {
    const char *name, *cert, *key, *client_ca, *gateway_keys, *receipt_key, *store;
    const char *page_token_file;
    const char *public_url; /* NULL if not given */
    struct sockaddr_in listen, page_listen;
    size_t max_body_bytes;
};

enum options_result {
    OPTIONS_RUN,
    OPTIONS_DONE,  /* --help or --version was printed */
    OPTIONS_WRONG, /* said on stderr */
};

enum options_result options_read(int argc, char **argv, struct options *ret_options);

#endif
