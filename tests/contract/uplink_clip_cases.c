/* SPDX-License-Identifier: Apache-2.0 */
/* Upload of clips by tus 1.0: what the receiver may say, step by step. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "uplink_world.h"
#include "wire/digest.h"
#include "world_uplink_https.h"

#define PIECE (4 << 20)

/* What the receiver does in this case. */
static struct {
    int create, head, patch; /* status; 0: as it should be */
    const char *location;    /* instead of /v1/clips/1 */
    int64_t has;             /* bytes it has at HEAD */
    const char *head_header; /* instead of Upload-Offset */
    int64_t patch_says;      /* Upload-Offset after a piece that is not the last; -1: as it is */
    bool wrong_digest;
    enum mock_flaw receipt;
} plan;

static struct uplink_file *file;
static struct attempt clip;
static int64_t received;

static void give_receipt(struct mock_reply *reply)
{
    static char digest[DIGEST_HEADER_SIZE];
    digest_header(file->sha256, digest);
    digest[12] ^= plan.wrong_digest;
    reply->clip = file->manifest;
    reply->digest = digest;
    reply->flaw = plan.receipt;
}

static void on_request(struct mock *mock, const struct mock_request *request,
                       struct mock_reply *reply)
{
    static char header[300];
    (void)mock;
    if (strcmp(request->method, "OPTIONS") == 0) {
        reply->status = 405;
    } else if (strcmp(request->method, "POST") == 0) {
        reply->status = plan.create ? plan.create : 201;
        if (reply->status == 200)
            give_receipt(reply);
        snprintf(header, sizeof header, "Location: %s\r\n",
                 plan.location ? plan.location : "/v1/clips/1");
        reply->headers = header;
    } else if (strcmp(request->method, "HEAD") == 0) {
        received = plan.has;
        reply->status = plan.head ? plan.head : 200;
        snprintf(header, sizeof header, "Upload-Offset: %lld\r\n", (long long)plan.has);
        reply->headers = plan.head_header ? plan.head_header : header;
    } else {
        received += (int64_t)request->length;
        bool last = received == file->length_bytes;
        reply->status = plan.patch ? plan.patch : last ? 200 : 204;
        if (last && !plan.patch)
            give_receipt(reply);
        snprintf(header, sizeof header, "Upload-Offset: %lld\r\n",
                 (long long)(plan.patch_says >= 0 ? plan.patch_says : received));
        reply->headers = header;
    }
}

static void upload(size_t length)
{
    file = make_file(length);
    clip = (struct attempt){.ends = 0};
    open_uplink();
    receiver.on_request = on_request;
    start_upload(&clip, file);
}

static void expect(enum uplink_outcome outcome, const char *word)
{
    await(&clip);
    ck_assert_msg(clip.outcome == outcome, "outcome %d: %s", (int)clip.outcome, clip.reason);
    ck_assert_msg(strstr(clip.reason, word), "%s", clip.reason);
}

START_TEST(a_clip_goes_in_pieces_each_signed_and_ends_with_a_receipt)
{
    char metadata[300], manifest[80], name[80];
    plan.patch_says = -1;
    upload(2 * PIECE + 1234);
    expect(UPLINK_OUTCOME_STORED, "");
    encode_base64(file->manifest, strlen(file->manifest), manifest);
    encode_base64("gate.mp4", 8, name);
    snprintf(metadata, sizeof metadata, "manifest %s,filename %s", manifest, name);
    const struct mock_request *r = mock_last(&receiver, "POST");
    ck_assert_str_eq(r->path, "/v1/clips");
    ck_assert_str_eq(mock_header(r, "Upload-Metadata"), metadata);
    ck_assert_int_eq(atoll(mock_header(r, "Upload-Length")), file->length_bytes);
    ck_assert_str_eq(mock_header(r, "Tus-Resumable"), "1.0.0");
    ck_assert_uint_eq(mock_count(&receiver, "PATCH"), 3);
    r = mock_last(&receiver, "PATCH");
    ck_assert_str_eq(r->path, "/v1/clips/1");
    ck_assert_uint_eq(r->length, 1234);
    ck_assert_int_eq(atoll(mock_header(r, "Upload-Offset")), 2 * PIECE);
    ck_assert_str_eq(mock_header(r, "Content-Type"), "application/offset+octet-stream");
    ck_assert_ptr_nonnull(mock_header(r, "Signature"));
    char digest[DIGEST_HEADER_SIZE];
    digest_header(r->digest, digest);
    ck_assert_str_eq(mock_header(r, "Content-Digest"), digest);
    ck_assert_ptr_nonnull(strstr(clip.receipt, "\"clip\""));
}
END_TEST

