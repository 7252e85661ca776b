/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference receiver's side of the vectors, which shares no code with the gateway's:
 *   vectors-receiver FOLDER    makes receipts with FOLDER's keys, for others to verify
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receipt.h"

static const char id[] = "01890a5d-ac96-774b-bcce-b302099a8057";

static void digest_of(const char *body, char ret_text[DIGEST_TEXT_SIZE])
{
    unsigned char digest[DIGEST_BYTES];
    if (EVP_Digest(body, strlen(body), digest, NULL, EVP_sha256(), NULL) != 1)
        exit(1);
    signature_digest_text(digest, ret_text);
}

static json_t *make_receipt(const struct key *key, const char *key_name, int n)
{
    char request[32], request_digest[DIGEST_TEXT_SIZE], name[64];
    struct receipt receipt;
    const char *kind = n % 2 ? "clip" : "event";
    snprintf(request, sizeof request, "{\"n\":%d,\"place\":\"门卫室\"}", n);
    snprintf(name, sizeof name, "receipt %d %s", n, key_name);
    digest_of(request, request_digest);
    json_t *answers =
        json_pack("[{sI,ss,ss,ss,ss,ss}]", "answer_seq", (json_int_t)(n + 1), "alarm", id, "state",
                  "coming", "by", "值班员 张", "at", "2025-11-23T08:16:00.000Z", "note", "\"\\\t");
    const struct receipt_content content = {
        kind, id, request_digest, request_digest, "2025-11-23T08:15:30.500Z", n, n, false, answers};
    if (!receipt_make(key, &content, &receipt))
        exit(1);
    json_t *made = json_pack(
        "{ss,ss,sb,ss,si,ss,ss,ss,ss,ss,ss,ss}", "name", name, "kind", "receipt", "good", 1, "key",
        key_name, "status", 200, "body", receipt.body, "request_digest", request_digest,
        "content_digest", receipt.content_digest, "signature_input", receipt.signature_input,
        "signature", receipt.signature, kind, id, "subject_digest", request_digest);
    receipt_free(&receipt);
    return made;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"p256", "ed25519"};
    json_t *list = json_array();
    if (argc != 2) {
        fprintf(stderr, "usage: vectors-receiver FOLDER\n");
        return 2;
    }
    for (size_t i = 0; i < 2; i++) {
        char path[4096];
        struct key key;
        snprintf(path, sizeof path, "%s/%s.key", argv[1], names[i]);
        if (!keys_read_private(path, &key))
            return 1;
        for (int n = 0; n < 20; n++)
            json_array_append_new(list, make_receipt(&key, names[i], n));
        EVP_PKEY_free(key.pkey);
    }
    json_dumpf(list, stdout, JSON_INDENT(1));
    json_decref(list);
    return 0;
}
