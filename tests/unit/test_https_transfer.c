/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange: what is signed when, which address is tried, and how it ends. The linker hands the
 * connection, the book of addresses and libcurl's handle to this file, which can make what no peer
 * can: a kept connection that dies between two writes, and libcurl that sends once more. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/https/transfer.h"
#include "fake_exchange.h"
#include "run_suite.h"

/* The transfer. */

static uv_loop_t loop;
static struct transfer_means means;
static struct transfer *transfer;
static unsigned char digest[DIGEST_BYTES];
static struct request request;
static unsigned ends;
static long status;
static bool refused;
static char reason[256], sent_signature[SIGNATURE_HEADER_MAX];

static void on_done(void *arg, const struct exchanged *what)
{
    ck_assert_ptr_eq(arg, &ends);
    ck_assert(!has_deadline());
    ck_assert(!transfer_is_under_way(transfer));
    ends++;
    status = what->answer->status;
    refused = what->answer->refused;
    snprintf(reason, sizeof reason, "%s", what->answer->reason);
    snprintf(sent_signature, sizeof sent_signature, "%s", what->sent->signature);
}

static void begin(void)
{
    struct err e;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    means = (struct transfer_means){.loop = &loop, .signer = &fake_signer};
    static struct credentials credentials;
    means.credentials = &credentials;
    digest_sha256("{}", 2, digest);
    request = (struct request){.method = "POST",
                               .url = "https://receiver.test/v1/events",
                               .body = "{}",
                               .length = 2,
                               .digest = digest,
                               .content_type = "application/json",
                               .extra = {"X: 1", "Y: 2"},
                               .timeout_ms = 3000};
    snprintf(addresses[0], INET6_ADDRSTRLEN, "192.0.2.1");
    count = 1;
    ck_assert_int_eq(transfer_open(&means, &transfer, &e), 0);
}

