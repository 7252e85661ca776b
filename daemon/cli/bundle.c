/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bundle.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/clip_check.h"
#include "wire/profile.h"
#include "wire/receipt.h"

#define TEXT_MAX 700

/* The event of the line that is being read. */
struct line {
    struct bundle *bundle;
    const char *id;
    unsigned char digest[DIGEST_BYTES];
    char digest_text[DIGEST_HEADER_SIZE];
};

static void tell(struct bundle *b, size_t line, const char *id, const char *text)
{
    b->problems++;
    b->on_problem(b->arg, line, id, text);
}

static void problem(const struct line *l, const char *text)
{
    tell(l->bundle, l->bundle->line, l->id, text);
}

static void problem_of(const struct line *l, const char *what, const char *receiver,
                       const char *text)
{
    char whole[TEXT_MAX];
    snprintf(whole, sizeof whole, "%s %.64s: %s", what, receiver, text);
    problem(l, whole);
}

/* The value of the one header of that name in "Name: value\n" lines. */
static bool header(const char *lines, const char *name, char *ret_value, size_t size)
{
    size_t length = strlen(name);
    bool found = false;
    for (const char *at = lines; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (strncmp(at, name, length) != 0 || at[length] != ':' || at[length + 1] != ' ')
            continue;
        size_t value = strcspn(at + length + 2, "\n");
        if (found || value >= size)
            return false;
        memcpy(ret_value, at + length + 2, value);
        ret_value[value] = '\0';
        found = true;
    }
    return found;
}

/* --- What is signed ------------------------------------------------------------------------ */

static bool check_request(const struct line *l, const char *receiver, const char *request)
{
    struct profile_headers headers;
    struct signature_params params;
    struct err e;
    char url[PROFILE_TARGET_URI_MAX];
    if (sscanf(request, "POST %1023s", url) != 1 ||
        !header(request, "Content-Digest", headers.content_digest, sizeof headers.content_digest) ||
        !header(request, "Signature-Input", headers.signature_input,
                sizeof headers.signature_input) ||
        !header(request, "Signature", headers.signature, sizeof headers.signature)) {
        problem_of(l, "request to", receiver, "its signature headers cannot be read");
        return false;
    }
    if (profile_verify("POST", url, l->digest, &headers, &l->bundle->keys, &params, &e) != 0) {
        problem_of(l, "request to", receiver, e.text);
        return false;
    }
    return true;
}

static void check_receipt(const struct line *l, const char *receiver, const json_t *body,
                          const char *lines)
{
    char digest[DIGEST_HEADER_SIZE], input[SIGNATURE_INPUT_MAX], signature[SIGNATURE_HEADER_MAX];
    struct receipt *receipt = malloc(sizeof *receipt);
    struct err e = {"out of memory"};
    struct receipt_input in = {
        .content_digest = header(lines, "Content-Digest", digest, sizeof digest) ? digest : NULL,
        .signature_input = header(lines, "Signature-Input", input, sizeof input) ? input : NULL,
        .signature = header(lines, "Signature", signature, sizeof signature) ? signature : NULL,
        .body = json_string_value(body),
        .body_length = json_string_length(body),
        .request_digest = l->digest_text,
        .event = l->id,
        .subject_digest = l->digest_text};
    int result = -ENOMEM;
    /* The status is signed and not kept: receivers say 200, and may say 201 or 202. */
    for (in.status = 202; receipt && result != 0 && in.status >= 200; in.status--)
        result = receipt_verify(&in, &l->bundle->receipt_keys, receipt, &e);
    free(receipt);
    if (result != 0)
        problem_of(l, "receipt of", receiver, e.text);
    else
        l->bundle->receipts++;
}

/* Whether the request to this receiver proves the event. */
static bool check_delivery(const struct line *l, const json_t *delivery)
{
    const json_t *request = json_object_get(delivery, "request");
    const json_t *receipt = json_object_get(delivery, "receipt");
    const char *name = json_string_value(json_object_get(delivery, "receiver"));
    const char *state = json_string_value(json_object_get(delivery, "state"));
    const char *lines = json_string_value(json_object_get(delivery, "receipt_headers"));
    if (!name)
        name = "?";
    if (json_is_string(receipt) && l->bundle->receipt_keys.count > 0)
        check_receipt(l, name, receipt, lines);
    else if (json_is_string(receipt))
        l->bundle->unchecked_receipts++;
    else if (state && strcmp(state, "stored") == 0)
        problem_of(l, "receipt of", name, "missing, although the event is said to be stored there");
    return json_is_string(request) && check_request(l, name, json_string_value(request));
}

