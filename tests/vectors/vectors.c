/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our side of the vectors:
 *   vectors sign FOLDER        makes requests with FOLDER's keys, as JSON, for others to verify
 *   vectors verify FOLDER      verifies FOLDER/vectors.json with our code
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "drivers/signer/signers.h"
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

static int sign_all(const char *folder)
{
    json_t *list = json_array();
    char path[4096], *options = path;
    for (size_t i = 0; i < 2; i++) {
        struct signer *signer;
        struct err e;
        snprintf(path, sizeof path, "%s/%s.key", folder, names[i]);
        chmod(path, 0600); /* git keeps no such modes */
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
    json_dumpf(list, stdout, JSON_INDENT(1));
    json_decref(list);
    return 0;
}

static const char *text(const json_t *v, const char *name)
{
    const char *found = json_string_value(json_object_get(v, name));
    return found ? found : "";
}

static bool request_is_good(const json_t *v, const struct key_ring *ring)
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
    return profile_verify(text(v, "method"), text(v, "url"), digest, &headers, ring, &params, &e) ==
           0;
}

static bool receipt_is_good(const json_t *v, const struct key_ring *ring)
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
                                  .event = "01890a5d-ac96-774b-bcce-b302099a8057",
                                  .subject_digest = text(v, "request_digest")};
    return receipt_verify(&input, ring, &receipt, &e) == 0;
}

static int verify_all(const char *folder)
{
    struct key_ring ring = {0};
    char path[4096];
    struct err e;
    int failed = 0;
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s.pub.pem", folder, names[i]);
        if (keys_add_file(&ring, path, &e) != 0)
            return 1;
    }
    snprintf(path, sizeof path, "%s/vectors.json", folder);
    json_t *list = json_load_file(path, 0, NULL), *v;
    size_t i;
    json_array_foreach(list, i, v)
    {
        bool request = strcmp(text(v, "kind"), "request") == 0;
        bool good = request ? request_is_good(v, &ring) : receipt_is_good(v, &ring);
        if (good != json_is_true(json_object_get(v, "good"))) {
            printf("%s: not as it should be\n", text(v, "name"));
            failed++;
        }
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
    if (argc == 3 && strcmp(argv[1], "verify") == 0)
        return verify_all(argv[2]);
    fprintf(stderr, "usage: vectors sign|verify FOLDER\n");
    return 2;
}
