/* SPDX-License-Identifier: Apache-2.0 */
/* What comes back from a receiver, or from whoever stands in its place, with its limits. Pure but
 * for answer_take_headers, which reads what libcurl has kept. Any thread. */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_ANSWER_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_ANSWER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iface/limits.h"
#include "wire/profile.h"

#define HTTPS_ANSWER_MAX  LIMIT_REPLY_BYTES        /* bytes of body */
#define HTTPS_HEADERS_MAX LIMIT_REPLY_HEADER_BYTES /* bytes of all headers together */

/* As far as it is of interest. */
struct https_answer {
    long status;      /* 0: there was none */
    char reason[256]; /* why there was none */
    bool refused;     /* TLS refused: a person must mend something */
    size_t length;
    char body[HTTPS_ANSWER_MAX + 1];
    size_t header_bytes;
    char content_digest[DIGEST_HEADER_SIZE + 1];
    char signature_input[SIGNATURE_INPUT_MAX + 1];
    char signature[SIGNATURE_HEADER_MAX + 1];
    char location[PROFILE_TARGET_URI_MAX];
    int64_t upload_offset; /* -1: no such header */
    int64_t retry_after_s;
};

/* What was asked, and what came back: one exchange, when it is over. */
struct exchanged {
    const char *method;
    const char *url;
    const struct profile_headers *sent; /* an empty signature: nothing could be signed */
    const struct https_answer *answer;
};

void answer_clear(struct https_answer *a);
/* libcurl's hooks; `answer` is the struct. What is beyond the limits ends the transfer, and the
 * reason is in the answer. Headers are only counted. */
size_t answer_on_body(char *bytes, size_t size, size_t count, void *answer);
size_t answer_on_header(char *bytes, size_t size, size_t count, void *answer);
/* Status and headers, when all of the answer is there. */
void answer_take_headers(struct https_answer *a, CURL *easy);
/* There is none: libcurl ended with `code` and, if it said more, `error`, on the way to `address`
 * ("": the url's). */
void answer_take_failure(struct https_answer *a, CURLcode code, const char *error,
                         const char *address);
/* The url that a Location in the answer from `url` means. It may be a path or a url, but only of
 * the very server that was asked: false otherwise. */
bool answer_location(const char *url, const char *location, char *ret_url, size_t size);

#endif
