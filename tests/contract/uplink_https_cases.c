/* SPDX-License-Identifier: Apache-2.0 */
/* What the https uplink does beside what every uplink does. */
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "mock_pki.h"
#include "uplink_world.h"
#include "wire/digest.h"
#include "wire/profile.h"
#include "world_uplink_https.h"

static struct attempt a, b;

/* Both warm connections are there and quiet. */
static bool is_warm(void)
{
    return mock_count(&receiver, "OPTIONS") >= 2 && receiver.handshakes >= 2;
}

static void settle(void)
{
    for (int i = 0; i < 10; i++)
        uv_run(&loop, UV_RUN_ONCE);
}

static void open_warm(void)
{
    open_uplink();
    run_until(is_warm);
    settle();
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What is sent. */

START_TEST(a_stored_event_brings_its_evidence)
{
    char first[200], digest[DIGEST_HEADER_SIZE], key[64];
    event_reply =
        (struct mock_reply){.answers = "[{\"answer_seq\":7,\"alarm\":"
                                       "\"01890a5d-ac96-774b-bcce-b302099a8057\",\"state\":"
                                       "\"seen\",\"by\":\"王\",\"at\":\"2026-01-01T00:00:00Z\","
                                       "\"note\":\"\"}]"};
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    const struct mock_request *r = mock_last(&receiver, "POST");
    digest_header(r->digest, digest);
    snprintf(first, sizeof first,
             "POST %s\nContent-Digest: %s\nSignature-Input: sig1=", good_options.url, digest);
    ck_assert_msg(starts(a.request_headers, first), "%s", a.request_headers);
    ck_assert_ptr_nonnull(strstr(a.request_headers, "\nSignature: sig1=:"));
    ck_assert_ptr_nonnull(strstr(a.request_headers, mock_header(r, "Signature")));
    ck_assert_str_eq(mock_header(r, "Content-Digest"), digest);
    ck_assert_str_eq(mock_header(r, "Content-Type"), "application/cloudevents+json");
    snprintf(key, sizeof key, "\"%s\"", event_id);
    ck_assert_str_eq(mock_header(r, "Idempotency-Key"), key);
    ck_assert_ptr_null(mock_header(r, "Expect"));
    ck_assert_str_eq(r->path, "/v1/events");
    ck_assert_ptr_nonnull(strstr(a.receipt, "\"state\":\"stored\""));
    ck_assert(starts(a.receipt_headers, "Content-Digest: sha-256=:"));
    ck_assert_ptr_nonnull(strstr(a.receipt_headers, "\nSignature-Input: sig1="));
    ck_assert_ptr_nonnull(strstr(a.receipt_headers, "\nSignature: sig1=:"));
    ck_assert_uint_eq(a.answer_count, 1);
    ck_assert_int_eq(a.answer_seq, 7);
}
END_TEST

/* The signature of a request, as a receiver checks it. */
static void check_signature(const struct mock_request *r, char *ret_nonce, size_t size)
{
    struct profile_headers h;
    struct key_ring ring = {0};
    struct signature_params params;
    struct err e;
    char url[200], *key = mock_pki_path("signing.key");
    FILE *in = fopen(key, "re");
    EVP_PKEY *pkey = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    fclose(in);
    free(key);
    char *public = mock_pki_path("signing.pub.pem");
    FILE *out = fopen(public, "we");
    PEM_write_PUBKEY(out, pkey);
    fclose(out);
    EVP_PKEY_free(pkey);
    ck_assert_int_eq(keys_add_file(&ring, public, &e), 0);
    free(public);
    snprintf(h.content_digest, sizeof h.content_digest, "%s", mock_header(r, "Content-Digest"));
    snprintf(h.signature_input, sizeof h.signature_input, "%s", mock_header(r, "Signature-Input"));
    snprintf(h.signature, sizeof h.signature, "%s", mock_header(r, "Signature"));
    snprintf(url, sizeof url, "https://127.0.0.1:%d%s", receiver.port, r->path);
    ck_assert_msg(profile_verify(r->method, url, r->digest, &h, &ring, &params, &e) == 0, "%s",
                  e.text);
    int64_t now_s = clock_wall_ms() / 1000;
    ck_assert_int_le(params.created_s, now_s);
    ck_assert_int_ge(params.created_s, now_s - 60);
    ck_assert_int_eq(params.expires_s, params.created_s + 300);
    snprintf(ret_nonce, size, "%s", params.nonce);
    keys_finish(&ring);
}

START_TEST(every_request_is_signed_with_a_nonce_of_its_own)
{
    char nonces[16][64];
    open_warm();
    for (int i = 0; i < 3; i++)
        expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    ck_assert_uint_ge(receiver.count, 5);
    for (size_t i = 0; i < receiver.count && i < 16; i++) {
        check_signature(&receiver.requests[i], nonces[i], sizeof nonces[i]);
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(nonces[i], nonces[k]);
    }
}
END_TEST

START_TEST(what_was_prepared_is_signed_once_and_used_once)
{
    char nonces[2][64];
    open_warm();
    struct event *event = make_event("{\"specversion\":\"1.0\"}");
    unsigned before = signatures;
    world->driver->prepare(uplink, event);
    ck_assert_uint_eq(signatures, before + 1);
    for (unsigned i = 0; i < 2; i++) { /* the second attempt is signed anew */
        resend(&a, UPLINK_LANE_PRESS, event);
        await(&a);
        ck_assert_int_eq(a.outcome, UPLINK_OUTCOME_STORED);
        check_signature(mock_last(&receiver, "POST"), nonces[i], sizeof nonces[i]);
        ck_assert_uint_eq(signatures, before + 1 + i);
    }
    ck_assert_str_ne(nonces[0], nonces[1]);
    event_unref(event);
}
END_TEST

START_TEST(what_was_prepared_for_one_event_is_for_no_other)
{
    char nonce[64];
    open_warm();
    struct event *event = make_event("{\"specversion\":\"1.0\",\"other\":1}");
    world->driver->prepare(uplink, event);
    event_unref(event);
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    check_signature(mock_last(&receiver, "POST"), nonce, sizeof nonce);
}
END_TEST

/* What an answer means. */

static const struct {
    int status;
    enum uplink_outcome outcome;
} statuses[] = {
    {301, UPLINK_OUTCOME_RETRY},   {400, UPLINK_OUTCOME_REFUSED}, {401, UPLINK_OUTCOME_REFUSED},
    {403, UPLINK_OUTCOME_REFUSED}, {404, UPLINK_OUTCOME_REFUSED}, {408, UPLINK_OUTCOME_RETRY},
    {409, UPLINK_OUTCOME_REFUSED}, {425, UPLINK_OUTCOME_RETRY},   {429, UPLINK_OUTCOME_RETRY},
    {499, UPLINK_OUTCOME_REFUSED}, {500, UPLINK_OUTCOME_RETRY},   {503, UPLINK_OUTCOME_RETRY},
};

START_TEST(each_status_has_its_meaning)
{
    char words[40];
    event_reply = (struct mock_reply){.status = statuses[_i].status, .body = "no \"such\" thing"};
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, statuses[_i].outcome);
    snprintf(words, sizeof words, "the receiver answered %d: ", statuses[_i].status);
    ck_assert_msg(starts(a.reason, words), "%s", a.reason);
    ck_assert_ptr_nonnull(strstr(a.reason, "such"));
    ck_assert_str_ne(a.request_headers, "");
}
END_TEST

