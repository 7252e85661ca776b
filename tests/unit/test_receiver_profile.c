/* SPDX-License-Identifier: Apache-2.0 */
/* The receiver's reading of the profile: its shape, its times, its keys, and the vectors. */
#include <check.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys.h"
#include "receipt.h"
#include "run_suite.h"
#include "signature.h"

#define GOOD                                                                                       \
    "sig1=(\"@method\" \"@target-uri\" \"content-digest\");created=1700000000;expires=1700000300;" \
    "nonce=\"AAECAwQFBgcICQoLDA0ODw\";keyid=\"d6f414c0eac74312\";alg=\"ecdsa-p256-sha256\";"       \
    "tag=\"tocsin-v1\""
#define A86   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define BYTES "sig1=:" A86 "==:"

START_TEST(the_frozen_shape_is_read)
{
    struct signature s;
    const char *reason;
    ck_assert(signature_read(GOOD, BYTES, &s, &reason));
    ck_assert_int_eq(s.created_s, 1700000000);
    ck_assert_int_eq(s.expires_s, 1700000300);
    ck_assert_str_eq(s.nonce, "AAECAwQFBgcICQoLDA0ODw");
    ck_assert_str_eq(s.keyid, "d6f414c0eac74312");
    ck_assert_str_eq(s.algorithm, "ecdsa-p256-sha256");
    ck_assert_str_eq(s.params, &GOOD[5]);
}
END_TEST

static const struct {
    const char *from, *to;
} spoilt[] = {
    {"sig1", "sig2"},
    {"sig1=", "sig1= "},
    {"\"@method\" ", ""},
    {"\"@method\" ", "\"@method\"  "},
    {"content-digest", "content-type"},
    {";created", "; created"},
    {"1700000000", ""},
    {"1700000000", "-1700000000"},
    {"1700000000", "+1700000000"},
    {"1700000000", " 1700000000"},
    {"1700000000", "1700000000.0"},
    {"1700000000", "1234567890123456"},
    {"1700000000", "0x65"},
    {";expires=1700000300", ""},
    {"AAECAwQFBgcICQoLDA0ODw", ""},
    {"AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0OD"},
    {"AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0O+/"},
    {"AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0ODwAAECAwQFBgcICQoLDA0ODw"},
    {"d6f414c0eac74312", "d6f414c0eac7431"},
    {"d6f414c0eac74312", "d6f414c0eac743122"},
    {"ecdsa-p256-sha256", ""},
    {"ecdsa-p256-sha256", "ecdsa-p256-sha256-and-more-of-it"},
    {"tocsin-v1", "tocsin-v2"},
    {"tag=\"tocsin-v1\"", "tag=\"tocsin-v1\" "},
    {"tag=\"tocsin-v1\"", "tag=\"tocsin-v1\";x=1"},
    {"tag=\"tocsin-v1\"", "tag=\"tocsin-v1\", sig2=()"},
    {"tag=\"tocsin-v1\"", "tag=tocsin-v1"},
    {";tag=\"tocsin-v1\"", ""},
};

START_TEST(any_other_shape_is_refused_with_a_reason)
{
    char input[700];
    struct signature s;
    const char *from = spoilt[_i].from, *at = strstr(GOOD, from), *reason = NULL;
    ck_assert_ptr_nonnull(at);
    snprintf(input, sizeof input, "%.*s%s%s", (int)(at - GOOD), GOOD, spoilt[_i].to,
             at + strlen(from));
    ck_assert_msg(!signature_read(input, BYTES, &s, &reason), "%s", input);
    ck_assert_ptr_nonnull(reason);
}
END_TEST

START_TEST(an_input_that_has_no_end_is_refused)
{
    static char input[100000];
    struct signature s;
    const char *reason;
    memset(input, '1', sizeof input - 1);
    memcpy(input, GOOD, 60);
    ck_assert(!signature_read(input, BYTES, &s, &reason));
}
END_TEST

START_TEST(a_signature_is_64_bytes_of_base64)
{
    static const char *const bad[] = {"",
                                      "sig1=:",
                                      "sig1=::",
                                      "sig2=:" A86 "==:",
                                      "sig1=:" A86 "==",
                                      "sig1=:" A86 "A=:",
                                      "sig1=:" A86 "AA:",
                                      "sig1=:" A86 "====:",
                                      "sig1=:=" A86 "=:",
                                      "sig1=: " A86 "=:",
                                      "sig1=:\n" A86 "=:",
                                      BYTES ":"};
    struct signature s;
    const char *reason;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!signature_read(GOOD, bad[i], &s, &reason), "%s", bad[i]);
    char odd[] = "sig1=:" A86 "==:";
    odd[20] = '-'; /* base64url is not base64 */
    ck_assert(!signature_read(GOOD, odd, &s, &reason));
}
END_TEST