START_TEST(it_goes_on_at_the_byte_that_the_receiver_has)
{
    plan.patch_says = -1;
    plan.has = 700;
    upload(1000);
    expect(UPLINK_OUTCOME_STORED, "");
    const struct mock_request *r = mock_last(&receiver, "PATCH");
    ck_assert_uint_eq(r->length, 300);
    ck_assert_int_eq(atoll(mock_header(r, "Upload-Offset")), 700);
    unsigned char digest[DIGEST_BYTES];
    char bytes[1000];
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(read(fd, bytes, 1000), 1000);
    close(fd);
    digest_sha256(bytes + 700, 300, digest);
    ck_assert_mem_eq(r->digest, digest, sizeof digest);
}
END_TEST

START_TEST(a_receipt_that_was_lost_is_asked_for_again)
{
    plan.has = 1000;
    upload(1000);
    expect(UPLINK_OUTCOME_STORED, "");
    ck_assert_uint_eq(mock_last(&receiver, "PATCH")->length, 0);
    close_uplink();
    plan.create = 200; /* or it has the file and says so at once */
    upload(1000);
    expect(UPLINK_OUTCOME_STORED, "");
    ck_assert_uint_eq(mock_count(&receiver, "PATCH"), 1);
}
END_TEST

static const struct {
    int create, head, patch;
    const char *location, *head_header;
    int64_t patch_says;
    enum uplink_outcome outcome;
    const char *word;
} strange[] = {
    {.create = 500, .outcome = UPLINK_OUTCOME_RETRY, .word = "answered 500"},
    {.create = 403, .outcome = UPLINK_OUTCOME_REFUSED, .word = "answered 403"},
    {.create = 202, .outcome = UPLINK_OUTCOME_RETRY, .word = "not what tus 1.0 says"},
    {.create = 409, .outcome = UPLINK_OUTCOME_RETRY, .word = "lost its place"},
    {.location = "https://elsewhere.example/v1/clips/1",
     .outcome = UPLINK_OUTCOME_REFUSED,
     .word = "not on its own server"},
    {.location = "//elsewhere.example/1",
     .outcome = UPLINK_OUTCOME_REFUSED,
     .word = "not on its own server"},
    {.location = "/a b", .outcome = UPLINK_OUTCOME_REFUSED, .word = "not on its own server"},
    {.head = 404, .outcome = UPLINK_OUTCOME_RETRY, .word = "lost its place"},
    {.head = 410, .outcome = UPLINK_OUTCOME_RETRY, .word = "lost its place"},
    {.head = 423, .outcome = UPLINK_OUTCOME_RETRY, .word = "lost its place"},
    {.head = 302, .outcome = UPLINK_OUTCOME_RETRY, .word = "answered 302"},
    {.head_header = "", .outcome = UPLINK_OUTCOME_RETRY, .word = "missing or wrong"},
    {.head_header = "Upload-Offset: 99999999\r\n",
     .outcome = UPLINK_OUTCOME_RETRY,
     .word = "missing or wrong"},
    {.head_header = "Upload-Offset: 7 bytes\r\n",
     .outcome = UPLINK_OUTCOME_RETRY,
     .word = "missing or wrong"},
    {.head_header = "Upload-Offset: 7\r\nUpload-Offset: 8\r\n",
     .outcome = UPLINK_OUTCOME_RETRY,
     .word = "missing or wrong"},
    {.patch = 460, .outcome = UPLINK_OUTCOME_REFUSED, .word = "not the one its manifest"},
    {.patch = 409, .outcome = UPLINK_OUTCOME_RETRY, .word = "lost its place"},
    {.patch = 503, .outcome = UPLINK_OUTCOME_RETRY, .word = "answered 503"},
    {.patch_says = 0, .outcome = UPLINK_OUTCOME_RETRY, .word = "missing or wrong"},
    {.patch_says = PIECE + 1, .outcome = UPLINK_OUTCOME_RETRY, .word = "missing or wrong"},
};
#define STRANGE ((int)(sizeof strange / sizeof *strange))

START_TEST(a_strange_answer_ends_the_run)
{
    plan.create = strange[_i].create;
    plan.head = strange[_i].head;
    plan.patch = strange[_i].patch;
    plan.location = strange[_i].location;
    plan.head_header = strange[_i].head_header;
    plan.patch_says = strange[_i].patch_says;
    upload(PIECE + 1000);
    expect(strange[_i].outcome, strange[_i].word);
}
END_TEST

START_TEST(an_absolute_location_on_the_same_server_is_taken)
{
    static char location[100];
    snprintf(location, sizeof location, "https://127.0.0.1:%d/x/1", receiver.port);
    plan.location = location;
    upload(1000);
    expect(UPLINK_OUTCOME_STORED, "");
    ck_assert_str_eq(mock_last(&receiver, "PATCH")->path, "/x/1");
}
END_TEST