static void end(void)
{
    transfer_close(transfer);
    ck_assert_uint_eq(waiting, 0);
    ck_assert_ptr_null(on_it);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void start(void)
{
    transfer_start(transfer, fake_connection(), &request, on_done, &ends);
    ck_assert_uint_eq(ends, 0); /* never from within */
    ck_assert(transfer_is_under_way(transfer));
}

/* libcurl is about to write the request. */
static int before_request(void)
{
    static char nowhere[] = "";
    return told.on_before_request(told.before_arg, nowhere, nowhere, 443, 0);
}

static void over(CURLcode code)
{
    struct exchange *x = on_it;
    ck_assert_ptr_nonnull(x);
    on_it = NULL;
    x->on_over(x, code);
}

START_TEST(a_request_has_its_headers_and_is_bound_to_its_address)
{
    start();
    ck_assert_str_eq(told.method, "POST");
    ck_assert_str_eq(told.url, "https://receiver.test/v1/events");
    ck_assert_str_eq(told.body, "{}");
    ck_assert_int_eq(told.length, 2);
    ck_assert_int_eq(told.nobody, 0);
    ck_assert_str_eq(header("Content-Type"), "application/json");
    ck_assert_str_eq(header("Expect"), "");
    ck_assert_str_eq(header("X"), "1");
    ck_assert_str_eq(header("Y"), "2");
    char expected[DIGEST_HEADER_SIZE];
    digest_header(digest, expected);
    ck_assert_str_eq(header("Content-Digest"), expected);
    ck_assert_ptr_nonnull(strstr(header("Signature-Input"), "keyid=\"0123456789abcdef\""));
    ck_assert_str_eq(told.connect_to->data, "::192.0.2.1:");
    ck_assert_int_eq(told.connect_timeout_ms, 3000);
    ck_assert_int_eq(before_request(), CURL_PREREQFUNC_OK);
    over(CURLE_OK);
    ck_assert_uint_eq(ends, 1);
    ck_assert_int_eq(status, 200);
    ck_assert_str_eq(worked_at, "192.0.2.1");
    ck_assert_uint_eq(signatures, 1);
}
END_TEST

START_TEST(a_signature_is_good_for_five_minutes)
{
    long long created, expires;
    start();
    const char *input = strstr(header("Signature-Input"), "created=");
    ck_assert_int_eq(sscanf(input, "created=%lld;expires=%lld", &created, &expires), 2);
    ck_assert_int_eq(expires - created, 300);
}
END_TEST

START_TEST(what_libcurl_sends_once_more_is_signed_anew)
{
    char first[SIGNATURE_HEADER_MAX], input[SIGNATURE_INPUT_MAX];
    start();
    snprintf(first, sizeof first, "%s", header("Signature"));
    snprintf(input, sizeof input, "%s", header("Signature-Input"));
    ck_assert_int_eq(before_request(), CURL_PREREQFUNC_OK);
    ck_assert_uint_eq(signatures, 1); /* the first sending is as it was signed */
    ck_assert_int_eq(before_request(), CURL_PREREQFUNC_OK);
    ck_assert_uint_eq(signatures, 2);
    ck_assert_str_ne(header("Signature"), first);
    ck_assert_str_ne(header("Signature-Input"), input);
    over(CURLE_OK);
    ck_assert_str_ne(sent_signature, first); /* the evidence is of what was sent last */
}
END_TEST

START_TEST(what_was_signed_ahead_is_sent_once_and_then_signed_anew)
{
    const struct profile_headers ahead = {
        .content_digest = "d", .signature_input = "i", .signature = "ahead"};
    request.signed_ahead = &ahead;
    start();
    ck_assert_uint_eq(signatures, 0);
    ck_assert_str_eq(header("Signature"), "ahead");
    before_request();
    ck_assert_str_eq(header("Signature"), "ahead");
    before_request();
    ck_assert_uint_eq(signatures, 1);
    ck_assert_str_ne(header("Signature"), "ahead");
}
END_TEST

START_TEST(what_cannot_be_signed_anew_is_not_sent_again)
{
    start();
    before_request();
    signing = -EIO;
    ck_assert_int_eq(before_request(), CURL_PREREQFUNC_ABORT);
    over(CURLE_ABORTED_BY_CALLBACK);
    ck_assert_str_eq(reason, "the signer is out of order");
}
END_TEST

START_TEST(what_cannot_be_signed_ends_later_and_is_not_sent)
{
    signing = -EIO;
    start();
    ck_assert_uint_eq(added, 0);
    ck_assert_uint_eq(deadline_ms, 0); /* the loop's next turn */
    deadline_comes();
    ck_assert_uint_eq(ends, 1);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(reason, "the signer is out of order");
    ck_assert_str_eq(sent_signature, "");
    ck_assert_uint_eq(broke, 0);
}
END_TEST

START_TEST(what_libcurl_does_not_take_ends_later)
{
    adding = -EIO;
    start();
    deadline_comes();
    ck_assert_uint_eq(ends, 1);
    ck_assert_str_eq(reason, "libcurl could not start the request");
    ck_assert_uint_eq(broke, 0);
}
END_TEST

START_TEST(the_next_address_is_tried_while_nothing_has_left)
{
    snprintf(addresses[1], INET6_ADDRSTRLEN, "2001:db8::2");
    count = 2;
    start();
    ck_assert_int_eq(told.connect_timeout_ms, 1501); /* half, as there is another */
    over(CURLE_COULDNT_CONNECT);
    ck_assert_uint_eq(ends, 0);
    ck_assert_str_eq(failed_at, "192.0.2.1");
    ck_assert_uint_eq(added, 2);
    ck_assert_str_eq(told.connect_to->data, "::[2001:db8::2]:");
    ck_assert_int_eq(told.connect_timeout_ms, 3000);
    over(CURLE_COULDNT_CONNECT); /* that was the last */
    ck_assert_uint_eq(ends, 1);
    ck_assert_ptr_nonnull(strstr(reason, "(at 2001:db8::2)"));
    ck_assert_str_eq(failed_at, "2001:db8::2");
}
END_TEST

START_TEST(what_may_have_arrived_is_not_sent_elsewhere)
{
    snprintf(addresses[1], INET6_ADDRSTRLEN, "192.0.2.2");
    count = 2;
    start();
    sending_us = 1200;
    over(CURLE_RECV_ERROR);
    ck_assert_uint_eq(ends, 1);
    ck_assert_uint_eq(added, 1);
    ck_assert_str_eq(failed_at, "192.0.2.1");
}
END_TEST

START_TEST(without_time_left_no_other_address_is_tried)
{
    snprintf(addresses[1], INET6_ADDRSTRLEN, "192.0.2.2");
    count = 2;
    start();
    due_in_ms = 0;
    over(CURLE_COULDNT_CONNECT);
    ck_assert_uint_eq(ends, 1);
}
END_TEST

START_TEST(a_clip_changes_nothing_that_alarms_rely_on)
{
    request.clip = true;
    start();
    over(CURLE_OK);
    ck_assert_str_eq(worked_at, "");
    transfer_start(transfer, fake_connection(), &request, on_done, &ends);
    over(CURLE_COULDNT_CONNECT);
    ck_assert_uint_eq(ends, 2);
    ck_assert_str_eq(failed_at, "");
}
END_TEST

START_TEST(a_deadline_breaks_the_connection)
{
    start();
    ck_assert_uint_eq(deadline_ms, 3000);
    deadline_comes();
    ck_assert_uint_eq(ends, 1);
    ck_assert_uint_eq(broke, 1);
    ck_assert_ptr_null(on_it);
    ck_assert_int_eq(status, 0);
    ck_assert(!refused);
    ck_assert_str_eq(reason, "no complete answer within 3000 ms");
    ck_assert_str_eq(failed_at, "192.0.2.1");
}
END_TEST

START_TEST(a_slow_body_has_time_for_as_long_as_it_moves)
{
    request.slow = request.clip = true;
    start();
    for (int i = 0; i < 3; i++) {
        uploaded += 100;
        deadline_comes();
        ck_assert_uint_eq(ends, 0);
        ck_assert_uint_eq(deadline_ms, 3000);
    }
    deadline_comes(); /* it stands */
    ck_assert_uint_eq(ends, 1);
    ck_assert_str_eq(failed_at, "");
}
END_TEST

START_TEST(a_body_that_only_trickles_is_ended_in_the_end)
{
    request.slow = request.clip = true;
    start();
    for (unsigned i = 0; ends == 0; i++) {
        ck_assert_uint_lt(i, 100);
        uploaded++;
        deadline_comes();
    }
}
END_TEST

START_TEST(without_an_address_it_waits_for_the_look_up)
{
    count = 0;
    looking = true;
    start();
    ck_assert_uint_eq(lookups, 1);
    ck_assert_uint_eq(waiting, 1);
    ck_assert_uint_eq(added, 0);
    count = 1;
    look_up_ends();
    ck_assert_uint_eq(added, 1);
    over(CURLE_OK);
    ck_assert_uint_eq(ends, 1);
}
END_TEST

START_TEST(a_look_up_that_fails_ends_it)
{
    count = 0;
    looking = true;
    start();
    look_up_ends();
    ck_assert_uint_eq(ends, 0);
    deadline_comes();
    ck_assert_uint_eq(ends, 1);
    ck_assert_str_eq(reason, "unknown after 0");
}
END_TEST

START_TEST(a_look_up_that_takes_too_long_ends_it)
{
    count = 0;
    looking = true;
    start();
    deadline_comes();
    ck_assert_uint_eq(ends, 1);
    ck_assert_uint_eq(waiting, 0);
    ck_assert_str_eq(reason, "unknown after 3000");
    ck_assert_uint_eq(broke, 0);
}
END_TEST

START_TEST(where_none_is_looked_up_it_ends_at_the_next_turn)
{
    count = 0;
    start();
    ck_assert_uint_eq(waiting, 0);
    deadline_comes();
    ck_assert_uint_eq(ends, 1);
    ck_assert_str_eq(reason, "unknown after 0");
}
END_TEST

START_TEST(a_url_with_an_address_in_it_is_bound_to_none)
{
    count = 0;
    numeric = true;
    start();
    ck_assert_uint_eq(lookups, 0);
    ck_assert_ptr_null(told.connect_to);
    over(CURLE_COULDNT_CONNECT);
    ck_assert_ptr_null(strstr(reason, "(at"));
}
END_TEST

START_TEST(what_is_stopped_tells_nobody)
{
    static const bool with_address[] = {true, false};
    count = with_address[_i];
    looking = !with_address[_i];
    start();
    transfer_stop(transfer);
    ck_assert(!transfer_is_under_way(transfer));
    ck_assert(!has_deadline());
    ck_assert_ptr_null(on_it);
    ck_assert_uint_eq(waiting, 0);
    transfer_stop(transfer);
    ck_assert_uint_eq(ends, 0);
}
END_TEST

START_TEST(a_refusal_by_tls_is_told_as_one)
{
    start();
    over(CURLE_PEER_FAILED_VERIFICATION);
    ck_assert(refused);
    ck_assert_int_eq(status, 0);
}
END_TEST

static const struct {
    const char *method;
    long nobody;
} methods[] = {{"POST", 0}, {"HEAD", 1}, {"PATCH", 0}, {"OPTIONS", 0}};

START_TEST(each_method_is_asked_for_as_it_is)
{
    request.method = methods[_i].method;
    request.length = 0;
    start();
    ck_assert_str_eq(told.method, methods[_i].method);
    ck_assert_int_eq(told.nobody, methods[_i].nobody);
    ck_assert_str_eq(told.body, "");
    over(CURLE_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("https_transfer");
    TCase *tc = tcase_create("transfer");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, a_request_has_its_headers_and_is_bound_to_its_address);
    tcase_add_test(tc, a_signature_is_good_for_five_minutes);
    tcase_add_test(tc, what_libcurl_sends_once_more_is_signed_anew);
    tcase_add_test(tc, what_was_signed_ahead_is_sent_once_and_then_signed_anew);
    tcase_add_test(tc, what_cannot_be_signed_anew_is_not_sent_again);
    tcase_add_test(tc, what_cannot_be_signed_ends_later_and_is_not_sent);
    tcase_add_test(tc, what_libcurl_does_not_take_ends_later);
    tcase_add_test(tc, the_next_address_is_tried_while_nothing_has_left);
    tcase_add_test(tc, what_may_have_arrived_is_not_sent_elsewhere);
    tcase_add_test(tc, without_time_left_no_other_address_is_tried);
    tcase_add_test(tc, a_clip_changes_nothing_that_alarms_rely_on);
    tcase_add_test(tc, a_deadline_breaks_the_connection);
    tcase_add_test(tc, a_slow_body_has_time_for_as_long_as_it_moves);
    tcase_add_test(tc, a_body_that_only_trickles_is_ended_in_the_end);
    tcase_add_test(tc, without_an_address_it_waits_for_the_look_up);
    tcase_add_test(tc, a_look_up_that_fails_ends_it);
    tcase_add_test(tc, a_look_up_that_takes_too_long_ends_it);
    tcase_add_test(tc, where_none_is_looked_up_it_ends_at_the_next_turn);
    tcase_add_test(tc, a_url_with_an_address_in_it_is_bound_to_none);
    tcase_add_loop_test(tc, what_is_stopped_tells_nobody, 0, 2);
    tcase_add_test(tc, a_refusal_by_tls_is_told_as_one);
    tcase_add_loop_test(tc, each_method_is_asked_for_as_it_is, 0,
                        (int)(sizeof methods / sizeof *methods));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