START_TEST(a_signature_has_its_time_and_five_minutes_on_either_side)
{
    const struct signature s = {.created_s = 10000, .expires_s = 10300};
    ck_assert_int_eq(signature_off_s(&s, 10100), 0);
    ck_assert_int_eq(signature_off_s(&s, 9700), 0);
    ck_assert_int_eq(signature_off_s(&s, 9699), -1);
    ck_assert_int_eq(signature_off_s(&s, 10600), 0);
    ck_assert_int_eq(signature_off_s(&s, 10601), 1);
}
END_TEST

START_TEST(no_signature_lives_longer_than_an_hour)
{
    const struct signature eternal = {.created_s = 10000, .expires_s = 999999999999999};
    ck_assert_int_eq(signature_off_s(&eternal, 10000 + 3900), 0);
    ck_assert_int_eq(signature_off_s(&eternal, 10000 + 3901), 1);
    const struct signature dead = {.created_s = 10000, .expires_s = 5};
    ck_assert_int_gt(signature_off_s(&dead, 10000), 0);
}
END_TEST

START_TEST(a_nonce_is_remembered_as_long_as_its_signature_could_be_used)
{
    const struct signature s = {.created_s = 10000, .expires_s = 10300};
    int64_t until_s = signature_nonce_until_s(&s, 10000);
    ck_assert_int_eq(signature_off_s(&s, until_s), 0);
    ck_assert_int_ne(signature_off_s(&s, until_s + 1), 0);
    ck_assert_int_eq(signature_nonce_until_s(&s, 99999), 99999 + 86400);
}
END_TEST

START_TEST(a_key_of_a_gateway_speaks_for_that_one)
{
    struct key any = {0}, one = {.gateway = "31010600001320000001"};
    ck_assert(keys_may_speak(&any, "tocsin:whoever"));
    ck_assert(keys_may_speak(&one, "tocsin:31010600001320000001"));
    ck_assert(!keys_may_speak(&one, "tocsin:31010600001320000002"));
    ck_assert(!keys_may_speak(&one, "tocsin:310106000013200000011"));
    ck_assert(!keys_may_speak(&one, "tocsin:3101060000132000000"));
    ck_assert(!keys_may_speak(&one, "31010600001320000001"));
}
END_TEST

static const struct {
    const char *file, *gateway;
} named[] = {
    {"31010600001320000001.pem", "31010600001320000001"},
    {"31010600001320000001-2026.pem", "31010600001320000001"},
    {"310106000013200000011.pem", ""},
    {"3101060000132000000.pem", ""},
    {"gateway.pem", ""},
};

START_TEST(a_key_file_named_after_a_gateway_is_of_that_one)
{
    char folder[TEST_FOLDER_SIZE], path[128];
    struct key_list list = {0};
    test_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/%s", folder, named[_i].file);
    ck_assert_int_eq(symlink(VECTORS "/p256.pub.pem", path), 0);
    ck_assert(keys_read_folder(folder, &list));
    ck_assert_uint_eq(list.count, 1);
    ck_assert_str_eq(list.keys[0].gateway, named[_i].gateway);
    ck_assert_str_eq(list.keys[0].keyid, "d6f414c0eac74312");
    ck_assert_ptr_eq(keys_find(&list, "d6f414c0eac74312"), &list.keys[0]);
    ck_assert_ptr_null(keys_find(&list, "D6F414C0EAC74312"));
    keys_free(&list);
    unlink(path);
    rmdir(folder);
}
END_TEST

/* As intake.c does it, for one vector. */
static bool verify(const json_t *v, const struct key_list *keys)
{
    const char *method, *url, *body, *digest, *input, *signature, *reason;
    char text[DIGEST_TEXT_SIZE], base[2400];
    unsigned char hash[DIGEST_BYTES];
    struct signature s;
    ck_assert_int_eq(json_unpack((json_t *)v, "{s:s,s:s,s:s,s:s,s:s,s:s}", "method", &method, "url",
                                 &url, "body", &body, "content_digest", &digest, "signature_input",
                                 &input, "signature", &signature),
                     0);
    EVP_Digest(body, strlen(body), hash, NULL, EVP_sha256(), NULL);
    signature_digest_text(hash, text);
    if (strcmp(text, digest) != 0 || !signature_read(input, signature, &s, &reason))
        return false;
    const struct key *key = keys_find(keys, s.keyid);
    int length = snprintf(base, sizeof base,
                          "\"@method\": %s\n\"@target-uri\": %s\n\"content-digest\": %s\n"
                          "\"@signature-params\": %s",
                          method, url, digest, s.params);
    return key && strcmp(key->algorithm, s.algorithm) == 0 &&
           keys_verify(key, base, (size_t)length, s.bytes);
}