START_TEST(a_location_that_only_begins_like_the_server_is_elsewhere)
{
    static const char *const rest[] = {"0/x/1", ".elsewhere.example/1", "@elsewhere.example/1"};
    static char location[100];
    snprintf(location, sizeof location, "https://127.0.0.1:%d%s", receiver.port, rest[_i]);
    plan.location = location;
    upload(1000);
    expect(UPLINK_OUTCOME_REFUSED, "not on its own server");
}
END_TEST

static const struct {
    enum mock_flaw flaw;
    bool wrong_digest;
    enum uplink_outcome outcome;
} receipts[] = {{MOCK_BAD_SIGNATURE, false, UPLINK_OUTCOME_RETRY},
                {MOCK_NO_SIGNATURE, false, UPLINK_OUTCOME_RETRY},
                {MOCK_OTHER_KEY, false, UPLINK_OUTCOME_REFUSED},
                {MOCK_GOOD, true, UPLINK_OUTCOME_RETRY}};

START_TEST(a_wrong_receipt_for_a_clip_is_not_believed)
{
    plan.receipt = receipts[_i].flaw;
    plan.wrong_digest = receipts[_i].wrong_digest;
    upload(1000);
    expect(receipts[_i].outcome, "receipt");
}
END_TEST

START_TEST(a_file_that_is_not_what_its_manifest_says_is_not_sent)
{
    file = make_file(1000);
    open_uplink();
    receiver.on_request = on_request;
    if (_i == 0) {
        file->length_bytes = 999;
    } else if (_i == 1) {
        ck_assert_int_eq(unlink(file->path), 0);
    } else {
        ck_assert_int_eq(unlink(file->path), 0);
        ck_assert_int_eq(symlink("/etc/passwd", file->path), 0);
    }
    start_upload(&clip, file);
    expect(_i == 0 ? UPLINK_OUTCOME_REFUSED : UPLINK_OUTCOME_RETRY,
           _i == 0 ? "length" : file->path);
    ck_assert_uint_eq(mock_count(&receiver, "POST"), 0);
    unlink(file->path);
}
END_TEST

static bool second_piece_read(void)
{
    return mock_count(&receiver, "PATCH") == 1 && received == PIECE;
}

START_TEST(a_pause_holds_the_next_piece_and_no_more)
{
    plan.patch_says = -1;
    upload(PIECE + 1000);
    while (mock_count(&receiver, "HEAD") == 0)
        uv_run(&loop, UV_RUN_ONCE);
    run_until(second_piece_read);
    world->driver->pause_upload(uplink, true);
    for (int i = 0; i < 40; i++)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_le(mock_count(&receiver, "PATCH"), 2);
    ck_assert(clip.ends == 0 || mock_count(&receiver, "PATCH") == 2);
    world->driver->pause_upload(uplink, false);
    expect(UPLINK_OUTCOME_STORED, "");
}
END_TEST

START_TEST(a_stuck_clip_takes_no_connection_from_the_alarms)
{
    struct attempt press = {.ends = 0};
    plan.patch_says = -1;
    upload(1000);
    plan.receipt = MOCK_SILENT;
    while (mock_count(&receiver, "PATCH") == 0)
        uv_run(&loop, UV_RUN_ONCE);
    receiver.on_request = NULL;
    expect_send(&press, UPLINK_LANE_PRESS, UPLINK_OUTCOME_STORED);
    ck_assert_uint_ne(mock_last(&receiver, "POST")->connection,
                      mock_last(&receiver, "PATCH")->connection);
}
END_TEST

void add_https_clip_cases(TCase *cases)
{
    tcase_add_test(cases, a_clip_goes_in_pieces_each_signed_and_ends_with_a_receipt);
    tcase_add_test(cases, it_goes_on_at_the_byte_that_the_receiver_has);
    tcase_add_test(cases, a_receipt_that_was_lost_is_asked_for_again);
    tcase_add_loop_test(cases, a_strange_answer_ends_the_run, 0, STRANGE);
    tcase_add_test(cases, an_absolute_location_on_the_same_server_is_taken);
    tcase_add_loop_test(cases, a_location_that_only_begins_like_the_server_is_elsewhere, 0, 3);
    tcase_add_loop_test(cases, a_wrong_receipt_for_a_clip_is_not_believed, 0, 4);
    tcase_add_loop_test(cases, a_file_that_is_not_what_its_manifest_says_is_not_sent, 0, 3);
    tcase_add_test(cases, a_pause_holds_the_next_piece_and_no_more);
    tcase_add_test(cases, a_stuck_clip_takes_no_connection_from_the_alarms);
}
