/* SPDX-License-Identifier: Apache-2.0 */
/* The upload of a clip: what each answer means, reading of a file, and the order of steps. The
 * linker hands the exchange with the receiver to this file; the file is a real one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/uplink/https/tus.h"
#include "drivers/uplink/https/tus_judge.h"
#include "drivers/uplink/https/tus_piece.h"
#include "run_suite.h"

#define URL "https://receiver.test:8443/v1/clips"

static struct https_answer answer;

static const struct https_answer *say(long status, int64_t upload_offset)
{
    answer_clear(&answer);
    answer.status = status;
    answer.upload_offset = upload_offset;
    return &answer;
}

/* What the answers mean. */

static const struct {
    long status;
    enum tus_verdict created, offset, sent, last; /* with no headers at all */
} statuses[] = {
    {0, TUS_IS_OVER, TUS_IS_OVER, TUS_IS_OVER, TUS_IS_OVER},
    {200, TUS_IS_OVER, TUS_NO_OFFSET, TUS_NOT_TUS, TUS_IS_OVER},
    {201, TUS_ELSEWHERE, TUS_NO_OFFSET, TUS_NOT_TUS, TUS_IS_OVER},
    {202, TUS_NOT_TUS, TUS_NO_OFFSET, TUS_NOT_TUS, TUS_IS_OVER},
    {204, TUS_NOT_TUS, TUS_NO_OFFSET, TUS_NO_OFFSET, TUS_IS_OVER},
    {299, TUS_NOT_TUS, TUS_NO_OFFSET, TUS_NOT_TUS, TUS_IS_OVER},
    {302, TUS_IS_OVER, TUS_IS_OVER, TUS_IS_OVER, TUS_IS_OVER},
    {403, TUS_IS_OVER, TUS_IS_OVER, TUS_IS_OVER, TUS_IS_OVER},
    {404, TUS_LOST, TUS_LOST, TUS_LOST, TUS_LOST},
    {409, TUS_LOST, TUS_LOST, TUS_LOST, TUS_LOST},
    {410, TUS_LOST, TUS_LOST, TUS_LOST, TUS_LOST},
    {423, TUS_LOST, TUS_LOST, TUS_LOST, TUS_LOST},
    {460, TUS_IS_OVER, TUS_IS_OVER, TUS_IS_OVER, TUS_IS_OVER},
    {503, TUS_IS_OVER, TUS_IS_OVER, TUS_IS_OVER, TUS_IS_OVER},
};

START_TEST(each_status_has_its_meaning_at_each_step)
{
    char location[100] = "untouched";
    int64_t offset = 77;
    long status = statuses[_i].status;
    ck_assert_int_eq(tus_judge_created(say(status, -1), URL, location, sizeof location),
                     statuses[_i].created);
    ck_assert_int_eq(tus_judge_offset(say(status, -1), 100, &offset), statuses[_i].offset);
    ck_assert_int_eq(tus_judge_sent(say(status, -1), 10, 50, 100, &offset), statuses[_i].sent);
    ck_assert_int_eq(tus_judge_sent(say(status, -1), 50, 100, 100, &offset), statuses[_i].last);
    ck_assert_str_eq(location, "untouched");
    ck_assert_int_eq(offset, 77);
}
END_TEST

START_TEST(a_created_upload_is_on_the_server_that_was_asked)
{
    char location[100];
    say(201, -1);
    snprintf(answer.location, sizeof answer.location, "/v1/clips/7");
    ck_assert_int_eq(tus_judge_created(&answer, URL, location, sizeof location), TUS_GOES_ON);
    ck_assert_str_eq(location, "https://receiver.test:8443/v1/clips/7");
    snprintf(answer.location, sizeof answer.location, "https://elsewhere.test:8443/v1/clips/7");
    ck_assert_int_eq(tus_judge_created(&answer, URL, location, sizeof location), TUS_ELSEWHERE);
}
END_TEST