START_TEST(a_redirect_is_named_and_not_followed)
{
    event_reply = (struct mock_reply){.status = 302, .headers = "Location: /elsewhere\r\n"};
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_RETRY);
    ck_assert_ptr_nonnull(strstr(a.reason, "points to \"/elsewhere\""));
    ck_assert_uint_eq(mock_count(&receiver, "POST"), 1);
}
END_TEST

static const struct {
    const char *header;
    int64_t wish_ms;
} wishes[] = {{"Retry-After: 7\r\n", 7000},
              {"retry-after:\t12 \r\n", 12000},
              {"Retry-After: 0\r\n", 0},
              {"Retry-After: -5\r\n", 0},
              {"Retry-After: soon\r\n", 0},
              {"Retry-After: 99999999\r\n", 0},
              {"", 0}};

START_TEST(the_wish_to_wait_is_taken_if_it_makes_sense)
{
    event_reply = (struct mock_reply){.status = 503, .headers = wishes[_i].header};
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_RETRY);
    ck_assert_int_eq(a.retry_after_ms, wishes[_i].wish_ms);
}
END_TEST

static const struct {
    enum mock_flaw flaw;
    enum uplink_outcome outcome, unsigned_outcome;
    const char *word;
} flaws[] = {
    {MOCK_NO_SIGNATURE, UPLINK_OUTCOME_RETRY, UPLINK_OUTCOME_UNCONFIRMED, "no receipt signature"},
    {MOCK_BAD_SIGNATURE, UPLINK_OUTCOME_RETRY, UPLINK_OUTCOME_UNCONFIRMED, "does not verify"},
    {MOCK_OTHER_KEY, UPLINK_OUTCOME_REFUSED, UPLINK_OUTCOME_UNCONFIRMED, "not in receipt_keys"},
    {MOCK_OTHER_EVENT, UPLINK_OUTCOME_RETRY, UPLINK_OUTCOME_UNCONFIRMED, "receipt's event is"},
    {MOCK_OTHER_DIGEST, UPLINK_OUTCOME_RETRY, UPLINK_OUTCOME_UNCONFIRMED, "receipt's digest is"},
    {MOCK_OTHER_BODY, UPLINK_OUTCOME_RETRY, UPLINK_OUTCOME_UNCONFIRMED, "not that of its body"},
    {MOCK_TWO_SIGNATURES, UPLINK_OUTCOME_RETRY, UPLINK_OUTCOME_UNCONFIRMED, "receipt"},
    {MOCK_HUGE_BODY, UPLINK_OUTCOME_RETRY, UPLINK_OUTCOME_RETRY, "larger than 65536 bytes"},
    {MOCK_HUGE_HEADERS, UPLINK_OUTCOME_RETRY, UPLINK_OUTCOME_RETRY, "headers are larger than"},
    {MOCK_HANG_UP, UPLINK_OUTCOME_RETRY, UPLINK_OUTCOME_RETRY, ""},
    {MOCK_SILENT, UPLINK_OUTCOME_RETRY, UPLINK_OUTCOME_RETRY, "no complete answer within 300 ms"},
};

