/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver takes of gateways, and what it says of the rest: from the client's certificate
 * over signature, event and store to the receipt. */
#include <check.h>
#include <gnutls/gnutls.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "receiver_world.h"
#include "run_suite.h"

#define EVENT_OF(id, source, seq)                                                                  \
    "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"" source                              \
    "\",\"type\":\"tocsin.alarm.raised\",\"time\":\"t\",\"clock\":\"synced\",\"seq\":" seq         \
    ",\"prev\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"data\":{\"alarm\":\"" WORLD_ALARM \
    "\",\"kind\":\"panic\"}}"
#define GOOD EVENT_OF(WORLD_EVENT, WORLD_SOURCE, "1")

static struct world w;

static void setup(void)
{
    world_open(&w);
}

static void teardown(void)
{
    world_close(&w);
}

static size_t stored(void)
{
    json_t *events = store_events(w.receiver.store, 0, 100);
    size_t count = json_array_size(events);
    json_decref(events);
    return count;
}

START_TEST(a_good_event_is_stored_and_its_receipt_says_which)
{
    const struct call good = {.body = GOOD, .id = WORLD_EVENT};
    struct MHD_Connection *c = world_call(&w, &good);
    ck_assert_uint_eq(c->status, 200);
    ck_assert_str_eq(world_text(c, "event"), WORLD_EVENT);
    ck_assert_str_eq(world_text(c, "state"), "stored");
    ck_assert_int_eq(world_number(c, "receiver_seq"), 1);
    unsigned char hash[DIGEST_BYTES];
    char digest[DIGEST_TEXT_SIZE];
    EVP_Digest(GOOD, strlen(GOOD), hash, NULL, EVP_sha256(), NULL);
    signature_digest_text(hash, digest);
    ck_assert_str_eq(world_text(c, "digest"), digest);
    ck_assert_ptr_nonnull(fake_answered(c, "Signature"));
    EVP_Digest(c->body, strlen(c->body), hash, NULL, EVP_sha256(), NULL);
    signature_digest_text(hash, digest);
    ck_assert_str_eq(fake_answered(c, "Content-Digest"), digest);
    ck_assert_uint_eq(stored(), 1);
    json_t *event = store_event(w.receiver.store, WORLD_EVENT);
    ck_assert_str_eq(json_string_value(json_object_get(event, "bytes")), GOOD);
    ck_assert(strstr(json_string_value(json_object_get(event, "headers")),
                     "POST https://police.example/v1/events\n") != NULL);
    json_decref(event);
}
END_TEST

/* By its receipts a gateway that has lost its store sees that it has. */
START_TEST(a_receipt_says_how_far_the_gateways_events_are_here)
{
    const struct call seventh = {.body = EVENT_OF(WORLD_EVENT, WORLD_SOURCE, "7"),
                                 .id = WORLD_EVENT};
    const struct call first = {.body = EVENT_OF(WORLD_OTHER, WORLD_SOURCE, "1"), .id = WORLD_OTHER};
    ck_assert_int_eq(world_number(world_call(&w, &seventh), "newest_seq"), 7);
    ck_assert_int_eq(world_number(world_call(&w, &first), "newest_seq"), 7);
    ck_assert_int_eq(world_number(world_call(&w, &first), "newest_seq"), 7); /* a repeat */
    ck_assert_ptr_null(world_text(world_call(&w, &first), "chain"));
    const struct call again = {
        .body = EVENT_OF("01890a5d-ac96-774b-bcce-b302099a805a", WORLD_SOURCE, "7"),
        .id = "01890a5d-ac96-774b-bcce-b302099a805a"};
    ck_assert_str_eq(world_text(world_call(&w, &again), "chain"), "fork");
    ck_assert_str_eq(world_text(world_call(&w, &again), "chain"), "fork"); /* a repeat */
}
END_TEST

START_TEST(the_same_bytes_again_have_the_same_receipt_and_other_bytes_none)
{
    const struct call good = {.body = GOOD, .id = WORLD_EVENT};
    const struct call other = {.body = EVENT_OF(WORLD_EVENT, WORLD_SOURCE, "2"), .id = WORLD_EVENT};
    char at[40];
    snprintf(at, sizeof at, "%s", world_text(world_call(&w, &good), "received_at"));
    struct MHD_Connection *c = world_call(&w, &good);
    ck_assert_uint_eq(c->status, 200);
    ck_assert_int_eq(world_number(c, "receiver_seq"), 1);
    ck_assert_str_eq(world_text(c, "received_at"), at);
    c = world_call(&w, &other);
    ck_assert_uint_eq(c->status, 409);
    ck_assert_ptr_nonnull(strstr(world_text(c, "error"), "other bytes"));
    ck_assert_uint_eq(stored(), 1);
}
END_TEST

START_TEST(a_nonce_is_good_for_one_event)
{
    const struct call first = {.body = GOOD, .id = WORLD_EVENT, .nonce = "AAECAwQFBgcICQoLDA0ODw"};
    const struct call second = {.body = EVENT_OF(WORLD_OTHER, WORLD_SOURCE, "2"),
                                .id = WORLD_OTHER,
                                .nonce = "AAECAwQFBgcICQoLDA0ODw"};
    ck_assert_uint_eq(world_call(&w, &first)->status, 200);
    struct MHD_Connection *c = world_call(&w, &second);
    ck_assert_uint_eq(c->status, 409);
    ck_assert_ptr_nonnull(strstr(world_text(c, "error"), "nonce"));
    ck_assert_uint_eq(stored(), 1);
    /* What is here already gets its receipt though its nonce was used. */
    ck_assert_uint_eq(world_call(&w, &first)->status, 200);
}
END_TEST