static const struct {
    int64_t says;
    enum tus_verdict at_first, after_a_piece; /* of 100; the piece was 10 to 50 */
} offsets[] = {
    {INT64_MIN, TUS_NO_OFFSET, TUS_NO_OFFSET},
    {-1, TUS_NO_OFFSET, TUS_NO_OFFSET},
    {0, TUS_GOES_ON, TUS_NO_OFFSET}, /* backwards */
    {9, TUS_GOES_ON, TUS_NO_OFFSET},
    {10, TUS_GOES_ON, TUS_NO_OFFSET}, /* nothing has moved: for ever */
    {11, TUS_GOES_ON, TUS_GOES_ON},
    {50, TUS_GOES_ON, TUS_GOES_ON},
    {51, TUS_GOES_ON, TUS_NO_OFFSET}, /* more than it was given */
    {100, TUS_GOES_ON, TUS_NO_OFFSET},
    {101, TUS_NO_OFFSET, TUS_NO_OFFSET},
    {INT64_MAX, TUS_NO_OFFSET, TUS_NO_OFFSET},
};

START_TEST(an_offset_goes_forward_and_not_beyond_what_was_sent)
{
    int64_t offset = 77, says = offsets[_i].says;
    ck_assert_int_eq(tus_judge_offset(say(200, says), 100, &offset), offsets[_i].at_first);
    ck_assert_int_eq(offset, offsets[_i].at_first == TUS_GOES_ON ? says : 77);
    offset = 77;
    ck_assert_int_eq(tus_judge_sent(say(204, says), 10, 50, 100, &offset),
                     offsets[_i].after_a_piece);
    ck_assert_int_eq(offset, offsets[_i].after_a_piece == TUS_GOES_ON ? says : 77);
}
END_TEST

START_TEST(each_trouble_is_said_in_words_of_its_own)
{
    static const enum tus_verdict troubles[] = {TUS_LOST, TUS_NOT_TUS, TUS_NO_OFFSET,
                                                TUS_ELSEWHERE};
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        ck_assert_str_ne(tus_explain(troubles[i]), "");
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(tus_explain(troubles[i]), tus_explain(troubles[k]));
    }
}
END_TEST

/* The exchange with the receiver. */

static struct request asked;
static char asked_url[200], asked_extra[TRANSFER_EXTRA_HEADERS][200];
static unsigned char asked_digest[DIGEST_BYTES];
static unsigned requests;
static struct connection *asked_connection;
static transfer_handler answer_to;
static void *answer_arg;

int __wrap_transfer_open(const struct transfer_means *means, struct transfer **ret_transfer,
                         struct err *e);
void __wrap_transfer_start(struct transfer *t, struct connection *connection,
                           const struct request *request, transfer_handler done, void *arg);
void __wrap_transfer_close(struct transfer *t);

int __wrap_transfer_open(const struct transfer_means *means, struct transfer **ret_transfer,
                         struct err *e)
{
    (void)means, (void)e;
    *ret_transfer = (struct transfer *)&asked;
    return 0;
}

void __wrap_transfer_start(struct transfer *t, struct connection *connection,
                           const struct request *request, transfer_handler done, void *arg)
{
    ck_assert_ptr_eq(t, (struct transfer *)&asked);
    ck_assert_msg(answer_to == NULL, "two requests at a time");
    asked = *request;
    asked_connection = connection;
    memcpy(asked_digest, request->digest, DIGEST_BYTES);
    snprintf(asked_url, sizeof asked_url, "%s", request->url);
    for (size_t i = 0; i < TRANSFER_EXTRA_HEADERS; i++)
        snprintf(asked_extra[i], sizeof asked_extra[i], "%s",
                 request->extra[i] ? request->extra[i] : "");
    answer_to = done;
    answer_arg = arg;
    requests++;
}

void __wrap_transfer_close(struct transfer *t)
{
    ck_assert_ptr_eq(t, (struct transfer *)&asked);
    answer_to = NULL;
}

static void answered(const struct https_answer *a)
{
    static const struct profile_headers sent = {.signature = ""};
    transfer_handler done = answer_to;
    const struct exchanged what = {
        .method = asked.method, .url = asked_url, .sent = &sent, .answer = a};
    ck_assert_ptr_nonnull(done);
    answer_to = NULL;
    done(answer_arg, &what);
}

/* An upload of a file of its own. */

