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
#include "run_suite.h"
#include "wire/profile.h"
#include "wire/receipt.h"

static const char url[] = "https://police.example:8443/v1/events";
static const char event_id[] = "01890a5d-ac96-774b-bcce-b302099a8057";

static char folder[TEST_FOLDER_SIZE];
static char key_path[80], public_path[80];
static struct signer *signer;
static struct key_ring ring;

static void make_key(const char *type)
{
    EVP_PKEY *pkey = strcmp(type, "ed25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                  : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    test_folder(folder, sizeof folder);
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

START_TEST(created_and_expires_stand_in_their_places)
{
    struct profile_headers h;
    make_key("p256");
    sign_body("{}", &h);
    ck_assert_ptr_nonnull(strstr(h.signature_input, ";created=1763885730;expires=1763886030;"));
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
    char body[80 * 1200], digest[DIGEST_HEADER_SIZE], input[400], signature[128], request[64];
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
                 "\"state\":\"coming\",\"by\":\"张\",\"at\":\"x\",\"note\":\"\",\"seen_seq\":41}]");
    make_receipt(&m, body);
    ck_assert_msg(check_receipt(&m, 200, &receipt, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(receipt.answer_count, 1);
    ck_assert_int_eq(receipt.answers[0].answer_seq, 7);
    ck_assert_uint_eq(receipt.answers[0].seen_seq, 41);
    ck_assert_int_eq(receipt.answers[0].state, UPLINK_ANSWER_COMING);
    ck_assert_uint_eq(receipt.newest_seq, 0);
    ck_assert(!receipt.is_fork);

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

static const struct {
    const char *said;
    uint64_t newest;
} numbers[] = {{"41", 41},
               {"9007199254740991", EVENT_SEQ_MAX},
               {"9007199254740992", 0},
               {"0", 0},
               {"-1", 0},
               {"\"41\"", 0},
               {"41.0", 0},
               {"null", 0}};

START_TEST(a_receipt_may_say_how_far_the_receiver_has_the_events)
{
    static struct receipt receipt;
    struct made m;
    struct err e;
    char body[600], answers[100];
    make_key("p256");
    make_receipt(&m, "{}");
    bool is_fork = _i % 2 == 0;
    snprintf(answers, sizeof answers, "null,\"newest_seq\":%s,\"chain\":%s", numbers[_i].said,
             is_fork   ? "\"fork\""
             : _i == 1 ? "\"gap\""
                       : "1");
    receipt_body(&m, body, sizeof body, "stored", answers);
    make_receipt(&m, body);
    ck_assert_msg(check_receipt(&m, 200, &receipt, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(receipt.newest_seq, numbers[_i].newest);
    ck_assert(receipt.is_fork == is_fork);
    drop_key();
}
END_TEST

/* The signature itself is good: what it says of itself is not. */
START_TEST(a_receipts_algorithm_is_that_of_its_key)
{
    static struct receipt receipt;
    static const char *const keys[] = {"p256", "ed25519"};
    static const char *const others[] = {"ed25519", "ecdsa-p256-sha256"};
    struct made m;
    struct err e;
    char body[600];
    make_key(keys[_i]);
    make_receipt(&m, "{}");
    receipt_body(&m, body, sizeof body, "stored", "[]");
    make_receipt(&m, body);
    ck_assert_msg(check_receipt(&m, 200, &receipt, &e) == 0, "%s", e.text);
    signer->algorithm = others[_i];
    make_receipt(&m, body);
    ck_assert_int_eq(check_receipt(&m, 200, &receipt, &e), -EBADMSG);
    ck_assert_ptr_nonnull(strstr(e.text, "receipt's alg is"));
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

/* Whoever does not say it may leave it out, and who had none says 0. */
START_TEST(what_an_answer_had_seen_may_be_left_out_and_is_else_a_number)
{
    static const struct {
        const char *text;
        bool good, said;
    } cases[] = {{"", true, false},
                 {",\"seen_seq\":null", true, false},
                 {",\"seen_seq\":0", true, true},
                 {",\"seen_seq\":-1", false, false},
                 {",\"seen_seq\":\"41\"", false, false},
                 {",\"seen_seq\":41.0", false, false}};
    static struct receipt receipt;
    struct made m;
    struct err e;
    char body[600], answers[300];
    make_key("p256");
    make_receipt(&m, "{}");
    snprintf(answers, sizeof answers, "[{\"answer_seq\":7,\"alarm\":\"%s\",\"state\":\"seen\"%s}]",
             event_id, cases[_i].text);
    receipt_body(&m, body, sizeof body, "stored", answers);
    make_receipt(&m, body);
    ck_assert_int_eq(check_receipt(&m, 200, &receipt, &e), 0);
    ck_assert_uint_eq(receipt.answer_count, cases[_i].good);
    ck_assert_uint_eq(receipt.unread, !cases[_i].good);
    if (cases[_i].good) {
        ck_assert_uint_eq(receipt.answers[0].seen_seq, 0);
        ck_assert_int_eq(receipt.answers[0].says_seen, cases[_i].said);
    }
    drop_key();
}
END_TEST

/* What people say is one thing, that the event is stored another. */
START_TEST(answers_that_make_no_sense_cost_no_receipt_and_no_other_answer)
{
    static struct receipt receipt;
    struct made m;
    struct err e;
    char body[900], answers[600];
    make_key("ed25519");
    make_receipt(&m, "{}");
    snprintf(answers, sizeof answers,
             "[{\"answer_seq\":\"7\"},7,{\"answer_seq\":8,\"alarm\":\"%s\",\"state\":\"seen\"},"
             "{\"answer_seq\":9,\"alarm\":\"%s\",\"state\":\"asleep\"},"
             "{\"answer_seq\":10,\"alarm\":\"%s\",\"state\":\"coming\"}]",
             event_id, event_id, event_id);
    receipt_body(&m, body, sizeof body, "stored", answers);
    make_receipt(&m, body);
    ck_assert_int_eq(check_receipt(&m, 200, &receipt, &e), 0);
    ck_assert_uint_eq(receipt.answer_count, 2);
    ck_assert_int_eq(receipt.answers[0].answer_seq, 8);
    ck_assert_int_eq(receipt.answers[1].answer_seq, 10);
    ck_assert_uint_eq(receipt.unread, 3);
    ck_assert_uint_eq(receipt.first_unread, 1);
    static const char *const none[] = {"{}", "7", "\"none\"", "null", "[]"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        receipt_body(&m, body, sizeof body, "stored", none[i]);
        make_receipt(&m, body);
        ck_assert_int_eq(check_receipt(&m, 200, &receipt, &e), 0);
        ck_assert_uint_eq(receipt.answer_count, 0);
        ck_assert_uint_eq(receipt.unread, i < 3);
    }
    drop_key();
}
END_TEST

START_TEST(answers_are_taken_up_to_a_limit_and_long_texts_between_characters)
{
    static struct receipt receipt;
    static struct made m;
    struct err e;
    char note[1000] = "", *answers = NULL;
    size_t room;
    make_key(_i == 0 ? "p256" : "ed25519");
    make_receipt(&m, "{}");
    for (int i = 0; i < 300; i++)
        strcat(note, "钟");
    FILE *f = open_memstream(&answers, &room);
    for (int i = 0; i < RECEIPT_ANSWERS_MAX + 6; i++)
        fprintf(f,
                "%s{\"answer_seq\":%d,\"alarm\":\"%s\",\"state\":\"closed\",\"by\":null,"
                "\"note\":\"%s\"}",
                i ? "," : "[", i + 1, event_id, note);
    fprintf(f, "]");
    fclose(f);
    char *body = malloc(room + 600);
    receipt_body(&m, body, room + 600, "stored", answers);
    make_receipt(&m, body);
    ck_assert_msg(check_receipt(&m, 200, &receipt, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(receipt.answer_count, RECEIPT_ANSWERS_MAX);
    for (size_t i = 0; i < receipt.answer_count; i++) {
        const struct uplink_answer *a = &receipt.answers[i];
        ck_assert_int_eq(a->answer_seq, (int64_t)i + 1);
        ck_assert_str_eq(a->by, "");
        ck_assert_uint_eq(strlen(a->note), (sizeof a->note - 1) / 3 * 3);
        ck_assert_int_eq(strncmp(a->note, note, strlen(a->note)), 0);
    }
    free(body);
    free(answers);
    drop_key();
}
END_TEST

START_TEST(a_clips_receipt_is_of_the_whole_clip)
{
    static struct receipt receipt;
    struct made m;
    struct err e;
    char body[600], whole[DIGEST_HEADER_SIZE];
    unsigned char hash[DIGEST_BYTES];
    make_key("p256");
    make_receipt(&m, "{}");
    digest_sha256("the whole clip", 14, hash);
    digest_header(hash, whole);
    snprintf(body, sizeof body, "{\"clip\":\"%s\",\"digest\":\"%s\",\"state\":\"stored\"}",
             event_id, whole);
    make_receipt(&m, body);
    struct receipt_input input = {.status = 200,
                                  .content_digest = m.digest,
                                  .signature_input = m.input,
                                  .signature = m.signature,
                                  .body = m.body,
                                  .body_length = strlen(m.body),
                                  .request_digest = m.request,
                                  .clip = event_id,
                                  .subject_digest = whole};
    ck_assert_msg(receipt_verify(&input, &ring, &receipt, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(receipt.answer_count, 0);
    input.subject_digest = m.request;
    ck_assert_int_eq(receipt_verify(&input, &ring, &receipt, &e), -EBADMSG);
    ck_assert_ptr_nonnull(strstr(e.text, "digest"));
    input.subject_digest = whole;
    input.clip = "01890a5d-ac96-774b-bcce-b302099a8058";
    ck_assert_int_eq(receipt_verify(&input, &ring, &receipt, &e), -EBADMSG);
    ck_assert_ptr_nonnull(strstr(e.text, "clip"));
    input.clip = NULL;
    input.event = event_id;
    ck_assert_int_eq(receipt_verify(&input, &ring, &receipt, &e), -EBADMSG);
    drop_key();
}
END_TEST

/* Overwrites the private key's file and opens it. */
static int open_file_with(const char *text, struct err *e)
{
    struct signer *other;
    char *path = key_path;
    FILE *f = fopen(key_path, "w");
    fputs(text, f);
    fclose(f);
    return signer_pem.open(&path, &other, e);
}

static int open_key_of(EVP_PKEY *pkey, const EVP_CIPHER *cipher, struct err *e)
{
    struct signer *other;
    char *path = key_path;
    FILE *f = fopen(key_path, "w");
    PEM_write_PKCS8PrivateKey(f, pkey, cipher, "secret", cipher ? 6 : 0, NULL, NULL);
    fclose(f);
    int result = signer_pem.open(&path, &other, e);
    EVP_PKEY_free(pkey);
    return result;
}

START_TEST(a_file_that_is_no_key_of_the_profile_is_refused)
{
    struct err e;
    make_key("p256");
    ck_assert_int_eq(open_file_with("", &e), -EINVAL);
    ck_assert_int_eq(
        open_file_with("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", &e),
        -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, "tocsin keygen"));
    ck_assert_int_eq(open_key_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"), NULL, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, "neither"));
    ck_assert_int_eq(open_key_of(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), NULL, &e), -EINVAL);
    /* An encrypted key is refused; nobody is asked for a password. */
    ck_assert_int_eq(
        open_key_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), EVP_aes_256_cbc(), &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, "unencrypted"));
    ck_assert_int_eq(keys_add_file(&ring, key_path, &e), -EINVAL);
    unlink(key_path);
    ck_assert_int_eq(keys_add_file(&ring, key_path, &e), -ENOENT);
    ck_assert_ptr_nonnull(strstr(e.text, key_path));
    ck_assert_uint_eq(ring.count, 1);
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

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *tc = tcase_create("wire");
    tcase_add_loop_test(tc, what_is_signed_verifies_with_either_algorithm_and_nothing_else_does, 0,
                        2);
    tcase_add_test(tc, created_and_expires_stand_in_their_places);
    tcase_add_test(tc, signature_input_has_one_shape);
    tcase_add_loop_test(tc, a_receipts_algorithm_is_that_of_its_key, 0, 2);
    tcase_add_test(tc, a_receipt_is_believed_only_if_everything_fits);
    tcase_add_test(tc, a_signed_receipt_with_the_wrong_words_is_not_a_receipt);
    tcase_add_loop_test(tc, what_an_answer_had_seen_may_be_left_out_and_is_else_a_number, 0, 6);
    tcase_add_loop_test(tc, a_receipt_may_say_how_far_the_receiver_has_the_events, 0,
                        sizeof numbers / sizeof *numbers);
    tcase_add_test(tc, answers_that_make_no_sense_cost_no_receipt_and_no_other_answer);
    tcase_add_loop_test(tc, answers_are_taken_up_to_a_limit_and_long_texts_between_characters, 0,
                        2);
    tcase_add_test(tc, a_clips_receipt_is_of_the_whole_clip);
    tcase_add_test(tc, a_file_that_is_no_key_of_the_profile_is_refused);
    tcase_add_test(tc, a_key_that_others_may_read_is_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
