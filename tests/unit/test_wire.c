/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "drivers/signer/signers.h"
#include "envelope/data.h"
#include "envelope/envelope.h"
#include "run_suite.h"
#include "wire/profile.h"
#include "wire/receipt.h"

static const char url[] = "https://police.example:8443/v1/events";
static const char event_id[] = "01890a5d-ac96-774b-bcce-b302099a8057";

static char folder[] = "/tmp/tocsin-wire-XXXXXX";
static char key_path[80], public_path[80];
static struct signer *signer;
static struct key_ring ring;

static void make_key(const char *type)
{
    EVP_PKEY *pkey = strcmp(type, "ed25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                  : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(key_path, sizeof key_path, "%s/key", folder);
    snprintf(public_path, sizeof public_path, "%s/pub", folder);
    FILE *f = fopen(key_path, "w");
    PEM_write_PKCS8PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    chmod(key_path, 0600);
    f = fopen(public_path, "w");
    PEM_write_PUBKEY(f, pkey);
    fclose(f);
    EVP_PKEY_free(pkey);
    char *path = key_path;
    struct err e;
    ck_assert_msg(signer_pem.open(&path, &signer, &e) == 0, "%s", e.text);
    ck_assert_int_eq(keys_add_file(&ring, public_path, &e), 0);
}

static void drop_key(void)
{
    signer_pem.close(signer);
    keys_finish(&ring);
    unlink(key_path);
    unlink(public_path);
    rmdir(folder);
    strcpy(folder, "/tmp/tocsin-wire-XXXXXX");
}

static void sign_body(const char *body, struct profile_headers *headers)
{
    struct profile_request request = {
        .method = "POST", .target_uri = url, .created_s = 1763885730, .expires_s = 1763886030};
    struct err e;
    digest_sha256(body, strlen(body), request.digest);
    memset(request.nonce, 7, sizeof request.nonce);
    ck_assert_msg(profile_sign(signer, &request, headers, &e) == 0, "%s", e.text);
}

static int verify_body(const char *body, const char *method, const char *target,
                       const struct profile_headers *headers, struct err *e)
{
    unsigned char digest[DIGEST_BYTES];
    struct signature_params params;
    digest_sha256(body, strlen(body), digest);
    return profile_verify(method, target, digest, headers, &ring, &params, e);
}

START_TEST(what_is_signed_verifies_with_either_algorithm_and_nothing_else_does)
{
    struct profile_headers good, bad;
    struct err e;
    make_key(_i == 0 ? "p256" : "ed25519");
    sign_body("{}", &good);
    ck_assert_msg(verify_body("{}", "POST", url, &good, &e) == 0, "%s", e.text);
    ck_assert_int_eq(verify_body("{ }", "POST", url, &good, &e), -EBADMSG);
    ck_assert_int_eq(verify_body("{}", "PATCH", url, &good, &e), -EBADMSG);
    ck_assert_int_eq(verify_body("{}", "POST", "https://other.example/", &good, &e), -EBADMSG);
    bad = good;
    bad.signature[20] = bad.signature[20] == 'A' ? 'B' : 'A';
    ck_assert_int_ne(verify_body("{}", "POST", url, &bad, &e), 0);
    bad = good;
    memcpy(strstr(bad.signature_input, "1763885730"), "1763885731", 10);
    ck_assert_int_eq(verify_body("{}", "POST", url, &bad, &e), -EBADMSG);
    keys_finish(&ring);
    ck_assert_int_eq(verify_body("{}", "POST", url, &good, &e), -ENOKEY);
    drop_key();
}
END_TEST

START_TEST(signature_input_has_one_shape)
{
    static const char covered[] = "(\"@method\" \"@target-uri\" \"content-digest\")";
    static const char good[] =
        "sig1=(\"@method\" \"@target-uri\" "
        "\"content-digest\");created=1;expires=2;nonce=\"AAECAwQFBgcICQoLDA0ODw\";"
        "keyid=\"0123456789abcdef\";alg=\"ed25519\";tag=\"tocsin-v1\"";
    static const char *const changes[][2] = {
        {"sig1=", "sig2="},
        {"created=1", "created=+1"},
        {"created=1", "created=01x"},
        {";expires=2", ""},
        {"nonce=\"AAECAwQFBgcICQoLDA0ODw\"", "nonce=\"\""},
        {"nonce=\"AAECAwQFBgcICQoLDA0ODw\"", "nonce=\"AAECAwQFBgcICQoLDA0OD\""},
        {"0123456789abcdef", "0123456789abcdeF"},
        {"0123456789abcdef", "0123456789abcde"},
        {"alg=\"ed25519\"", "alg=ed25519"},
        {"tocsin-v1\"", "tocsin-v2\""},
        {"tocsin-v1\"", "tocsin-v1\";x=1"},
        {"\"@method\" ", ""},
        {"created=1", "created=1234567890123456"},
    };
    struct signature_params params;
    struct err e;
    ck_assert_int_eq(signature_parse_input(good, covered, 1, "tocsin-v1", &params, &e), 0);
    ck_assert_int_eq(params.created_s, 1);
    ck_assert_int_eq(params.expires_s, 2);
    ck_assert_str_eq(params.nonce, "AAECAwQFBgcICQoLDA0ODw");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char text[600];
        const char *at = strstr(good, changes[i][0]);
        ck_assert_ptr_nonnull(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, changes[i][1],
                 at + strlen(changes[i][0]));
        ck_assert_msg(signature_parse_input(text, covered, 1, "tocsin-v1", &params, &e) != 0,
                      "accepted: %s", text);
    }
}
END_TEST