START_TEST(an_event_of_a_gateway_whose_clock_is_wrong_is_taken_and_that_is_kept)
{
    const struct call late = {.body = GOOD, .id = WORLD_EVENT, .created_s = time(NULL) - 100000};
    ck_assert_uint_eq(world_call(&w, &late)->status, 200);
    json_t *event = store_event(w.receiver.store, WORLD_EVENT);
    /* Five minutes of its own and five of grace; the second may have turned meanwhile. */
    ck_assert_int_ge(json_integer_value(json_object_get(event, "off_s")), 100000 - 600);
    json_decref(event);
}
END_TEST

static const struct {
    struct call call;
    unsigned status;
    const char *reason;
} refused[] = {
    {{.no_certificate = true}, 403, "none was sent"},
    {{.without_tls = true}, 403, "no TLS"},
    {{.unreadable_certificate = true}, 403, "cannot be read"},
    {{.certificate_problem = GNUTLS_CERT_PURPOSE_MISMATCH}, 403, "not one for clients"},
    {{.certificate_problem = GNUTLS_CERT_EXPIRED}, 403, "client authority"},
    {{.unsigned_ = true}, 401, "are needed"},
    {{.digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}, 400, "not the digest"},
    {{.nonce = "short"}, 400, "nonce has fewer"},
    {{.keyid = "0000000000000000"}, 403, "not known here"},
    {{.algorithm = "ed25519"}, 401, "does not verify"},
    {{.signed_method = "PUT"}, 401, "does not verify"},
    {{.signed_target = "/v1/event"}, 401, "does not verify"},
    {{.host = "education.example"}, 401, "does not verify"},
    {{.method = "PUT"}, 405, "by POST"},
    {{.target = "/v1/other"}, 404, "nothing is here"},
    {{.target = "/v1/clipsandmore"}, 404, "nothing is here"},
    {{.key = WORLD_EVENT}, 400, "in quotes"},
    {{.key = "\"" WORLD_OTHER "\""}, 400, "in quotes"},
    {{.body = "{}", .id = WORLD_EVENT}, 400, "specversion"},
    {{.body = "", .id = WORLD_EVENT}, 400, "not a JSON object"},
    {{.body = EVENT_OF(WORLD_EVENT, "tocsin:31010600001320000002", "1")}, 403, "does not speak"},
};

START_TEST(anything_else_is_refused_with_its_reason_and_leaves_nothing)
{
    struct call call = refused[_i].call;
    if (!call.body)
        call.body = GOOD;
    if (!call.id)
        call.id = WORLD_EVENT;
    struct MHD_Connection *c = world_call(&w, &call);
    ck_assert_uint_eq(c->status, refused[_i].status);
    ck_assert_msg(strstr(world_text(c, "error"), refused[_i].reason) != NULL, "%s", c->body);
    ck_assert_uint_eq(stored(), 0);
}
END_TEST

START_TEST(a_body_has_an_end)
{
    static char large[4098];
    memset(large, ' ', sizeof large - 1);
    const struct call call = {.body = large, .id = WORLD_EVENT};
    struct MHD_Connection *c = world_call(&w, &call);
    ck_assert_uint_eq(c->status, 413);
    ck_assert_ptr_nonnull(strstr(world_text(c, "error"), "4096"));
    large[4096] = '\0';
    ck_assert_uint_eq(world_call(&w, &call)->status, 400);
}
END_TEST

START_TEST(behind_a_proxy_the_public_name_is_what_was_signed)
{
    const struct call call = {.body = GOOD, .id = WORLD_EVENT, .host = "10.0.0.7:8443"};
    w.receiver.public_url = "https://police.example";
    ck_assert_uint_eq(world_call(&w, &call)->status, 200);
}
END_TEST

START_TEST(a_receipt_carries_what_people_decided)
{
    const struct call good = {.body = GOOD, .id = WORLD_EVENT};
    world_call(&w, &good);
    ck_assert_int_eq(
        store_answer(w.receiver.store, WORLD_ALARM, WORLD_SOURCE, "seen", "op", "", INT64_MAX), 1);
    struct MHD_Connection *c = world_call(&w, &good);
    ck_assert_ptr_nonnull(strstr(c->body, "\"answer_seq\":1,\"alarm\":\"" WORLD_ALARM
                                          "\",\"state\":\"seen\",\"by\":\"op\""));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receiver_intake");
    TCase *tc = tcase_create("intake");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_good_event_is_stored_and_its_receipt_says_which);
    tcase_add_test(tc, a_receipt_says_how_far_the_gateways_events_are_here);
    tcase_add_test(tc, the_same_bytes_again_have_the_same_receipt_and_other_bytes_none);
    tcase_add_test(tc, a_nonce_is_good_for_one_event);
    tcase_add_test(tc, an_event_of_a_gateway_whose_clock_is_wrong_is_taken_and_that_is_kept);
    tcase_add_loop_test(tc, anything_else_is_refused_with_its_reason_and_leaves_nothing, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(tc, a_body_has_an_end);
    tcase_add_test(tc, behind_a_proxy_the_public_name_is_what_was_signed);
    tcase_add_test(tc, a_receipt_carries_what_people_decided);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
