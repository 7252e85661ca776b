/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin verify: an exported bundle, checked offline.
 *
 * A bundle is one JSON object a line, an event each, in the order of seq:
 *   {"event":"<exact bytes>","receipts":[{"receiver":…,"state":…,"request":"POST <url>\n<signature
 *    headers>","receipt":"<exact bytes>","receipt_headers":"<signature headers>"}]}
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "wire/digest.h"
#include "wire/keys.h"
#include "wire/profile.h"
#include "wire/receipt.h"

static const char help[] =
    "usage: tocsin verify --key FILE … [--receipt-key FILE …] [--clips FOLDER] BUNDLE\n"
    "\n"
    "Checks a bundle made by tocsin events export: that every event is signed by one of the\n"
    "gateway's public keys (--key), that the chain has no gap and no fork, that receipts are "
    "signed\n"
    "by a receiver's key (--receipt-key), and that clips (FOLDER/<manifest event id>.mp4) are "
    "what\n"
    "their manifests say, naming the camera and the second that is not. Exit 0: all good; 1: "
    "not.\n";

#define BUNDLE_MAX (64u << 20)

struct verifier {
    struct key_ring keys, receipt_keys;
    const char *clips;
    const char *bundle;
    size_t line;
    unsigned problems, events, receipts, clip_count, unsigned_events;
    int64_t last_seq;
    unsigned char head[DIGEST_BYTES];
    bool started;
};

static void problem(struct verifier *v, const char *id, const char *what)
{
    char text[700];
    text_clean(what, text, sizeof text);
    printf("%s:%zu: event %s: %s\n", v->bundle, v->line, id, text);
    v->problems++;
}

/* The value of a header in "Name: value\n" lines. */
static bool header(const char *lines, const char *name, char *ret_value, size_t size)
{
    size_t length = strlen(name);
    for (const char *at = lines; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (strncmp(at, name, length) != 0 || at[length] != ':' || at[length + 1] != ' ')
            continue;
        size_t value = strcspn(at + length + 2, "\n");
        if (value >= size)
            return false;
        memcpy(ret_value, at + length + 2, value);
        ret_value[value] = '\0';
        return true;
    }
    return false;
}

static void check_chain(struct verifier *v, const json_t *event, const char *id,
                        const unsigned char digest[DIGEST_BYTES])
{
    char text[200], head[ENCODE_BASE64URL_SIZE(DIGEST_BYTES)];
    int64_t seq = json_integer_value(json_object_get(event, "seq"));
    const char *prev = json_string_value(json_object_get(event, "prev"));
    encode_base64url(v->head, DIGEST_BYTES, head);
    if (v->started && seq <= v->last_seq) {
        snprintf(text, sizeof text, "seq %lld comes after seq %lld: repeated, or a fork",
                 (long long)seq, (long long)v->last_seq);
        problem(v, id, text);
    } else if (v->started && seq != v->last_seq + 1) {
        snprintf(text, sizeof text, "events %lld to %lld are missing before it",
                 (long long)v->last_seq + 1, (long long)seq - 1);
        problem(v, id, text);
    } else if ((v->started || seq == 1) && (!prev || strcmp(prev, head) != 0)) {
        problem(v, id, "prev is not the digest of the event before: the chain is broken");
    }
    v->started = true;
    v->last_seq = seq;
    memcpy(v->head, digest, DIGEST_BYTES);
}

static bool check_request(struct verifier *v, const json_t *delivery, const char *id,
                          const unsigned char digest[DIGEST_BYTES])
{
    const char *request = json_string_value(json_object_get(delivery, "request"));
    struct profile_headers headers;
    struct signature_params params;
    struct err e;
    char url[PROFILE_TARGET_URI_MAX];
    if (!request)
        return false;
    if (sscanf(request, "POST %1023s", url) != 1 ||
        !header(request, "Content-Digest", headers.content_digest, sizeof headers.content_digest) ||
        !header(request, "Signature-Input", headers.signature_input,
                sizeof headers.signature_input) ||
        !header(request, "Signature", headers.signature, sizeof headers.signature)) {
        problem(v, id, "the request's signature headers cannot be read");
        return false;
    }
    if (profile_verify("POST", url, digest, &headers, &v->keys, &params, &e) != 0) {
        problem(v, id, e.text);
        return false;
    }
    return true;
}

static void check_receipt(struct verifier *v, const json_t *delivery, const char *id,
                          const char *digest_text)
{
    const json_t *body = json_object_get(delivery, "receipt");
    const char *lines = json_string_value(json_object_get(delivery, "receipt_headers"));
    char digest[DIGEST_HEADER_SIZE], input[SIGNATURE_INPUT_MAX], signature[SIGNATURE_HEADER_MAX];
    static struct receipt receipt;
    struct err e;
    if (!json_is_string(body) || v->receipt_keys.count == 0)
        return;
    struct receipt_input in = {
        .status = 200,
        .content_digest = header(lines, "Content-Digest", digest, sizeof digest) ? digest : NULL,
        .signature_input = header(lines, "Signature-Input", input, sizeof input) ? input : NULL,
        .signature = header(lines, "Signature", signature, sizeof signature) ? signature : NULL,
        .body = json_string_value(body),
        .body_length = json_string_length(body),
        .request_digest = digest_text,
        .event = id,
        .subject_digest = digest_text};
    if (receipt_verify(&in, &v->receipt_keys, &receipt, &e) != 0)
        problem(v, id, e.text);
    else
        v->receipts++;
}

static void hex_of(struct digest_stream *s, char ret_hex[ENCODE_HEX_SIZE(DIGEST_BYTES)])
{
    unsigned char digest[DIGEST_BYTES];
    digest_stream_take(s, digest);
    encode_hex(digest, DIGEST_BYTES, ret_hex);
}

/* Names the second and the camera of each chunk that is not what the manifest says. */
static void check_clip(struct verifier *v, const json_t *data, const char *id)
{
    char path[4096], text[300], hex[ENCODE_HEX_SIZE(DIGEST_BYTES)];
    const char *camera = json_string_value(json_object_get(json_object_get(data, "camera"), "id"));
    const json_t *chunks = json_object_get(data, "chunks");
    size_t chunk_bytes = (size_t)json_integer_value(json_object_get(data, "chunk_bytes"));
    double length = json_number_value(json_object_get(data, "length"));
    double seconds = json_number_value(json_object_get(data, "stop_monoms")) / 1000 -
                     json_number_value(json_object_get(data, "start_monoms")) / 1000;
    snprintf(path, sizeof path, "%s/%s.mp4", v->clips, id);
    FILE *f = fopen(path, "rb");
    if (!f) {
        problem(v, id, "its clip is not in the folder");
        return;
    }
    struct digest_stream *whole = digest_stream_create(), *chunk = digest_stream_create();
    char *block = malloc(chunk_bytes > 0 && chunk_bytes <= BUNDLE_MAX ? chunk_bytes : 1);
    double total = 0;
    for (size_t i = 0, got; whole && chunk && block && chunk_bytes > 0 &&
                            chunk_bytes <= BUNDLE_MAX && (got = fread(block, 1, chunk_bytes, f));
         i++) {
        const char *expected = json_string_value(json_array_get(chunks, i));
        digest_stream_add(whole, block, got);
        digest_stream_add(chunk, block, got);
        hex_of(chunk, hex);
        if (!expected || strcmp(hex, expected) != 0) {
            snprintf(text, sizeof text,
                     "clip of camera %s is not as recorded near second %.0f to %.0f",
                     camera ? camera : "?", total / length * seconds,
                     (total + (double)got) / length * seconds);
            problem(v, id, text);
        }
        total += (double)got;
    }
    const char *expected = json_string_value(json_object_get(data, "sha256"));
    if (whole)
        hex_of(whole, hex);
    if (!whole || !expected || strcmp(hex, expected) != 0)
        problem(v, id, "its clip as a whole is not what the manifest says");
    else
        v->clip_count++;
    digest_stream_destroy(whole);
    digest_stream_destroy(chunk);
    free(block);
    fclose(f);
}

static void check_line(struct verifier *v, const char *line, size_t length)
{
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL), *delivery;
    const json_t *bytes = json_object_get(object, "event");
    json_t *event = json_is_string(bytes)
                        ? json_loadb(json_string_value(bytes), json_string_length(bytes),
                                     JSON_REJECT_DUPLICATES, NULL)
                        : NULL;
    const char *id = json_string_value(json_object_get(event, "id"));
    if (!id) {
        problem(v, "?", "the line holds no event");
    } else {
        unsigned char digest[DIGEST_BYTES];
        char digest_text[DIGEST_HEADER_SIZE];
        const char *type = json_string_value(json_object_get(event, "type"));
        bool is_signed = false;
        size_t i;
        digest_sha256(json_string_value(bytes), json_string_length(bytes), digest);
        digest_header(digest, digest_text);
        v->events++;
        check_chain(v, event, id, digest);
        json_array_foreach(json_object_get(object, "receipts"), i, delivery)
        {
            is_signed = check_request(v, delivery, id, digest) || is_signed;
            check_receipt(v, delivery, id, digest_text);
        }
        v->unsigned_events += !is_signed;
        if (v->clips && type && strcmp(type, "tocsin.clip.manifest") == 0)
            check_clip(v, json_object_get(event, "data"), id);
    }
    json_decref(event);
    json_decref(object);
}

static int check_bundle(struct verifier *v)
{
    FILE *f = strcmp(v->bundle, "-") == 0 ? stdin : fopen(v->bundle, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    if (!f) {
        fprintf(stderr, "tocsin: %s: %s\n", v->bundle, strerror(errno));
        return EXIT_FAILURE;
    }
    while ((length = getline(&line, &room, f)) > 0) {
        v->line++;
        check_line(v, line, (size_t)length);
    }
    free(line);
    if (f != stdin)
        fclose(f);
    printf("%u event(s), %u receipt(s) and %u clip(s) verified; %u event(s) carry no signed "
           "request yet; %u problem(s)\n",
           v->events, v->receipts, v->clip_count, v->unsigned_events, v->problems);
    return v->problems == 0 && v->events > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_verify(int argc, char **argv)
{
    struct verifier v = {0};
    struct err e;
    int result = EXIT_USAGE;
    for (int i = 1; i < argc; i++) {
        struct key_ring *ring = strcmp(argv[i], "--key") == 0           ? &v.keys
                                : strcmp(argv[i], "--receipt-key") == 0 ? &v.receipt_keys
                                                                        : NULL;
        if (strcmp(argv[i], "--help") == 0) {
            result = cli_help(help);
            goto out;
        }
        if (ring && i + 1 < argc) {
            if (keys_add_file(ring, argv[++i], &e) != 0) {
                fprintf(stderr, "tocsin: %s\n", e.text);
                result = EXIT_FAILURE;
                goto out;
            }
        } else if (strcmp(argv[i], "--clips") == 0 && i + 1 < argc) {
            v.clips = argv[++i];
        } else if ((argv[i][0] != '-' || argv[i][1] == '\0') && !v.bundle) {
            v.bundle = argv[i];
        } else {
            cli_usage("verify", argv[i]);
            goto out;
        }
    }
    if (!v.bundle || v.keys.count == 0)
        cli_usage("verify", v.bundle ? "no --key" : "no BUNDLE");
    else
        result = check_bundle(&v);
out:
    keys_finish(&v.keys);
    keys_finish(&v.receipt_keys);
    return result;
}
