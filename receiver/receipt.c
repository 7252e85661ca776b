/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool receipt_make(const struct key *key, const struct receipt_content *c,
                  struct receipt *ret_receipt)
{
    json_t *object = json_pack(
        "{ss,ss,ss,sI,ss,so}", c->kind, c->id, "digest", c->digest, "received_at", c->received_at,
        "receiver_seq", (json_int_t)c->receiver_seq, "state", "stored", "answers", c->answers);
    if (c->newest_seq > 0)
        json_object_set_new(object, "newest_seq", json_integer(c->newest_seq));
    if (c->is_fork)
        json_object_set_new(object, "chain", json_string("fork"));
    struct receipt r = {.body = object ? json_dumps(object, JSON_COMPACT) : NULL};
    json_decref(object);
    if (!r.body)
        return false;
    unsigned char hash[DIGEST_BYTES], signature[SIGNATURE_BYTES];
    char base[1024], params[256], encoded[96];
    EVP_Digest(r.body, strlen(r.body), hash, NULL, EVP_sha256(), NULL);
    signature_digest_text(hash, r.content_digest);
    snprintf(params, sizeof params,
             "(\"@status\" \"content-digest\" \"content-digest\";req);created=%lld;keyid=\"%s\";"
             "alg=\"%s\";tag=\"tocsin-v1-receipt\"",
             (long long)time(NULL), key->keyid, key->algorithm);
    int length = snprintf(base, sizeof base,
                          "\"@status\": 200\n\"content-digest\": %s\n\"content-digest\";req: %s\n"
                          "\"@signature-params\": %s",
                          r.content_digest, c->request_digest, params);
    if (length < 0 || length >= (int)sizeof base ||
        !keys_sign(key, base, (size_t)length, signature)) {
        free(r.body);
        return false;
    }
    EVP_EncodeBlock((unsigned char *)encoded, signature, SIGNATURE_BYTES);
    snprintf(r.signature_input, sizeof r.signature_input, "sig1=%s", params);
    snprintf(r.signature, sizeof r.signature, "sig1=:%s:", encoded);
    *ret_receipt = r;
    return true;
}

void receipt_free(struct receipt *receipt)
{
    free(receipt->body);
    receipt->body = NULL;
}