static void send_flawed(int which, enum uplink_outcome outcome)
{
    if (flaws[which].flaw == MOCK_SILENT) {
        /* Connected before: a handshake in an emulator takes longer than that. */
        expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
        good_options.attempt_timeout_ms = SOON_MS;
    }
    event_reply.flaw = flaws[which].flaw;
    expect_send(&a, UPLINK_LANE_PRESS, outcome);
    good_options.attempt_timeout_ms = LATE_MS;
}

START_TEST(no_flawed_receipt_is_believed)
{
    open_uplink();
    send_flawed(_i, flaws[_i].outcome);
    ck_assert_msg(strstr(a.reason, flaws[_i].word), "%s", a.reason);
    ck_assert_str_eq(a.receipt_headers, "");
    ck_assert_uint_eq(a.answer_count, 0);
    event_reply.flaw = MOCK_GOOD;
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
}
END_TEST

START_TEST(a_receiver_that_need_not_sign_is_unconfirmed_unless_it_does)
{
    good_options.receipts = HTTPS_RECEIPTS_UNSIGNED;
    open_uplink();
    send_flawed(_i, flaws[_i].unsigned_outcome);
    event_reply.flaw = MOCK_GOOD;
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    close_uplink();
    good_options.receipt_keys.count = 0;
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_UNCONFIRMED);
    ck_assert_ptr_nonnull(strstr(a.reason, "receipts: unsigned"));
}
END_TEST

/* Connections. */

START_TEST(both_connections_are_dialled_and_used_again)
{
    open_warm();
    ck_assert_uint_eq(receiver.connections, 2);
    for (int i = 0; i < 5; i++)
        for (int lane = 0; lane < UPLINK_LANE_COUNT; lane++)
            expect_send(&a, (enum uplink_lane)lane, UPLINK_OUTCOME_STORED);
    ck_assert_uint_eq(receiver.connections, 2);
    ck_assert_uint_eq(mock_count(&receiver, "OPTIONS"), 2);
}
END_TEST

START_TEST(presses_and_the_rest_have_connections_of_their_own)
{
    open_warm();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    unsigned press = mock_last(&receiver, "POST")->connection;
    for (int lane = UPLINK_LANE_LATE; lane <= UPLINK_LANE_MANIFEST; lane++) {
        expect_send(&a, (enum uplink_lane)lane, UPLINK_OUTCOME_STORED);
        ck_assert_uint_ne(mock_last(&receiver, "POST")->connection, press);
    }
    unsigned used[3] = {0};
    for (int i = 0; i < 4; i++) {
        expect_send(&a, UPLINK_LANE_HEARTBEAT, UPLINK_OUTCOME_STORED);
        used[mock_last(&receiver, "POST")->connection]++;
    }
    ck_assert_uint_eq(used[1], 2); /* in turn, so that both are proven */
    ck_assert_uint_eq(used[2], 2);
}
END_TEST

