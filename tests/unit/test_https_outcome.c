/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer means. Whether a receipt verifies is unit.wire's: the linker hands that question
 * to this file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/uplink/https/outcome.h"
#include "run_suite.h"

static struct outcome_rules rules;
static struct https_answer answer;
static struct profile_headers sent;
static struct evidence evidence;
static struct uplink_result result;

/* What receipt_verify says, and what it was asked. */
static int verdict;
static unsigned asked;
static struct receipt_input input;

int __wrap_receipt_verify(const struct receipt_input *asked_input, const struct key_ring *ring,
                          struct receipt *ret_receipt, struct err *e);

int __wrap_receipt_verify(const struct receipt_input *asked_input, const struct key_ring *ring,
                          struct receipt *ret_receipt, struct err *e)
{
    ck_assert_ptr_eq(ring, &rules.keys);
    asked++;
    input = *asked_input;
    if (verdict != 0)
        return err_set(e, -verdict, "the receipt is wrong");
    ret_receipt->answer_count = 1;
    ret_receipt->answers[0].answer_seq = 7;
    ret_receipt->newest_seq = 41;
    ret_receipt->is_fork = true;
    return 0;
}

static void begin(void)
{
    rules.keys.count = 1;
    answer_clear(&answer);
    snprintf(sent.content_digest, sizeof sent.content_digest, "digest");
    snprintf(sent.signature_input, sizeof sent.signature_input, "input");
    snprintf(sent.signature, sizeof sent.signature, "signature");
}

static void judge(long status)
{
    const struct exchanged what = {
        .method = "POST", .url = "https://r.test/v1", .sent = &sent, .answer = &answer};
    const struct outcome_subject subject = {.event = "the event", .digest = "the digest"};
    answer.status = status;
    asked = 0;
    memset(&result, 'x', sizeof result);
    outcome_of(&rules, &what, &subject, &evidence, &result);
    ck_assert_int_gt(result.finished_ns, 0);
    ck_assert((result.outcome == UPLINK_OUTCOME_STORED) == (result.reason[0] == '\0'));
    ck_assert((result.outcome == UPLINK_OUTCOME_STORED) == (result.receipt != NULL));
}

static void sign_answer(void)
{
    snprintf(answer.content_digest, sizeof answer.content_digest, "answer's digest");
    snprintf(answer.signature_input, sizeof answer.signature_input, "answer's input");
    snprintf(answer.signature, sizeof answer.signature, "answer's signature");
    answer.length = (size_t)snprintf(answer.body, sizeof answer.body, "{}");
}

/* A person must mend what the receiver understood and refused; all else may pass. */
static bool is_refusal(long status)
{
    return status >= 400 && status < 500 && status != 408 && status != 425 && status != 429;
}

START_TEST(every_status_without_a_receipt_is_tried_again_or_for_a_person)
{
    for (long status = 100; status < 1000; status++) {
        if (status / 100 == 2)
            continue;
        judge(status);
        ck_assert_msg(result.outcome ==
                          (is_refusal(status) ? UPLINK_OUTCOME_REFUSED : UPLINK_OUTCOME_RETRY),
                      "%ld", status);
        ck_assert_uint_eq(asked, 0);
        ck_assert_uint_eq(result.answer_count, 0);
    }
}
END_TEST

/* 502 and 504 are the word of who stands between, about a receiver that was not reached. */
static const struct {
    long status;
    bool answered;
} words[] = {{0, false},  {400, true},  {404, true}, {429, true},
             {500, true}, {502, false}, {503, true}, {504, false}};

START_TEST(the_way_is_good_only_if_the_receiver_itself_has_answered)
{
    snprintf(answer.reason, sizeof answer.reason, "nobody there"); /* of no status at all */
    judge(words[_i].status);
    ck_assert(result.answered == words[_i].answered);
}
END_TEST

START_TEST(no_answer_at_all_is_tried_again_unless_tls_refused)
{
    snprintf(answer.reason, sizeof answer.reason, "nobody there");
    judge(0);
    ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_RETRY);
    ck_assert_str_eq(result.reason, "nobody there");
    answer.refused = true;
    judge(0);
    ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_REFUSED);
    ck_assert_str_eq(result.reason, "TLS: nobody there");
}
END_TEST