START_TEST(every_request_of_the_vectors_is_judged_as_marked)
{
    struct key_list keys = {0};
    json_t *vectors = json_load_file(VECTORS "/vectors.json", 0, NULL), *v;
    size_t i, good = 0, bad = 0;
    ck_assert(keys_read_folder(VECTORS, &keys));
    json_array_foreach(vectors, i, v)
    {
        if (strcmp(json_string_value(json_object_get(v, "kind")), "request") != 0)
            continue;
        bool wanted = json_is_true(json_object_get(v, "good"));
        ck_assert_msg(verify(v, &keys) == wanted, "%s",
                      json_string_value(json_object_get(v, "name")));
        good += wanted;
        bad += !wanted;
    }
    ck_assert_uint_gt(good, 1);
    ck_assert_uint_gt(bad, 3);
    json_decref(vectors);
    keys_free(&keys);
}
END_TEST

static const char *const private_keys[] = {VECTORS "/p256.key", VECTORS "/ed25519.key"};

START_TEST(a_receipt_verifies_with_the_keys_public_half)
{
    struct key own;
    struct receipt r;
    struct signature s = {0};
    char base[1024], bytes[96];
    ck_assert(keys_read_private(private_keys[_i], &own));
    const struct receipt_content content = {"event", "the-id", "sha-256=:x:", "sha-256=:y:", "now",
                                            7,       41,       true,          json_array()};
    ck_assert(receipt_make(&own, &content, &r));
    json_t *body = json_loads(r.body, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(body, "digest")), "sha-256=:x:");
    ck_assert_int_eq(json_integer_value(json_object_get(body, "receiver_seq")), 7);
    ck_assert_int_eq(json_integer_value(json_object_get(body, "newest_seq")), 41);
    ck_assert_str_eq(json_string_value(json_object_get(body, "chain")), "fork");
    json_decref(body);
    /* Nothing is stored, or it could not be read: that is no number. */
    struct receipt without;
    const struct receipt_content nothing = {"event", "the-id", "sha-256=:x:", "sha-256=:y:", "now",
                                            7,       0,        false,         json_array()};
    ck_assert(receipt_make(&own, &nothing, &without));
    ck_assert_ptr_null(strstr(without.body, "newest_seq"));
    receipt_free(&without);
    int length = snprintf(base, sizeof base,
                          "\"@status\": 200\n\"content-digest\": %s\n"
                          "\"content-digest\";req: sha-256=:y:\n\"@signature-params\": %s",
                          r.content_digest, r.signature_input + 5);
    snprintf(bytes, sizeof bytes, "%.88s", r.signature + 6);
    unsigned char decoded[66];
    ck_assert_int_eq(EVP_DecodeBlock(decoded, (unsigned char *)bytes, 88), 66);
    memcpy(s.bytes, decoded, sizeof s.bytes);
    ck_assert(keys_verify(&own, base, (size_t)length, s.bytes));
    base[20] ^= 1;
    ck_assert(!keys_verify(&own, base, (size_t)length, s.bytes));
    receipt_free(&r);
    keys_clear(&own);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receiver_profile");
    TCase *shape = tcase_create("shape"), *time = tcase_create("time"), *key = tcase_create("key");
    tcase_add_test(shape, the_frozen_shape_is_read);
    tcase_add_loop_test(shape, any_other_shape_is_refused_with_a_reason, 0,
                        sizeof spoilt / sizeof *spoilt);
    tcase_add_test(shape, an_input_that_has_no_end_is_refused);
    tcase_add_test(shape, a_signature_is_64_bytes_of_base64);
    tcase_add_test(time, a_signature_has_its_time_and_five_minutes_on_either_side);
    tcase_add_test(time, no_signature_lives_longer_than_an_hour);
    tcase_add_test(time, a_nonce_is_remembered_as_long_as_its_signature_could_be_used);
    tcase_add_test(key, a_key_of_a_gateway_speaks_for_that_one);
    tcase_add_loop_test(key, a_key_file_named_after_a_gateway_is_of_that_one, 0,
                        sizeof named / sizeof *named);
    tcase_add_test(key, every_request_of_the_vectors_is_judged_as_marked);
    tcase_add_loop_test(key, a_receipt_verifies_with_the_keys_public_half, 0,
                        sizeof private_keys / sizeof *private_keys);
    suite_add_tcase(suite, shape);
    suite_add_tcase(suite, time);
    suite_add_tcase(suite, key);
    return run_suite(suite);
}
