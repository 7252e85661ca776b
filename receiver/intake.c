/* SPDX-License-Identifier: Apache-2.0 */
/* What gateways send: client certificate, signature, event, store, receipt; in this order. */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "event.h"
#include "http.h"

#define CLIP_BODY_MAX (8u << 20)

static const char clips[] = "/v1/clips";

/* libmicrohttpd asks for a certificate; whether one came and is good is looked at here, so that
 * the sender gets a reason instead of a broken connection. */
static const char *client_problem(struct MHD_Connection *c)
{
    unsigned status = 0, count = 0;
    gnutls_typed_vdata_st client = {GNUTLS_DT_KEY_PURPOSE_OID,
                                    (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!info || !info->tls_session)
        return "no TLS";
    gnutls_session_t session = info->tls_session;
    if (!gnutls_certificate_get_peers(session, &count) || count == 0)
        return "a client certificate is needed; none was sent";
    if (gnutls_certificate_verify_peers(session, &client, 1, &status) != 0)
        return "the client certificate cannot be read";
    if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
        return "the certificate is not one for clients (extendedKeyUsage clientAuth)";
    if (status != 0)
        return "the client certificate is not by this receiver's client authority, or has expired";
    return NULL;
}

static void target_uri(const struct receiver *r, struct MHD_Connection *c, const char *target,
                       char *ret_uri, size_t size)
{
    const char *host = http_header(c, "Host");
    if (r->public_url)
        snprintf(ret_uri, size, "%s%s", r->public_url, target);
    else
        snprintf(ret_uri, size, "https://%s%s", host ? host : "", target);
}

int intake_authenticate(struct receiver *r, struct MHD_Connection *c, const char *method,
                        const struct request *request, struct signed_request *ret_signed,
                        enum MHD_Result *ret_result)
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
    s.key = keys_find(&r->gateway_keys, s.signature.keyid);
    if (!s.key) {
        *ret_result = http_error(c, 403, "key %s is not known here", s.signature.keyid);
        return -1;
    }
    target_uri(r, c, request->target, uri, sizeof uri);
    int length = snprintf(base, sizeof base,
                          "\"@method\": %s\n\"@target-uri\": %s\n\"content-digest\": %s\n"
                          "\"@signature-params\": %s",
                          method, uri, digest, s.signature.params);
    if (length >= (int)sizeof base || strcmp(s.key->algorithm, s.signature.algorithm) != 0 ||
        !keys_verify(s.key, base, (size_t)length, s.signature.bytes)) {
        *ret_result = http_error(c, 401, "the signature does not verify for %s %s", method, uri);
        return -1;
    }
    snprintf(s.headers, sizeof s.headers,
             "%s %s\nContent-Digest: %s\nSignature-Input: %s\nSignature: %s\n", method, uri, digest,
             input, signature);
    int64_t now_s = time(NULL);
    s.off_s = signature_off_s(&s.signature, now_s);
    s.nonce_until_s = signature_nonce_until_s(&s.signature, now_s);
    s.signature.params = NULL; /* it lives no longer than the request's headers */
    *ret_signed = s;
    return 0;
}

static enum MHD_Result give_receipt(struct receiver *r, struct MHD_Connection *c,
                                    const struct event *event, const char *digest,
                                    const struct store_entry *entry)
{
    struct receipt receipt;
    const struct receipt_content content = {.kind = "event",
                                            .id = event->id,
                                            .digest = digest,
                                            .request_digest = digest,
                                            .received_at = entry->received_at,
                                            .receiver_seq = entry->receiver_seq,
                                            .newest_seq = entry->newest_seq,
                                            .is_fork = entry->is_fork,
                                            .answers = store_answers(r->store, event->source)};
    if (!receipt_make(&r->receipt_key, &content, &receipt))
        return http_error(c, 500, "the receipt could not be signed");
    return http_receipt(c, &receipt);
}

static enum MHD_Result store_and_answer(struct receiver *r, struct MHD_Connection *c,
                                        const struct request *request,
                                        const struct signed_request *s, const struct event *event)
{
    struct store_entry entry = {0};
    const struct store_evidence evidence = {s->digest, s->headers, s->signature.nonce,
                                            s->nonce_until_s, s->off_s};
    bool heartbeat = event->kind == EVENT_KIND_HEARTBEAT;
    switch ((heartbeat ? store_heartbeat : store_put)(r->store, event, request->body,
                                                      request->length, &evidence, &entry)) {
    case STORE_NEW:
    case STORE_REPEAT:
        return give_receipt(r, c, event, s->digest, &entry);
    case STORE_CONFLICT:
        return http_error(c, 409, "event %s was received before with other bytes", event->id);
    case STORE_REPLAY:
        return http_error(c, 409, "this nonce was used before");
    case STORE_FAILED:
        break;
    }
    return http_error(c, 503, "the store does not take anything now");
}

static enum MHD_Result take_event(struct receiver *r, struct MHD_Connection *c, const char *method,
                                  const struct request *request)
{
    struct signed_request s;
    struct event event;
    enum MHD_Result result;
    const char *reason, *key = http_header(c, "Idempotency-Key");
    char expected[48];
    if (strcmp(method, "POST") != 0)
        return http_error(c, 405, "events are sent by POST");
    if (intake_authenticate(r, c, method, request, &s, &result) != 0)
        return result;
    if (!event_read(request->body ? request->body : "", request->length, &event, &reason))
        return http_error(c, 400, "%s", reason);
    snprintf(expected, sizeof expected, "\"%s\"", event.id);
    if (!key || strcmp(key, expected) != 0)
        return http_error(c, 400, "Idempotency-Key must be the event's id in quotes");
    if (!keys_may_speak(s.key, event.source))
        return http_error(c, 403, "key %s does not speak for %s", s.key->keyid, event.source);
    return store_and_answer(r, c, request, &s, &event);
}

/* The target as it came, not as libmicrohttpd decodes it: it is what was signed. */
void *intake_begin(void *arg, const char *target, struct MHD_Connection *c)
{
    struct request *request = calloc(1, sizeof *request);
    (void)arg;
    (void)c;
    if (request)
        request->target = strdup(target);
    return request;
}

enum MHD_Result intake_handle(struct receiver *r, struct MHD_Connection *c,
                              const struct http_call *call)
{
    struct request *request = *call->state;
    if (!request || !request->target)
        return MHD_NO;
    bool clip = strncmp(request->target, clips, sizeof clips - 1) == 0;
    if (!request->begun) {
        request->begun = true;
        request->problem = client_problem(c);
        return MHD_YES;
    }
    if (*call->length > 0) {
        size_t max = request->problem ? 0 : clip ? CLIP_BODY_MAX : r->max_body_bytes;
        http_collect(request, call->data, *call->length, max);
        *call->length = 0;
        return MHD_YES;
    }
    if (request->problem)
        return http_error(c, 403, "%s", request->problem);
    if (request->too_large)
        return http_error(c, 413, "the body is too large; %zu bytes are taken here",
                          clip ? (size_t)CLIP_BODY_MAX : r->max_body_bytes);
    if (strcmp(request->target, "/v1/events") == 0)
        return take_event(r, c, call->method, request);
    if (clip &&
        (request->target[sizeof clips - 1] == '\0' || request->target[sizeof clips - 1] == '/'))
        return tus_handle(r, c, call->method, request);
    return http_error(c, 404, "nothing is here; events go to /v1/events");
}
