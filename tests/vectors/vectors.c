/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's side of the vectors:
 *   vectors sign FOLDER           makes requests with FOLDER's keys, and a chain, for others
 *   vectors verify FOLDER FILE    judges the vectors of FILE with the gateway's code
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/signer/signers.h"
#include "envelope/data.h"
#include "envelope/envelope.h"
#include "wire/chain.h"
#include "wire/profile.h"
#include "wire/receipt.h"

static const char *const names[] = {"p256", "ed25519"};

static json_t *sign_one(struct signer *signer, const char *key, const char *body)
{
    struct profile_request request = {.method = "POST",
                                      .target_uri = "https://education.example/v1/events",
                                      .created_s = 1763885730,
                                      .expires_s = 1763886030,
                                      .nonce = "0123456789abcde"};
    struct profile_headers headers;
    struct err e;
    digest_sha256(body, strlen(body), request.digest);
    if (profile_sign(signer, &request, &headers, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        exit(1);
    }
    return json_pack("{ss,ss,sb,ss,ss,ss,ss,ss,ss,ss}", "name", body, "kind", "request", "good", 1,
                     "key", key, "method", "POST", "url", request.target_uri, "body", body,
                     "content_digest", headers.content_digest, "signature_input",
                     headers.signature_input, "signature", headers.signature);
}

static json_t *make_chain(void)
{
    json_t *events = json_array();
    struct envelope envelope;
    struct err e;
    if (envelope_init(&envelope, "31010600001320000001", &e) != 0)
        exit(1);
    for (int i = 0; i < 3; i++) {
        struct data_fault fault = {.code = "line", .subject = "gate", .reason = "断线"};
        struct event *event;
        if (envelope_make(&envelope,
                          &(struct envelope_content){"tocsin.fault.raised", EVENT_CLASS_FOLLOWUP,
                                                     "", i, data_from_fault(&fault)},
                          &event, &e) != 0)
            exit(1);
        json_array_append_new(events, json_stringn(event->bytes, event->length));
        event_unref(event);
    }
    return json_pack("{ss,ss,sb,so}", "name", "chain of the envelope", "kind", "chain", "good", 1,
                     "events", events);
}

static int sign_all(const char *folder)
{
    json_t *list = json_array();
    char path[4096], *options = path;
    for (size_t i = 0; i < 2; i++) {
        struct signer *signer;
        struct err e;
        snprintf(path, sizeof path, "%s/%s.key", folder, names[i]);
        if (signer_pem.open(&options, &signer, &e) != 0) {
            fprintf(stderr, "%s\n", e.text);
            return 1;
        }
        for (int n = 0; n < 20; n++) {
            char body[32];
            snprintf(body, sizeof body, "{\"n\":%d,\"place\":\"门卫室\"}", n);
            json_array_append_new(list, sign_one(signer, names[i], body));
        }
        signer_pem.close(signer);
    }
    json_array_append_new(list, make_chain());
    json_dumpf(list, stdout, JSON_INDENT(1));
    json_decref(list);
    return 0;
}

static const char *text(const json_t *v, const char *name)
{
    return json_string_value(json_object_get(v, name));
}

/* Our messages are for technicians; the vectors' reasons are words. */
static const char *reason_of(int result, const char *message)
{
    if (result == 0)
        return "";
    if (result == -EINVAL)
        return "shape";
    if (result == -ENOKEY || strstr(message, "alg is "))
        return "key";
    if (strstr(message, "Content-Digest is not"))
        return "digest";
    return strstr(message, "does not verify") ? "signature" : "body";
}

static const char *judge_request(const json_t *v, const struct key_ring *ring)
{
    struct profile_headers headers;
    struct signature_params params;
    unsigned char digest[DIGEST_BYTES];
    struct err e;
    digest_sha256(text(v, "body"), strlen(text(v, "body")), digest);
    snprintf(headers.content_digest, sizeof headers.content_digest, "%s",
             text(v, "content_digest"));
    snprintf(headers.signature_input, sizeof headers.signature_input, "%s",
             text(v, "signature_input"));
    snprintf(headers.signature, sizeof headers.signature, "%s", text(v, "signature"));
    int result =
        profile_verify(text(v, "method"), text(v, "url"), digest, &headers, ring, &params, &e);
    return reason_of(result, e.text);
}

static const char *judge_receipt(const json_t *v, const struct key_ring *ring)
{
    static struct receipt receipt;
    struct err e;
    struct receipt_input input = {.status = (int)json_integer_value(json_object_get(v, "status")),
                                  .content_digest = text(v, "content_digest"),
                                  .signature_input = text(v, "signature_input"),
                                  .signature = text(v, "signature"),
                                  .body = text(v, "body"),
                                  .body_length = strlen(text(v, "body")),
                                  .request_digest = text(v, "request_digest"),
                                  .event = text(v, "event"),
                                  .clip = text(v, "clip"),
                                  .subject_digest = text(v, "subject_digest")};
    return reason_of(receipt_verify(&input, ring, &receipt, &e), e.text);
}

static const char *link_name(enum chain_link link)
{
    switch (link) {
    case CHAIN_LINK_GOOD:
        return "";
    case CHAIN_LINK_GAP:
        return "gap";
    case CHAIN_LINK_REPEATED:
    case CHAIN_LINK_BACKWARDS:
        return "order";
    case CHAIN_LINK_BROKEN:
        return "prev";
    case CHAIN_LINK_NONE:
        return "member";
    }
    return "?";
}

/* The reason, and the first event that does not fit. */
static const char *judge_chain(const json_t *v, size_t *ret_at)
{
    const json_t *events = json_object_get(v, "events"), *bytes;
    struct chain chain = {0};
    size_t i;
    json_array_foreach(events, i, bytes)
    {
        unsigned char digest[DIGEST_BYTES];
        struct err e;
        json_t *event = json_loads(json_string_value(bytes), JSON_REJECT_DUPLICATES, NULL);
        digest_sha256(json_string_value(bytes), json_string_length(bytes), digest);
        enum chain_link link = chain_follow(&chain, event, digest, &e);
        json_decref(event);
        *ret_at = i;
        if (link != CHAIN_LINK_GOOD)
            return link_name(link);
    }
    return "";
}

static bool is_as_it_should_be(const json_t *v, const struct key_ring *ring)
{
    const char *expected = text(v, "reason"), *kind = text(v, "kind");
    if (strcmp(kind, "request") == 0)
        return strcmp(judge_request(v, ring), expected ? expected : "") == 0;
    if (strcmp(kind, "receipt") == 0)
        return strcmp(judge_receipt(v, ring), expected ? expected : "") == 0;
    size_t at = 0;
    const char *found = judge_chain(v, &at);
    return expected ? strcmp(found, expected) == 0 &&
                          (json_int_t)at == json_integer_value(json_object_get(v, "at"))
                    : !*found;
}

static int verify_all(const char *folder, const char *file)
{
    struct key_ring ring = {0};
    char path[4096];
    struct err e;
    int failed = 0;
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s.pub.pem", folder, names[i]);
        if (keys_add_file(&ring, path, &e) != 0) {
            fprintf(stderr, "%s\n", e.text);
            return 1;
        }
    }
    json_t *list = json_load_file(file, 0, NULL), *v;
    size_t i;
    json_array_foreach(list, i, v)
    {
        if (is_as_it_should_be(v, &ring))
            continue;
        printf("%s: not as it should be\n", text(v, "name"));
        failed++;
    }
    int count = (int)json_array_size(list);
    printf("ours: %d passed, %d failed\n", count - failed, failed);
    json_decref(list);
    keys_finish(&ring);
    return failed || count == 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "sign") == 0)
        return sign_all(argv[2]);
    if (argc == 4 && strcmp(argv[1], "verify") == 0)
        return verify_all(argv[2], argv[3]);
    fprintf(stderr, "usage: vectors sign FOLDER | verify FOLDER FILE\n");
    return 2;
}