/* A receipt as a receiver makes it; every part may be falsified afterwards. */
struct made {
    char body[600], digest[DIGEST_HEADER_SIZE], input[400], signature[128], request[64];
};

static void make_receipt(struct made *m, const char *body)
{
    char base[1200], encoded[ENCODE_BASE64_SIZE(64)];
    unsigned char hash[DIGEST_BYTES], raw[SIGNER_SIGNATURE_MAX];
    size_t length;
    struct err e;
    digest_sha256("the event", 9, hash);
    digest_header(hash, m->request);
    snprintf(m->body, sizeof m->body, "%s", body);
    digest_sha256(m->body, strlen(m->body), hash);
    digest_header(hash, m->digest);
    snprintf(m->input, sizeof m->input,
             "sig1=(\"@status\" \"content-digest\" \"content-digest\";req);created=5;keyid=\"%s\";"
             "alg=\"%s\";tag=\"tocsin-v1-receipt\"",
             signer->keyid, signer->algorithm);
    int base_length = snprintf(base, sizeof base,
                               "\"@status\": 200\n\"content-digest\": %s\n"
                               "\"content-digest\";req: %s\n\"@signature-params\": %s",
                               m->digest, m->request, m->input + 5);
    ck_assert_int_eq(signer->driver->sign(signer, base, (size_t)base_length, raw, &length, &e), 0);
    encode_base64(raw, length, encoded);
    snprintf(m->signature, sizeof m->signature, "sig1=:%s:", encoded);
}

static int check_receipt(const struct made *m, int status, struct receipt *receipt, struct err *e)
{
    struct receipt_input input = {.status = status,
                                  .content_digest = m->digest,
                                  .signature_input = m->input,
                                  .signature = m->signature[0] ? m->signature : NULL,
                                  .body = m->body,
                                  .body_length = strlen(m->body),
                                  .request_digest = m->request,
                                  .event = event_id,
                                  .subject_digest = m->request};
    return receipt_verify(&input, &ring, receipt, e);
}

static void receipt_body(const struct made *m, char *body, size_t size, const char *state,
                         const char *answers)
{
    snprintf(body, size, "{\"event\":\"%s\",\"digest\":\"%s\",\"state\":\"%s\",\"answers\":%s}",
             event_id, m->request, state, answers);
}