static const struct {
    int64_t wish_s, taken_ms;
} wishes[] = {{0, 0},          {-1, 0},   {1, 1000},
              {3599, 3599000}, {3600, 0}, {21600, 0} /* libcurl 8's word for more */,
              {INT64_MAX, 0}};

START_TEST(a_wish_to_wait_is_taken_if_it_is_shorter_than_an_hour)
{
    answer.retry_after_s = wishes[_i].wish_s;
    judge(503);
    ck_assert_int_eq(result.retry_after_ms, wishes[_i].taken_ms);
    judge(429);
    ck_assert_int_eq(result.retry_after_ms, wishes[_i].taken_ms);
}
END_TEST

START_TEST(the_words_of_the_answer_are_quoted_and_cut)
{
    memset(answer.body, 'w', sizeof answer.body - 1);
    memcpy(answer.body, "no \"such\"\n", 10);
    answer.length = sizeof answer.body - 1;
    judge(404);
    ck_assert_ptr_nonnull(
        strstr(result.reason, "the receiver answered 404: \"no \\\"such\\\"\\x0a"));
    ck_assert_uint_lt(strlen(result.reason), 200);
}
END_TEST

START_TEST(a_redirect_says_where_to_and_is_not_followed)
{
    snprintf(answer.location, sizeof answer.location, "https://elsewhere.test/");
    judge(302);
    ck_assert_ptr_nonnull(strstr(result.reason, "points to \"https://elsewhere.test/\""));
    judge(500); /* elsewhere a Location means nothing */
    ck_assert_ptr_null(strstr(result.reason, "points to"));
    answer.location[0] = '\0';
    judge(302);
    ck_assert_ptr_null(strstr(result.reason, "points to"));
}
END_TEST

START_TEST(a_receipt_that_verifies_is_stored_and_brings_its_evidence)
{
    sign_answer();
    judge(201);
    ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_STORED);
    ck_assert_uint_eq(asked, 1);
    ck_assert_int_eq(input.status, 201);
    ck_assert_str_eq(input.content_digest, "answer's digest");
    ck_assert_str_eq(input.signature_input, "answer's input");
    ck_assert_str_eq(input.signature, "answer's signature");
    ck_assert_ptr_eq(input.body, answer.body);
    ck_assert_uint_eq(input.body_length, 2);
    ck_assert_str_eq(input.request_digest, "digest");
    ck_assert_str_eq(input.event, "the event");
    ck_assert_ptr_null(input.clip);
    ck_assert_str_eq(input.subject_digest, "the digest");
    ck_assert_ptr_eq(result.receipt, answer.body);
    ck_assert_uint_eq(result.receipt_length, 2);
    ck_assert_str_eq(result.receipt_headers, "Content-Digest: answer's digest\n"
                                             "Signature-Input: answer's input\n"
                                             "Signature: answer's signature\n");
    ck_assert_str_eq(result.request_headers, "POST https://r.test/v1\nContent-Digest: digest\n"
                                             "Signature-Input: input\nSignature: signature\n");
    ck_assert_uint_eq(result.answer_count, 1);
    ck_assert_int_eq(result.answers[0].answer_seq, 7);
    ck_assert_uint_eq(result.newest_seq, 41);
    ck_assert(result.is_fork);
}
END_TEST

START_TEST(a_header_that_is_missing_is_missing_to_the_check)
{
    verdict = -EBADMSG;
    judge(200);
    ck_assert_uint_eq(asked, 1);
    ck_assert_ptr_null(input.content_digest);
    ck_assert_ptr_null(input.signature_input);
    ck_assert_ptr_null(input.signature);
    ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_RETRY);
    ck_assert_str_eq(result.reason, "the receiver answered 200, but the receipt is wrong");
}
END_TEST

START_TEST(a_wrong_receipt_is_tried_again_but_a_wrong_key_is_for_a_person)
{
    sign_answer();
    verdict = -EBADMSG;
    judge(200);
    ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_RETRY);
    ck_assert(result.answered); /* or each success beside it would send this one again at once */
    verdict = -ENOKEY;
    judge(200);
    ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_REFUSED);
    ck_assert_uint_eq(result.answer_count, 0);
}
END_TEST

