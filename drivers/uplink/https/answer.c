/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/https/https.h"

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

/* If the line is the header `name`, its value without white space around it. A second header of
 * the name, or a value that does not fit, makes it "?", which nothing accepts. */
static bool take_header(const char *line, size_t length, const char *name, char *ret_value,
                        size_t size)
{
    size_t name_length = strlen(name);
    if (length <= name_length || line[name_length] != ':' ||
        strncasecmp(line, name, name_length) != 0)
        return false;
    const char *at = line + name_length + 1, *end = line + length;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ' || end[-1] == '\t'))
        end--;
    size_t value_length = (size_t)(end - at);
    if (ret_value[0] != '\0' || value_length >= size || memchr(at, '\0', value_length)) {
        snprintf(ret_value, size, "?");
        return true;
    }
    memcpy(ret_value, at, value_length);
    ret_value[value_length] = '\0';
    return true;
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

size_t answer_on_header(char *line, size_t size, size_t count, void *answer)
{
    struct https_answer *a = answer;
    size_t length = size * count;
    a->header_bytes += length;
    if (a->header_bytes > HTTPS_HEADERS_MAX) {
        snprintf(a->reason, sizeof a->reason, "the answer's headers are larger than %d bytes",
                 HTTPS_HEADERS_MAX);
        return 0;
    }
    char number[24] = "";
    if (take_header(line, length, "content-digest", a->content_digest, sizeof a->content_digest) ||
        take_header(line, length, "signature-input", a->signature_input,
                    sizeof a->signature_input) ||
        take_header(line, length, "signature", a->signature, sizeof a->signature) ||
        take_header(line, length, "location", a->location, sizeof a->location))
        return length;
    if (take_header(line, length, "upload-offset", number, sizeof number))
        a->upload_offset = parse_number(number);
    else if (take_header(line, length, "retry-after", number, sizeof number))
        a->retry_after_s = parse_number(number);
    return length;
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