static void first_is_silent(struct mock *mock, const struct mock_request *request,
                            struct mock_reply *reply)
{
    (void)request;
    if (mock_count(mock, "POST") == 1)
        reply->flaw = MOCK_SILENT;
}

START_TEST(a_press_waits_behind_no_other_lane)
{
    open_warm();
    receiver.on_request = first_is_silent;
    start_send(&b, (enum uplink_lane)_i); /* gets no answer */
    settle();
    expect_send(&a, UPLINK_LANE_PRESS == _i ? UPLINK_LANE_HEARTBEAT : UPLINK_LANE_PRESS,
                UPLINK_OUTCOME_STORED);
    ck_assert_uint_eq(b.ends, 0);
    ck_assert_uint_eq(receiver.connections, 2);
}
END_TEST

START_TEST(after_a_time_out_no_old_connection_is_used)
{
    open_warm();
    event_reply.flaw = MOCK_SILENT;
    good_options.attempt_timeout_ms = SOON_MS;
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_RETRY);
    good_options.attempt_timeout_ms = LATE_MS;
    event_reply.flaw = MOCK_GOOD;
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    ck_assert_uint_gt(mock_last(&receiver, "POST")->connection, 2);
    expect_send(&a, UPLINK_LANE_FOLLOWUP, UPLINK_OUTCOME_STORED);
    ck_assert_uint_gt(mock_last(&receiver, "POST")->connection, 2);
}
END_TEST

static unsigned dials_wanted;

static bool dials_came(void)
{
    return mock_count(&receiver, "OPTIONS") >= dials_wanted;
}

START_TEST(a_connection_closed_while_idle_is_dialled_again_by_itself)
{
    open_warm();
    mock_hang_up(&receiver);
    dials_wanted = 4;
    run_until(dials_came);
    settle();
    unsigned connections = receiver.connections;
    ck_assert_uint_ge(connections, 4);
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    expect_send(&a, UPLINK_LANE_FOLLOWUP, UPLINK_OUTCOME_STORED);
    ck_assert_uint_eq(receiver.connections, connections);
}
END_TEST

START_TEST(where_connections_do_not_last_the_dials_come_more_slowly)
{
    open_uplink();
    receiver.on_request = NULL;
    event_reply.flaw = MOCK_CLOSE_AFTER;
    /* How much more slowly, unit.https_pool says; a loop without pauses makes hundreds. */
    int64_t end_ms = clock_monotonic_ms() + 1000;
    for (; clock_monotonic_ms() < end_ms; mock_hang_up(&receiver))
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_lt(receiver.connections, 16);
}
END_TEST

START_TEST(refresh_dials_anew)
{
    open_warm();
    world->driver->refresh(uplink);
    dials_wanted = 4;
    run_until(dials_came);
    settle();
    ck_assert_uint_eq(receiver.connections, 4);
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    ck_assert_uint_gt(mock_last(&receiver, "POST")->connection, 2);
}
END_TEST

START_TEST(a_receiver_that_restarts_is_found_again)
{
    open_warm();
    receiver_restart("server");
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
}
END_TEST

/* Who it is. */

static const struct {
    const char *server, *ca, *cert, *word;
} strangers[] = {
    {"stranger", "ca", "gateway", "TLS: "}, {"server", "stranger-ca", "gateway", "TLS: "},
    {"expired", "ca", "gateway", "TLS: "},  {"elsewhere", "ca", "gateway", "TLS: "},
    {"server", "ca", "stranger", "TLS: "},
};

START_TEST(a_stranger_is_refused_on_either_side)
{
    char name[40];
    receiver_restart(strangers[_i].server);
    snprintf(name, sizeof name, "%s.pem", strangers[_i].ca);
    good_options.ca_file = key_file(name);
    snprintf(name, sizeof name, "%s.pem", strangers[_i].cert);
    good_options.cert_file = key_file(name);
    snprintf(name, sizeof name, "%s.key", strangers[_i].cert);
    good_options.key_file = key_file(name);
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_REFUSED);
    ck_assert_msg(starts(a.reason, strangers[_i].word), "%s", a.reason);
    ck_assert_uint_eq(mock_count(&receiver, "POST"), 0);
}
END_TEST