START_TEST(a_receipt_is_believed_only_if_everything_fits)
{
    static struct receipt receipt;
    struct made m, bad;
    struct err e;
    char body[600];
    make_key("p256");
    make_receipt(&m, "{}"); /* to learn the digest of the request */
    receipt_body(&m, body, sizeof body, "stored",
                 "[{\"answer_seq\":7,\"alarm\":\"01890a5d-ac96-774b-bcce-b302099a8057\","
                 "\"state\":\"coming\",\"by\":\"张\",\"at\":\"x\",\"note\":\"\"}]");
    make_receipt(&m, body);
    ck_assert_msg(check_receipt(&m, 200, &receipt, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(receipt.answer_count, 1);
    ck_assert_int_eq(receipt.answers[0].answer_seq, 7);
    ck_assert_int_eq(receipt.answers[0].state, UPLINK_ANSWER_COMING);

    ck_assert_int_ne(check_receipt(&m, 201, &receipt, &e), 0);
    bad = m;
    bad.body[2] = 'x';
    ck_assert_int_ne(check_receipt(&bad, 200, &receipt, &e), 0);
    bad = m;
    bad.signature[0] = '\0';
    ck_assert_int_ne(check_receipt(&bad, 200, &receipt, &e), 0);
    bad = m;
    memcpy(bad.request, "sha-256=:AAAA", 13);
    ck_assert_int_ne(check_receipt(&bad, 200, &receipt, &e), 0);
    drop_key();
}
END_TEST

START_TEST(a_signed_receipt_with_the_wrong_words_is_not_a_receipt)
{
    static struct receipt receipt;
    static const char *const bodies[] = {
        "[]",
        "not json",
        "{}",
        "{\"event\":\"01890a5d-ac96-774b-bcce-b302099a8058\",\"digest\":\"%s\",\"state\":"
        "\"stored\"}",
        "{\"event\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"digest\":\"x\",\"state\":"
        "\"stored\"}",
        "{\"event\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"digest\":\"%s\",\"state\":"
        "\"queued\"}",
        "{\"event\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"digest\":\"%s\",\"state\":"
        "\"stored\","
        "\"answers\":[{\"answer_seq\":\"7\"}]}",
        "{\"event\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"digest\":\"%s\",\"state\":"
        "\"stored\","
        "\"answers\":{}}",
        "{\"event\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"digest\":\"%s\",\"state\":"
        "\"stored\","
        "\"state\":\"stored\"}",
    };
    struct made m;
    struct err e;
    make_key("ed25519");
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char body[600] = "";
        make_receipt(&m, "{}");
        const char *digest = strstr(bodies[i], "%s");
        if (digest)
            snprintf(body, sizeof body, "%.*s%s%s", (int)(digest - bodies[i]), bodies[i], m.request,
                     digest + 2);
        else
            snprintf(body, sizeof body, "%s", bodies[i]);
        make_receipt(&m, body);
        ck_assert_msg(check_receipt(&m, 200, &receipt, &e) != 0, "believed: %s", body);
    }
    drop_key();
}
END_TEST

START_TEST(a_key_that_others_may_read_is_refused)
{
    struct err e;
    struct signer *other;
    char *path = key_path;
    make_key("p256");
    chmod(key_path, 0644);
    ck_assert_int_eq(signer_pem.open(&path, &other, &e), -EPERM);
    ck_assert_ptr_nonnull(strstr(e.text, "chmod"));
    drop_key();
}
END_TEST

START_TEST(events_are_numbered_and_chained_by_the_digest_of_the_one_before)
{
    struct envelope env;
    struct err e;
    struct event *one, *two, *beat;
    ck_assert_int_eq(envelope_init(&env, "31010600001320000001", &e), 0);
    struct data_fault fault = {.code = "line", .subject = "b1", .reason = "坏了"};
    ck_assert_int_eq(envelope_make(&env, "tocsin.fault.raised", EVENT_CLASS_FOLLOWUP, "", 1,
                                   data_from_fault(&fault), &one, &e),
                     0);
    ck_assert_int_eq(envelope_make(&env, "tocsin.fault.cleared", EVENT_CLASS_FOLLOWUP, "", 2,
                                   data_from_fault(&fault), &two, &e),
                     0);
    ck_assert_uint_eq(one->seq, 1);
    ck_assert_uint_eq(two->seq, 2);
    char prev[ENCODE_BASE64URL_SIZE(EVENT_DIGEST_BYTES)];
    encode_base64url(one->digest, EVENT_DIGEST_BYTES, prev);
    json_t *object = json_loads(two->bytes, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(object, "prev")), prev);
    ck_assert_str_eq(json_string_value(json_object_get(object, "source")),
                     "tocsin:31010600001320000001");
    ck_assert_str_eq(json_string_value(json_object_get(object, "id")), two->id);
    json_decref(object);
    ck_assert_int_eq(envelope_heartbeat(&env, json_object(), &beat, &e), 0);
    object = json_loads(beat->bytes, 0, NULL);
    ck_assert_ptr_null(json_object_get(object, "seq"));
    ck_assert_int_eq(json_integer_value(json_object_get(
                         json_object_get(json_object_get(object, "data"), "head"), "seq")),
                     2);
    json_decref(object);
    ck_assert_uint_eq(env.last_seq, 2);
    event_unref(one);
    event_unref(two);
    event_unref(beat);
}
END_TEST

START_TEST(an_event_that_cannot_be_made_does_not_move_the_chain)
{
    struct envelope env;
    struct err e;
    struct event *event;
    ck_assert_int_eq(envelope_init(&env, "x", &e), 0);
    struct data_fault fault = {.code = "line", .reason = "\xff not UTF-8"};
    ck_assert_int_ne(envelope_make(&env, "tocsin.fault.raised", EVENT_CLASS_FOLLOWUP, "", 1,
                                   data_from_fault(&fault), &event, &e),
                     0);
    ck_assert_uint_eq(env.last_seq, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *tc = tcase_create("wire");
    tcase_add_loop_test(tc, what_is_signed_verifies_with_either_algorithm_and_nothing_else_does, 0,
                        2);
    tcase_add_test(tc, signature_input_has_one_shape);
    tcase_add_test(tc, a_receipt_is_believed_only_if_everything_fits);
    tcase_add_test(tc, a_signed_receipt_with_the_wrong_words_is_not_a_receipt);
    tcase_add_test(tc, a_key_that_others_may_read_is_refused);
    tcase_add_test(tc, events_are_numbered_and_chained_by_the_digest_of_the_one_before);
    tcase_add_test(tc, an_event_that_cannot_be_made_does_not_move_the_chain);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