static uv_loop_t loop;
static struct transfer_means means;
static struct outcome_rules rules;
static struct tus *tus;
static char folder[TEST_FOLDER_SIZE], path[64];
static struct uplink_file file;
static unsigned ends;
static enum uplink_outcome outcome;
static char reason[256];
static bool no_file;

static void on_done(void *arg, const struct uplink_result *result)
{
    ck_assert_ptr_eq(arg, &loop);
    ends++;
    outcome = result->outcome;
    snprintf(reason, sizeof reason, "%s", result->reason);
    no_file = result->no_file;
}

static void make_file(size_t length)
{
    char *bytes = malloc(length + 1);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(i * 131 >> 3);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
    close(fd);
    file = (struct uplink_file){.manifest = "01890a5d-ac96-774b-bcce-b302099a8058",
                                .path = path,
                                .filename = "gate.mp4",
                                .length_bytes = (int64_t)length};
    digest_sha256(bytes, length, file.sha256);
    free(bytes);
}

static void begin(void)
{
    struct err e;
    test_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/clip", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    means.loop = &loop;
    rules.unsigned_allowed = true; /* so that 2xx is an end of its own */
    const struct tus_options options = {
        .means = &means, .connection = (struct connection *)&loop, .rules = &rules, .url = URL};
    ck_assert_int_eq(tus_open(&options, &tus, &e), 0);
}

static void end(void)
{
    tus_close(tus);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    unlink(path);
}