START_TEST(a_receiver_that_need_not_sign_is_only_ever_unconfirmed_without_a_good_receipt)
{
    rules.unsigned_allowed = true;
    judge(200);
    ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_UNCONFIRMED);
    ck_assert_uint_eq(asked, 0);
    sign_answer();
    for (int i = 0; i < 2; i++) {
        verdict = i == 0 ? -EBADMSG : -ENOKEY;
        judge(200);
        ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_UNCONFIRMED);
        ck_assert_uint_eq(result.answer_count, 0);
    }
    verdict = 0;
    judge(200);
    ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_STORED);
    rules.keys.count = 0; /* nothing to check it with */
    judge(200);
    ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_UNCONFIRMED);
    ck_assert_uint_eq(asked, 0);
    judge(503); /* and no less a failure when it fails */
    ck_assert_int_eq(result.outcome, UPLINK_OUTCOME_RETRY);
}
END_TEST

START_TEST(a_clip_is_asked_for_as_a_clip)
{
    const struct exchanged what = {
        .method = "PATCH", .url = "https://r.test/1", .sent = &sent, .answer = &answer};
    const struct outcome_subject subject = {.clip = "the manifest", .digest = "the whole"};
    sign_answer();
    answer.status = 200;
    outcome_of(&rules, &what, &subject, &evidence, &result);
    ck_assert_ptr_null(input.event);
    ck_assert_str_eq(input.clip, "the manifest");
    ck_assert_str_eq(input.subject_digest, "the whole");
    ck_assert_str_eq(input.request_digest, "digest");
}
END_TEST

START_TEST(what_could_not_be_signed_has_no_evidence_of_a_request)
{
    sent.signature[0] = '\0';
    snprintf(answer.reason, sizeof answer.reason, "the signer is out of order");
    judge(0);
    ck_assert_ptr_null(result.request_headers);
}
END_TEST

/* Cut, if it must be, but never beyond its buffer: the longest that the wire lets through. */
START_TEST(the_longest_headers_fit)
{
    memset(sent.content_digest, 'd', sizeof sent.content_digest - 1);
    memset(sent.signature_input, 'i', sizeof sent.signature_input - 1);
    memset(sent.signature, 's', sizeof sent.signature - 1);
    memset(answer.content_digest, 'd', sizeof answer.content_digest - 1);
    memset(answer.signature_input, 'i', sizeof answer.signature_input - 1);
    memset(answer.signature, 's', sizeof answer.signature - 1);
    judge(200);
    ck_assert_ptr_nonnull(strstr(result.request_headers, sent.signature));
    ck_assert_ptr_nonnull(strstr(result.receipt_headers, answer.signature));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("https_outcome");
    TCase *tc = tcase_create("outcome");
    tcase_add_checked_fixture(tc, begin, NULL);
    tcase_add_test(tc, every_status_without_a_receipt_is_tried_again_or_for_a_person);
    tcase_add_loop_test(tc, the_way_is_good_only_if_the_receiver_itself_has_answered, 0,
                        (int)(sizeof words / sizeof *words));
    tcase_add_test(tc, no_answer_at_all_is_tried_again_unless_tls_refused);
    tcase_add_loop_test(tc, a_wish_to_wait_is_taken_if_it_is_shorter_than_an_hour, 0,
                        (int)(sizeof wishes / sizeof *wishes));
    tcase_add_test(tc, the_words_of_the_answer_are_quoted_and_cut);
    tcase_add_test(tc, a_redirect_says_where_to_and_is_not_followed);
    tcase_add_test(tc, a_receipt_that_verifies_is_stored_and_brings_its_evidence);
    tcase_add_test(tc, a_header_that_is_missing_is_missing_to_the_check);
    tcase_add_test(tc, a_wrong_receipt_is_tried_again_but_a_wrong_key_is_for_a_person);
    tcase_add_test(tc,
                   a_receiver_that_need_not_sign_is_only_ever_unconfirmed_without_a_good_receipt);
    tcase_add_test(tc, a_clip_is_asked_for_as_a_clip);
    tcase_add_test(tc, what_could_not_be_signed_has_no_evidence_of_a_request);
    tcase_add_test(tc, the_longest_headers_fit);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
