/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/https/answer.h"

void answer_clear(struct https_answer *a)
{
    a->status = 0;
    a->refused = false;
    a->length = a->header_bytes = 0;
    a->reason[0] = a->body[0] = '\0';
    a->content_digest[0] = a->signature_input[0] = a->signature[0] = a->location[0] = '\0';
    a->upload_offset = -1;
    a->retry_after_s = 0;
}

size_t answer_on_body(char *bytes, size_t size, size_t count, void *answer)
{
    struct https_answer *a = answer;
    size_t length = size * count;
    if (length > HTTPS_ANSWER_MAX - a->length) {
        snprintf(a->reason, sizeof a->reason,
                 "the answer is larger than %d bytes: is this a Tocsin receiver?",
                 HTTPS_ANSWER_MAX);
        return 0;
    }
    memcpy(a->body + a->length, bytes, length);
    a->length += length;
    a->body[a->length] = '\0';
    return length;
}

size_t answer_on_header(char *bytes, size_t size, size_t count, void *answer)
{
    struct https_answer *a = answer;
    (void)bytes;
    a->header_bytes += size * count;
    if (a->header_bytes <= HTTPS_HEADERS_MAX)
        return size * count;
    snprintf(a->reason, sizeof a->reason, "the answer's headers are larger than %d bytes",
             HTTPS_HEADERS_MAX);
    return 0;
}

/* "" if there is none; "?", which nothing accepts, if there are several or it does not fit. */
static void take_header(CURL *easy, const char *name, char *ret_value, size_t size)
{
    struct curl_header *header;
    ret_value[0] = '\0';
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return;
    bool good = header->amount == 1 && strlen(header->value) < size;
    snprintf(ret_value, size, "%s", good ? header->value : "?");
}

/* A decimal number and nothing else, or -1. */
static int64_t parse_number(const char *text)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return -1;
    long long number = strtoll(text, &end, 10);
    return *end == '\0' && number < LLONG_MAX ? number : -1;
}

void answer_take_headers(struct https_answer *a, CURL *easy)
{
    char offset[24];
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &a->status);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    a->retry_after_s = retry_after_s;
    take_header(easy, "content-digest", a->content_digest, sizeof a->content_digest);
    take_header(easy, "signature-input", a->signature_input, sizeof a->signature_input);
    take_header(easy, "signature", a->signature, sizeof a->signature);
    take_header(easy, "location", a->location, sizeof a->location);
    take_header(easy, "upload-offset", offset, sizeof offset);
    a->upload_offset = parse_number(offset);
}

/* Whether the other side, or we, found the certificates wrong: trying again will not mend that. */
static bool is_tls_refusal(CURLcode code, const char *text)
{
    static const char *const alerts[] = {
        "alert bad certificate",         "alert unsupported certificate",
        "alert certificate revoked",     "alert certificate expired",
        "alert certificate unknown",     "alert unknown ca",
        "alert access denied",           "alert handshake failure",
        "alert protocol version",        "alert insufficient security",
        "alert certificate required",    "alert unrecognized name",
        "alert no application protocol",
    };
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
        code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR)
        return true;
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
        if (strstr(text, alerts[i]))
            return true;
    }
    return false;
}

void answer_take_failure(struct https_answer *a, CURLcode code, const char *error,
                         const char *address)
{
    const char *text = error[0] ? error : curl_easy_strerror(code);
    a->status = 0;
    a->refused = is_tls_refusal(code, text);
    if (a->reason[0])
        return; /* one of our own limits ended it and has said so */
    if (address[0])
        snprintf(a->reason, sizeof a->reason, "%s (at %s)", text, address);
    else
        snprintf(a->reason, sizeof a->reason, "%s", text);
}

bool answer_location(const char *url, const char *location, char *ret_url, size_t size)
{
    const char *path = strchr(strstr(url, "://") + 3, '/');
    size_t origin = path ? (size_t)(path - url) : strlen(url);
    for (const char *c = location; *c; c++) {
        if (*c <= ' ' || *c > '~' || *c == '"')
            return false;
    }
    if (location[0] == '/' && location[1] != '/')
        return snprintf(ret_url, size, "%.*s%s", (int)origin, url, location) < (int)size;
    if (strncasecmp(location, url, origin) == 0 && location[origin] == '/')
        return snprintf(ret_url, size, "%s", location) < (int)size;
    return false;
}