/* --- What is proven ------------------------------------------------------------------------ */

static void end_pending(struct bundle *b)
{
    char text[TEXT_MAX];
    if (b->pending == 0)
        return;
    snprintf(text, sizeof text,
             b->pending == 1 ? "is not signed, and no signed event follows it in the chain: "
                               "nothing proves it"
                             : "it and the %u after it are not signed, and no signed event follows "
                               "them in the chain: nothing proves them",
             b->pending - 1);
    tell(b, b->pending_line, b->pending_id, text);
    b->pending = 0;
}

static void note_proof(const struct line *l, bool is_signed)
{
    struct bundle *b = l->bundle;
    if (is_signed) {
        b->signed_events++;
        b->chained_events += b->pending;
        b->pending = 0;
    } else if (b->pending++ == 0) {
        b->pending_line = b->line;
        snprintf(b->pending_id, sizeof b->pending_id, "%s", l->id);
    }
}

/* Whether the event has a place in the chain, so that what follows vouches for it. */
static bool check_chain(const struct line *l, const json_t *event)
{
    struct bundle *b = l->bundle;
    struct err e;
    switch (chain_follow(&b->chain, event, l->digest, &e)) {
    case CHAIN_LINK_GOOD:
        return true;
    case CHAIN_LINK_GAP:
        end_pending(b);
        if (b->part)
            b->gaps++;
        else
            problem(l, e.text);
        return true;
    case CHAIN_LINK_BROKEN:
        end_pending(b);
        problem(l, e.text);
        return true;
    case CHAIN_LINK_REPEATED:
    case CHAIN_LINK_BACKWARDS:
    case CHAIN_LINK_NONE:
        break;
    }
    problem(l, e.text);
    return false;
}

/* --- One line ------------------------------------------------------------------------------ */

static void on_clip_problem(void *arg, const char *text)
{
    problem(arg, text);
}

static void check_clip(struct line *l, const json_t *data)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s.mp4", l->bundle->clips, l->id) >= (int)sizeof path)
        problem(l, "its clip: path too long");
    else if (clip_check(path, data, on_clip_problem, l))
        l->bundle->clip_count++;
}

static void check_event(struct bundle *b, const json_t *object, const json_t *bytes,
                        const json_t *event)
{
    const char *type = json_string_value(json_object_get(event, "type"));
    const json_t *deliveries = json_object_get(object, "receipts"), *delivery;
    struct line l = {.bundle = b, .id = json_string_value(json_object_get(event, "id"))};
    bool is_signed = false, in_chain;
    size_t i;
    digest_sha256(json_string_value(bytes), json_string_length(bytes), l.digest);
    digest_header(l.digest, l.digest_text);
    b->events++;
    in_chain = check_chain(&l, event);
    json_array_foreach(deliveries, i, delivery) is_signed |= check_delivery(&l, delivery);
    if (in_chain)
        note_proof(&l, is_signed);
    if (b->clips && type && strcmp(type, "tocsin.clip.manifest") == 0)
        check_clip(&l, json_object_get(event, "data"));
}

void bundle_take(struct bundle *b, const char *line, size_t length)
{
    json_error_t where;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);
    const json_t *bytes = json_object_get(object, "event");
    json_t *event = json_is_string(bytes)
                        ? json_loadb(json_string_value(bytes), json_string_length(bytes),
                                     JSON_REJECT_DUPLICATES, NULL)
                        : NULL;
    const char *id = json_string_value(json_object_get(event, "id"));
    b->line++;
    if (!object)
        tell(b, b->line, "?", "the line is not JSON");
    else if (!id || !uuid_is_valid(id))
        tell(b, b->line, "?", "the line holds no event with a UUID as its id");
    else
        check_event(b, object, bytes, event);
    json_decref(event);
    json_decref(object);
}

void bundle_end(struct bundle *b)
{
    end_pending(b);
}