/* Until the disk has answered. */
static void upload(void)
{
    struct uplink_file copy = file;
    tus_begin(tus, &copy, on_done, &loop);
    memset(&copy, 0, sizeof copy);
    ck_assert_uint_eq(requests, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void created(void)
{
    ck_assert_str_eq(asked.method, "POST");
    say(201, -1);
    snprintf(answer.location, sizeof answer.location, "/v1/clips/7");
    answered(&answer);
}

/* Up to the first piece, from `offset` on. */
static void upload_to_send(int64_t offset)
{
    upload();
    created();
    ck_assert_str_eq(asked.method, "HEAD");
    answered(say(200, offset));
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void expect_end(enum uplink_outcome wanted, const char *word)
{
    ck_assert_uint_eq(ends, 1);
    ck_assert_msg(outcome == wanted, "outcome %d: %s", (int)outcome, reason);
    ck_assert_msg(strstr(reason, word), "%s", reason);
    ck_assert_ptr_null(answer_to);
    uv_run(&loop, UV_RUN_DEFAULT);
}

START_TEST(it_is_created_with_what_the_manifest_says)
{
    unsigned char nothing[DIGEST_BYTES];
    make_file(1000);
    upload();
    ck_assert_str_eq(asked.method, "POST");
    ck_assert_str_eq(asked_url, URL);
    ck_assert_uint_eq(asked.length, 0);
    digest_sha256("", 0, nothing);
    ck_assert_mem_eq(asked_digest, nothing, DIGEST_BYTES);
    ck_assert_str_eq(asked_extra[0], "Tus-Resumable: 1.0.0");
    ck_assert_str_eq(asked_extra[1], "Upload-Length: 1000");
    ck_assert_str_eq(asked_extra[2], "Upload-Metadata: manifest MDE4OTBhNWQtYWM5Ni03NzRiLWJjY2UtYj"
                                     "MwMjA5OWE4MDU4,filename Z2F0ZS5tcDQ=");
    ck_assert_int_eq(asked.timeout_ms, 10000);
    ck_assert(asked.clip); /* its trouble is not the alarms' */
    ck_assert(!asked.slow);
    ck_assert_ptr_eq(asked_connection, (struct connection *)&loop);
}
END_TEST

START_TEST(it_goes_in_pieces_each_read_where_the_receiver_is)
{
    unsigned char digest[DIGEST_BYTES];
    make_file(TUS_PIECE_BYTES + 1000);
    upload_to_send(100);
    ck_assert_str_eq(asked.method, "PATCH");
    ck_assert_str_eq(asked_url, "https://receiver.test:8443/v1/clips/7");
    ck_assert_str_eq(asked_extra[1], "Upload-Offset: 100");
    ck_assert_uint_eq(asked.length, TUS_PIECE_BYTES);
    ck_assert_int_eq(asked.timeout_ms, 30000);
    ck_assert(asked.slow && asked.clip);
    digest_sha256(asked.body, asked.length, digest);
    ck_assert_mem_eq(asked_digest, digest, DIGEST_BYTES);
    answered(say(204, 2100)); /* it took less than it was given */
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_str_eq(asked_extra[1], "Upload-Offset: 2100");
    ck_assert_uint_eq(asked.length, TUS_PIECE_BYTES - 1100);
    ck_assert_int_eq(((const char *)asked.body)[0], (char)(2100 * 131 >> 3));
    answered(say(200, -1));
    expect_end(UPLINK_OUTCOME_UNCONFIRMED, "without a signed receipt");
}
END_TEST

START_TEST(a_receiver_that_has_it_all_is_asked_for_its_receipt)
{
    make_file(1000);
    upload_to_send(1000);
    ck_assert_str_eq(asked.method, "PATCH");
    ck_assert_uint_eq(asked.length, 0);
    ck_assert_str_eq(asked_extra[1], "Upload-Offset: 1000");
    answered(say(204, -1));
    expect_end(UPLINK_OUTCOME_UNCONFIRMED, "");
}
END_TEST

START_TEST(a_receiver_that_knows_the_file_ends_it_at_once)
{
    make_file(1000);
    upload();
    answered(say(200, -1));
    expect_end(UPLINK_OUTCOME_UNCONFIRMED, "");
    ck_assert_uint_eq(requests, 1);
}
END_TEST

static const struct {
    long status;
    enum uplink_outcome outcome;
    const char *word;
} troubles[] = {
    {404, UPLINK_OUTCOME_RETRY, "clip 01890a5d-ac96-774b-bcce-b302099a8058: the receiver has lost"},
    {202, UPLINK_OUTCOME_RETRY, "not what tus 1.0 says"},
    {201, UPLINK_OUTCOME_REFUSED, "not on its own server"},
    {403, UPLINK_OUTCOME_REFUSED, "answered 403"},
    {503, UPLINK_OUTCOME_RETRY, "answered 503"},
    {460, UPLINK_OUTCOME_REFUSED, "it is not the one its manifest describes"},
};

START_TEST(what_goes_wrong_ends_the_run)
{
    make_file(1000);
    upload();
    answered(say(troubles[_i].status, -1));
    expect_end(troubles[_i].outcome, troubles[_i].word);
}
END_TEST

START_TEST(an_offset_that_stands_still_ends_the_run)
{
    make_file(TUS_PIECE_BYTES + 1000);
    upload_to_send(100);
    answered(say(204, 100));
    expect_end(UPLINK_OUTCOME_RETRY, "Upload-Offset is missing or wrong");
}
END_TEST

START_TEST(a_pause_holds_the_piece_that_is_read_and_not_the_one_that_is_sent)
{
    make_file(TUS_PIECE_BYTES + 1000);
    upload_to_send(0);
    tus_pause(tus, true);
    unsigned before = requests;
    answered(say(204, TUS_PIECE_BYTES));
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(requests, before);
    ck_assert_uint_eq(ends, 0);
    tus_pause(tus, true);
    ck_assert_uint_eq(requests, before);
    tus_pause(tus, false);
    ck_assert_uint_eq(requests, before + 1);
    ck_assert_uint_eq(asked.length, 1000);
    tus_pause(tus, false); /* nothing twice */
    ck_assert_uint_eq(requests, before + 1);
    answered(say(200, -1));
    expect_end(UPLINK_OUTCOME_UNCONFIRMED, "");
}
END_TEST

START_TEST(a_pause_that_ends_while_the_disk_reads_holds_nothing)
{
    make_file(1000);
    tus_pause(tus, true); /* opening and asking are no pieces */
    upload();
    created();
    answered(say(200, 0));
    tus_pause(tus, false);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_str_eq(asked.method, "PATCH");
}
END_TEST

START_TEST(a_file_that_is_not_as_long_as_its_manifest_says_is_not_sent)
{
    make_file(1000);
    file.length_bytes = _i == 0 ? 999 : 1001;
    upload();
    ck_assert_uint_eq(requests, 0);
    expect_end(UPLINK_OUTCOME_REFUSED, "the file's length is not what its manifest says");
    ck_assert(!no_file);
}
END_TEST

START_TEST(a_file_that_becomes_shorter_is_tried_again)
{
    make_file(1000);
    upload();
    created();
    ck_assert_int_eq(truncate(path, 500), 0);
    answered(say(200, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    expect_end(UPLINK_OUTCOME_RETRY, "the file has become shorter");
}
END_TEST

START_TEST(what_is_no_file_is_not_sent)
{
    make_file(1000);
    ck_assert_int_eq(unlink(path), 0);
    if (_i == 1)
        ck_assert_int_eq(symlink("/etc/passwd", path), 0);
    if (_i == 2)
        ck_assert_int_eq(mkdir(path, 0700), 0);
    if (_i == 3) /* that nobody writes to: it would hold a thread for ever */
        ck_assert_int_eq(mkfifo(path, 0600), 0);
    upload();
    ck_assert_uint_eq(requests, 0);
    expect_end(_i >= 2 ? UPLINK_OUTCOME_REFUSED : UPLINK_OUTCOME_RETRY,
               _i >= 2 ? "no file where" : path);
    ck_assert(no_file);
    rmdir(path);
    unlink(path);
}
END_TEST

/* From within the end of one the next may begin. */
static void on_first_done(void *arg, const struct uplink_result *result)
{
    on_done(arg, result);
    tus_begin(tus, &file, on_done, &loop);
}

START_TEST(one_may_follow_from_within_the_end_of_another)
{
    make_file(1000);
    tus_begin(tus, &file, on_first_done, &loop);
    uv_run(&loop, UV_RUN_DEFAULT);
    answered(say(503, -1));
    ck_assert_uint_eq(ends, 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(requests, 2);
    ck_assert_str_eq(asked.method, "POST");
    answered(say(200, -1));
    ck_assert_uint_eq(ends, 2);
}
END_TEST

START_TEST(closing_ends_what_is_under_way_whatever_it_waits_for)
{
    make_file(1000);
    if (_i == 0)
        tus_begin(tus, &file, on_done, &loop); /* in the pool's hands */
    if (_i == 1)
        upload();
    if (_i == 2)
        upload_to_send(0);
    tus_close(tus);
    tus = NULL;
    ck_assert_uint_eq(ends, 1);
    ck_assert_int_eq(outcome, UPLINK_OUTCOME_CANCELLED);
    ck_assert_str_eq(reason, "the uplink was closed");
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(ends, 1);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("https_tus");
    TCase *tc = tcase_create("judge");
    tcase_add_loop_test(tc, each_status_has_its_meaning_at_each_step, 0, COUNT(statuses));
    tcase_add_test(tc, a_created_upload_is_on_the_server_that_was_asked);
    tcase_add_loop_test(tc, an_offset_goes_forward_and_not_beyond_what_was_sent, 0, COUNT(offsets));
    tcase_add_test(tc, each_trouble_is_said_in_words_of_its_own);
    suite_add_tcase(suite, tc);
    tc = tcase_create("upload");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, it_is_created_with_what_the_manifest_says);
    tcase_add_test(tc, it_goes_in_pieces_each_read_where_the_receiver_is);
    tcase_add_test(tc, a_receiver_that_has_it_all_is_asked_for_its_receipt);
    tcase_add_test(tc, a_receiver_that_knows_the_file_ends_it_at_once);
    tcase_add_loop_test(tc, what_goes_wrong_ends_the_run, 0, COUNT(troubles));
    tcase_add_test(tc, an_offset_that_stands_still_ends_the_run);
    tcase_add_test(tc, a_pause_holds_the_piece_that_is_read_and_not_the_one_that_is_sent);
    tcase_add_test(tc, a_pause_that_ends_while_the_disk_reads_holds_nothing);
    tcase_add_loop_test(tc, a_file_that_is_not_as_long_as_its_manifest_says_is_not_sent, 0, 2);
    tcase_add_test(tc, a_file_that_becomes_shorter_is_tried_again);
    tcase_add_loop_test(tc, what_is_no_file_is_not_sent, 0, 4);
    tcase_add_test(tc, one_may_follow_from_within_the_end_of_another);
    tcase_add_loop_test(tc, closing_ends_what_is_under_way_whatever_it_waits_for, 0, 3);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