/* Where it is. */

static char *addresses[] = {"127.0.0.2", "127.0.0.1"};
static char by_name[100];

static void use_addresses(size_t from, size_t count)
{
    snprintf(by_name, sizeof by_name, "https://localhost:%d/v1/events", receiver.port);
    good_options.url = by_name;
    good_options.addresses = (struct option_list){.items = addresses + from, .count = count};
}

START_TEST(a_dead_first_address_costs_no_attempt)
{
    use_addresses(0, 2);
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    expect_send(&a, UPLINK_LANE_FOLLOWUP, UPLINK_OUTCOME_STORED);
}
END_TEST

START_TEST(nobody_there_names_the_address)
{
    use_addresses(0, 1);
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_RETRY);
    ck_assert_ptr_nonnull(strstr(a.reason, "(at 127.0.0.2)"));
}
END_TEST

static char saved_path[200];

static bool is_saved(void)
{
    char text[100] = "";
    FILE *file = fopen(saved_path, "re");
    size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    return got > 0 && starts(text, "127.0.0.1\n");
}

START_TEST(the_address_that_worked_is_saved_and_used_when_no_name_server_answers)
{
    static char *dead_server[] = {"127.0.0.3:9"};
    use_addresses(0, 0);
    snprintf(saved_path, sizeof saved_path, "%s/addresses-tested", mock_pki_folder());
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    run_until(is_saved);
    close_uplink();
    /* A name that nobody can look up; the certificate must still be of it. */
    snprintf(by_name, sizeof by_name, "https://elsewhere.example:%d/v1/events", receiver.port);
    receiver_restart("elsewhere");
    good_options.name_servers = (struct option_list){.items = dead_server, .count = 1};
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    close_uplink();
    ck_assert_int_eq(remove(saved_path), 0);
    good_options.attempt_timeout_ms = SOON_MS;
    open_uplink();
    expect_send(&a, UPLINK_LANE_PRESS, UPLINK_OUTCOME_RETRY);
    ck_assert_ptr_nonnull(strstr(a.reason, "the address of elsewhere.example is not known"));
}
END_TEST

void add_https_answer_cases(TCase *cases)
{
    tcase_add_test(cases, a_stored_event_brings_its_evidence);
    tcase_add_test(cases, every_request_is_signed_with_a_nonce_of_its_own);
    tcase_add_test(cases, what_was_prepared_is_signed_once_and_used_once);
    tcase_add_test(cases, what_was_prepared_for_one_event_is_for_no_other);
    tcase_add_loop_test(cases, each_status_has_its_meaning, 0, 12);
    tcase_add_test(cases, a_redirect_is_named_and_not_followed);
    tcase_add_loop_test(cases, the_wish_to_wait_is_taken_if_it_makes_sense, 0, 7);
    tcase_add_loop_test(cases, no_flawed_receipt_is_believed, 0, 11);
    tcase_add_loop_test(cases, a_receiver_that_need_not_sign_is_unconfirmed_unless_it_does, 0, 11);
}

void add_https_connection_cases(TCase *cases)
{
    tcase_add_test(cases, both_connections_are_dialled_and_used_again);
    tcase_add_test(cases, presses_and_the_rest_have_connections_of_their_own);
    tcase_add_loop_test(cases, a_press_waits_behind_no_other_lane, 0, UPLINK_LANE_COUNT);
    tcase_add_test(cases, after_a_time_out_no_old_connection_is_used);
    tcase_add_test(cases, a_connection_closed_while_idle_is_dialled_again_by_itself);
    tcase_add_test(cases, where_connections_do_not_last_the_dials_come_more_slowly);
    tcase_add_test(cases, refresh_dials_anew);
    tcase_add_test(cases, a_receiver_that_restarts_is_found_again);
}

void add_https_peer_cases(TCase *cases)
{
    tcase_add_loop_test(cases, a_stranger_is_refused_on_either_side, 0, 5);
    tcase_add_test(cases, a_dead_first_address_costs_no_attempt);
    tcase_add_test(cases, nobody_there_names_the_address);
    tcase_add_test(cases, the_address_that_worked_is_saved_and_used_when_no_name_server_answers);
}
