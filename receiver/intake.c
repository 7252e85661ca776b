/* SPDX-License-Identifier: Apache-2.0 */
/* What gateways send: client certificate, signature, event, store, receipt; in this order. */
#include <gnutls/gnutls.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "event.h"
#include "http.h"

#define CLIP_BODY_MAX (8u << 20)
#define NONCE_KEEP_S  86400
#define SKEW_S        300
#define LIFE_MAX_S    3600

/* libmicrohttpd asks for a certificate; whether one came and is good is looked at here, so that
 * the sender gets a reason instead of a broken connection. */
static const char *client_problem(struct MHD_Connection *c)
{
    unsigned status = 0, count = 0;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!info || !info->tls_session)
        return "no TLS";
    gnutls_session_t session = info->tls_session;
    if (!gnutls_certificate_get_peers(session, &count) || count == 0)
        return "a client certificate is needed; none was sent";
    if (gnutls_certificate_verify_peers2(session, &status) != 0 || status != 0)
        return "the client certificate is not by this receiver's client authority, or has expired";
    return NULL;
}

static void target_uri(const struct receiver *r, struct MHD_Connection *c, const char *url,
                       char *ret_uri, size_t size)
{
    const char *host = http_header(c, "Host");
    if (r->public_url)
        snprintf(ret_uri, size, "%s%s", r->public_url, url);
    else
        snprintf(ret_uri, size, "https://%s%s", host ? host : "", url);
}

int intake_authenticate(struct receiver *r, struct MHD_Connection *c, const char *url,
                        const char *method, const struct request *request,
                        struct signed_request *ret_signed, enum MHD_Result *ret_result)
{
    const char *digest = http_header(c, "Content-Digest");
    const char *input = http_header(c, "Signature-Input");
    const char *signature = http_header(c, "Signature");
    const char *reason;
    char uri[1200], base[2400];
    unsigned char hash[DIGEST_BYTES];
    struct signed_request s = {0};
    if (!digest || !input || !signature) {
        *ret_result =
            http_error(c, 401, "Content-Digest, Signature-Input and Signature are needed");
        return -1;
    }
    EVP_Digest(request->body ? request->body : "", request->length, hash, NULL, EVP_sha256(), NULL);
    signature_digest_text(hash, s.digest);
    if (strcmp(s.digest, digest) != 0) {
        *ret_result = http_error(c, 400, "Content-Digest is not the digest of the body");
        return -1;
    }
    if (!signature_read(input, signature, &s.signature, &reason)) {
        *ret_result = http_error(c, 400, "%s", reason);
        return -1;
    }
    const struct key *key = keys_find(&r->gateway_keys, s.signature.keyid);
    if (!key) {
        *ret_result = http_error(c, 403, "key %s is not known here", s.signature.keyid);
        return -1;
    }
    target_uri(r, c, url, uri, sizeof uri);
    int length = snprintf(base, sizeof base,
                          "\"@method\": %s\n\"@target-uri\": %s\n\"content-digest\": %s\n"
                          "\"@signature-params\": %s",
                          method, uri, digest, s.signature.params);
    if (length >= (int)sizeof base || strcmp(key->algorithm, s.signature.algorithm) != 0 ||
        !keys_verify(key, base, (size_t)length, s.signature.bytes)) {
        *ret_result = http_error(c, 401, "the signature does not verify for %s %s", method, uri);
        return -1;
    }
    snprintf(s.headers, sizeof s.headers,
             "%s %s\nContent-Digest: %s\nSignature-Input: %s\nSignature: %s\n", method, uri, digest,
             input, signature);
    int64_t now = time(NULL), until = s.signature.expires_s;
    s.nonce_until_s = (until > now && until < now + LIFE_MAX_S ? until : now) + NONCE_KEEP_S;
    *ret_signed = s;
    return 0;
}

static enum MHD_Result give_receipt(struct receiver *r, struct MHD_Connection *c,
                                    const struct event *event, const char *digest,
                                    const struct store_entry *entry)
{
    struct receipt receipt;
    json_t *answers = store_answers(r->store, event->source);
    if (!receipt_make(&r->receipt_key, "event", event->id, digest, digest, entry->received_at,
                      entry->receiver_seq, answers, &receipt))
        return http_error(c, 500, "the receipt could not be signed");
    return http_receipt(c, &receipt);
}

static enum MHD_Result take_event(struct receiver *r, struct MHD_Connection *c,
                                  const struct request *request, const struct signed_request *s)
{
    struct event event;
    struct store_entry entry = {0};
    const char *reason, *key = http_header(c, "Idempotency-Key");
    char expected[48];
    if (!event_read(request->body ? request->body : "", request->length, &event, &reason))
        return http_error(c, 400, "%s", reason);
    snprintf(expected, sizeof expected, "\"%s\"", event.id);
    if (!key || strcmp(key, expected) != 0)
        return http_error(c, 400, "Idempotency-Key must be the event's id in quotes");
    if (event.heartbeat) {
        if (!store_use_nonce(r->store, s->signature.nonce, s->nonce_until_s))
            return http_error(c, 409, "this nonce was used before");
        if (!store_heartbeat(r->store, &event, request->body, request->length, &entry))
            return http_error(c, 503, "the store does not take anything now");
        return give_receipt(r, c, &event, s->digest, &entry);
    }
    switch (store_put(r->store, &event, request->body, request->length, s->digest, s->headers,
                      s->signature.nonce, s->nonce_until_s, &entry)) {
    case STORE_NEW:
    case STORE_REPEAT:
        return give_receipt(r, c, &event, s->digest, &entry);
    case STORE_CONFLICT:
        return http_error(c, 409, "event %s was received before with other bytes", event.id);
    case STORE_REPLAY:
        return http_error(c, 409, "this nonce was used before");
    case STORE_FAILED:
        break;
    }
    return http_error(c, 503, "the store does not take anything now");
}

static enum MHD_Result take_request(struct receiver *r, struct MHD_Connection *c, const char *url,
                                    const char *method, const struct request *request)
{
    const char *problem = client_problem(c);
    struct signed_request s;
    enum MHD_Result result;
    if (problem)
        return http_error(c, 403, "%s", problem);
    if (request->too_large)
        return http_error(c, 413, "the body is too large");
    if (strcmp(url, "/v1/clips") == 0 || strncmp(url, "/v1/clips/", 10) == 0)
        return tus_handle(r, c, url, method, request);
    if (strcmp(url, "/v1/events") != 0)
        return http_error(c, 404, "nothing is here; events go to /v1/events");
    if (strcmp(method, "POST") != 0)
        return http_error(c, 405, "events are sent by POST");
    if (intake_authenticate(r, c, url, method, request, &s, &result) != 0)
        return result;
    return take_event(r, c, request, &s);
}

enum MHD_Result intake_handle(void *arg, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *length, void **state)
{
    struct receiver *r = arg;
    struct request *request = *state;
    (void)version;
    if (!request) {
        request = calloc(1, sizeof *request);
        *state = request;
        return request ? MHD_YES : MHD_NO;
    }
    if (*length > 0) {
        bool clip = strncmp(url, "/v1/clips", 9) == 0;
        http_collect(request, data, *length, clip ? CLIP_BODY_MAX : r->max_body_bytes);
        *length = 0;
        return MHD_YES;
    }
    return take_request(r, c, url, method, request);
}
