/* SPDX-License-Identifier: Apache-2.0 */
#include "receiver_world.h"

#include <check.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test_folder.h"

static struct MHD_Connection connection;

void world_open(struct world *w)
{
    *w = (struct world){.receiver = {.name = "police", .max_body_bytes = 4096}};
    test_folder(w->folder, sizeof w->folder);
    struct key *known = calloc(1, sizeof *known);
    ck_assert_ptr_nonnull(known);
    ck_assert(keys_read_private(VECTORS "/p256.key", known));
    snprintf(known->gateway, sizeof known->gateway, "%s", WORLD_SOURCE + strlen("tocsin:"));
    w->receiver.gateway_keys = (struct key_list){.keys = known, .count = 1};
    ck_assert(keys_read_private(VECTORS "/ed25519.key", &w->receiver.receipt_key));
    ck_assert(store_open(w->folder, &w->receiver.store));
}

void world_close(struct world *w)
{
    char command[100];
    store_close(w->receiver.store);
    keys_free(&w->receiver.gateway_keys);
    keys_clear(&w->receiver.receipt_key);
    snprintf(command, sizeof command, "rm -r %s", w->folder);
    ck_assert_int_eq(system(command), 0);
}

static void sign(struct world *w, const struct call *call, size_t length)
{
    const struct key *key = w->receiver.gateway_keys.keys;
    unsigned char hash[DIGEST_BYTES], bytes[SIGNATURE_BYTES];
    char digest[DIGEST_TEXT_SIZE], nonce[32], params[600], input[620], base[2000], text[96];
    long long created_s = call->created_s ? call->created_s : time(NULL);
    EVP_Digest(call->body ? call->body : "", length, hash, NULL, EVP_sha256(), NULL);
    signature_digest_text(hash, digest);
    if (call->digest)
        snprintf(digest, sizeof digest, "%s", call->digest);
    snprintf(nonce, sizeof nonce, "%022u", ++w->nonces);
    snprintf(params, sizeof params,
             "(\"@method\" \"@target-uri\" \"content-digest\");created=%lld;expires=%lld;"
             "nonce=\"%s\";keyid=\"%s\";alg=\"%s\";tag=\"tocsin-v1\"",
             created_s, created_s + 300, call->nonce ? call->nonce : nonce,
             call->keyid ? call->keyid : key->keyid,
             call->algorithm ? call->algorithm : key->algorithm);
    int made = snprintf(base, sizeof base,
                        "\"@method\": %s\n\"@target-uri\": https://police.example%s\n"
                        "\"content-digest\": %s\n\"@signature-params\": %s",
                        call->signed_method ? call->signed_method : call->method,
                        call->signed_target ? call->signed_target : call->target, digest, params);
    ck_assert(keys_sign(key, base, (size_t)made, bytes));
    EVP_EncodeBlock((unsigned char *)text, bytes, SIGNATURE_BYTES);
    snprintf(base, sizeof base, "sig1=:%s:", text);
    snprintf(input, sizeof input, "sig1=%s", params);
    fake_send(&connection, "Content-Digest", digest);
    fake_send(&connection, "Signature-Input", input);
    fake_send(&connection, "Signature", base);
}

struct MHD_Connection *world_call(struct world *w, const struct call *asked)
{
    struct call call = *asked;
    char quoted[80];
    void *state;
    size_t none = 0;
    call.method = call.method ? call.method : "POST";
    call.target = call.target ? call.target : "/v1/events";
    size_t length = call.length ? call.length : call.body ? strlen(call.body) : 0;
    connection = (struct MHD_Connection){.certificates = !call.no_certificate,
                                         .without_tls = call.without_tls,
                                         .unreadable = call.unreadable_certificate ? -1 : 0,
                                         .certificate_problem = call.certificate_problem};
    snprintf(quoted, sizeof quoted, "\"%s\"", call.id ? call.id : "");
    fake_send(&connection, "Host", call.host ? call.host : "police.example");
    fake_send(&connection, "Idempotency-Key", call.key ? call.key : call.id ? quoted : NULL);
    fake_send(&connection, "Tus-Resumable", call.tus_version);
    fake_send(&connection, "Upload-Metadata", call.metadata);
    fake_send(&connection, "Upload-Length", call.upload_length);
    fake_send(&connection, "Upload-Offset", call.upload_offset);
    fake_send(&connection, "Content-Type", call.type);
    if (!call.unsigned_)
        sign(w, &call, length);
    /* As libmicrohttpd does it: the head, the body in pieces, and once more for the answer. */
    state = intake_begin(&w->receiver, call.target, &connection);
    const struct http_call head = {.method = call.method, .length = &none, .state = &state};
    intake_handle(&w->receiver, &connection, &head);
    for (size_t at = 0; at < length;) {
        size_t piece = length - at < 1000 ? length - at : 1000, left = piece;
        struct http_call body = {NULL, call.method, call.body + at, &left, &state};
        intake_handle(&w->receiver, &connection, &body);
        ck_assert_uint_eq(left, 0);
        at += piece;
    }
    intake_handle(&w->receiver, &connection, &head);
    http_free_request(state);
    ck_assert_uint_ne(connection.status, 0);
    return &connection;
}

static json_t *body_of(const struct MHD_Connection *c)
{
    static json_t *body;
    json_decref(body);
    body = json_loads(c->body, 0, NULL);
    return body;
}

const char *world_text(const struct MHD_Connection *c, const char *name)
{
    static char text[400];
    const char *found = json_string_value(json_object_get(body_of(c), name));
    snprintf(text, sizeof text, "%s", found ? found : "");
    return found ? text : NULL;
}

int64_t world_number(const struct MHD_Connection *c, const char *name)
{
    return json_integer_value(json_object_get(body_of(c), name));
}
