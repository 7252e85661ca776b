/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "iface/limits.h"

/* A longer wish is none: libcurl 8 makes six hours of any that is longer, older ones leave it. */
#define RETRY_AFTER_MAX_S LIMIT_RETRY_AFTER_S

/* The answer's own words, for the technician. */
static const char *quote_body(const struct https_answer *a, char *text, size_t size)
{
    char body[100];
    snprintf(body, sizeof body, "%s", a->body);
    return log_quote(text, size, body);
}

static bool is_passing(long status)
{
    return status < 400 || status == 408 || status == 425 || status == 429 || status >= 500;
}

static void judge_status(const struct https_answer *a, struct uplink_result *result)
{
    char text[160];
    if (a->status == 0) {
        result->outcome = a->refused ? UPLINK_OUTCOME_REFUSED : UPLINK_OUTCOME_RETRY;
        snprintf(result->reason, sizeof result->reason, "%s%s", a->refused ? "TLS: " : "",
                 a->reason);
        return;
    }
    result->outcome = is_passing(a->status) ? UPLINK_OUTCOME_RETRY : UPLINK_OUTCOME_REFUSED;
    result->answered = a->status != 502 && a->status != 504; /* those are of who stands between */
    if (a->retry_after_s > 0 && a->retry_after_s < RETRY_AFTER_MAX_S)
        result->retry_after_ms = a->retry_after_s * 1000;
    if (a->status >= 300 && a->status < 400 && a->location[0])
        snprintf(result->reason, sizeof result->reason,
                 "the receiver answered %ld and points to %s; redirects are not followed",
                 a->status, log_quote(text, sizeof text, a->location));
    else
        snprintf(result->reason, sizeof result->reason, "the receiver answered %ld: %s", a->status,
                 quote_body(a, text, sizeof text));
}

/* They come again with every receipt, and nobody wants to read that each time. */
static void note_unread(struct outcome_rules *rules, const char *url)
{
    const struct receipt *r = &rules->receipt;
    if (r->unread > 0 && !rules->complained)
        log_warning("uplink",
                    "%s: %d answers in a receipt make no sense and count for nothing, the first is "
                    "number %d: the receiver's program has to be mended",
                    url, r->unread, r->first_unread);
    rules->complained = r->unread > 0;
}

/* Whether the receipt stands; otherwise why not, and as what that counts. */
static bool check_receipt(struct outcome_rules *rules, const struct exchanged *what,
                          const struct outcome_subject *subject, struct uplink_result *result)
{
    const struct https_answer *a = what->answer;
    bool unsigned_allowed = rules->unsigned_allowed;
    struct err e;
    if (unsigned_allowed && (a->signature[0] == '\0' || rules->keys.count == 0)) {
        result->outcome = UPLINK_OUTCOME_UNCONFIRMED;
        snprintf(result->reason, sizeof result->reason,
                 "accepted without a signed receipt (receipts: unsigned)");
        return false;
    }
    struct receipt_input input = {
        .status = (int)a->status,
        .content_digest = a->content_digest[0] ? a->content_digest : NULL,
        .signature_input = a->signature_input[0] ? a->signature_input : NULL,
        .signature = a->signature[0] ? a->signature : NULL,
        .body = a->body,
        .body_length = a->length,
        .request_digest = what->sent->content_digest,
        .event = subject->event,
        .clip = subject->clip,
        .subject_digest = subject->digest,
    };
    int check = receipt_verify(&input, &rules->keys, &rules->receipt, &e);
    if (check == 0) {
        note_unread(rules, what->url);
        result->outcome = UPLINK_OUTCOME_STORED;
        return true;
    }
    result->outcome = unsigned_allowed   ? UPLINK_OUTCOME_UNCONFIRMED
                      : check == -ENOKEY ? UPLINK_OUTCOME_REFUSED
                                         : UPLINK_OUTCOME_RETRY;
    result->answered = true; /* the way is good: a success beside it is no reason to hurry */
    snprintf(result->reason, sizeof result->reason, "the receiver answered %ld, but %s", a->status,
             e.text);
    return false;
}

static void take_evidence(const struct outcome_rules *rules, const struct https_answer *a,
                          struct evidence *evidence, struct uplink_result *result)
{
    snprintf(evidence->receipt, sizeof evidence->receipt,
             "Content-Digest: %s\nSignature-Input: %s\nSignature: %s\n", a->content_digest,
             a->signature_input, a->signature);
    result->receipt = a->body;
    result->receipt_length = a->length;
    result->receipt_headers = evidence->receipt;
    result->answers = rules->receipt.answers;
    result->answer_count = rules->receipt.answer_count;
    result->newest_seq = rules->receipt.newest_seq;
    result->is_fork = rules->receipt.is_fork;
}

void outcome_of(struct outcome_rules *rules, const struct exchanged *what,
                const struct outcome_subject *subject, struct evidence *evidence,
                struct uplink_result *ret_result)
{
    const struct profile_headers *sent = what->sent;
    const struct https_answer *a = what->answer;
    *ret_result = (struct uplink_result){.finished_ns = clock_monotonic_ns()};
    if (sent->signature[0]) {
        snprintf(evidence->request, sizeof evidence->request,
                 "%s %s\nContent-Digest: %s\nSignature-Input: %s\nSignature: %s\n", what->method,
                 what->url, sent->content_digest, sent->signature_input, sent->signature);
        ret_result->request_headers = evidence->request;
    }
    if (a->status < 200 || a->status > 299)
        judge_status(a, ret_result);
    else if (check_receipt(rules, what, subject, ret_result))
        take_evidence(rules, a, evidence, ret_result);
}
