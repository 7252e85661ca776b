/* SPDX-License-Identifier: Apache-2.0 */
/* Clips at the receiver: bound to a manifest that is here, in pieces, whole only with the
 * manifest's hash, and on the disk before anything is said of them. */
#include <check.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "receiver_world.h"
#include "run_suite.h"

#define CLIP "the pictures of the gate"
/* Not the clip's. */
#define SHA  "5e6a2a2cc8d2b6ccf6f9e1f2cbe1a2a4a1c2f3f0a8d9b7c6e5f4a3b2c1d0e9f8"
#define TYPE "application/offset+octet-stream"

static struct world w;
static char sha256[65], path[64];
static int synced; /* files and folders, by fsync or fdatasync */

int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fsync(int fd)
{
    synced++;
    return __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
    synced++;
    return __real_fdatasync(fd);
}

static void announce(const char *hash, const char *source)
{
    char body[900];
    snprintf(body, sizeof body,
             "{\"specversion\":\"1.0\",\"id\":\"" WORLD_EVENT "\",\"source\":\"%s\",\"type\":"
             "\"tocsin.clip.manifest\",\"time\":\"t\",\"clock\":\"synced\",\"seq\":1,\"prev\":"
             "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"data\":{\"alarm\":\"" WORLD_ALARM
             "\",\"length\":%zu,\"sha256\":\"%s\",\"camera\":{\"id\":\"gate\"}}}",
             source, strlen(CLIP), hash);
    const struct call call = {.body = body, .id = WORLD_EVENT};
    ck_assert_uint_eq(world_call(&w, &call)->status, 200);
}

static void hash_of_clip(void)
{
    unsigned char hash[DIGEST_BYTES];
    EVP_Digest(CLIP, strlen(CLIP), hash, NULL, EVP_sha256(), NULL);
    for (int i = 0; i < DIGEST_BYTES; i++)
        snprintf(sha256 + 2 * i, 3, "%02x", hash[i]);
}

static void setup(void)
{
    world_open(&w);
    hash_of_clip();
    snprintf(path, sizeof path, "/v1/clips/%s", WORLD_EVENT);
}

static void teardown(void)
{
    world_close(&w);
}

static struct MHD_Connection *create(const char *length)
{
    /* "manifest " and base64 of WORLD_EVENT */
    const struct call call = {
        .target = "/v1/clips",
        .upload_length = length,
        .metadata = "filename eA==,manifest MDE4OTBhNWQtYWM5Ni03NzRiLWJjY2UtYjMwMjA5OWE4MDU3"};
    return world_call(&w, &call);
}

static struct MHD_Connection *patch(const char *offset, const char *piece)
{
    const struct call call = {
        .method = "PATCH", .target = path, .body = piece, .upload_offset = offset, .type = TYPE};
    return world_call(&w, &call);
}

static const char *offset_here(void)
{
    const struct call call = {.method = "HEAD", .target = path};
    struct MHD_Connection *c = world_call(&w, &call);
    ck_assert_uint_eq(c->status, 200);
    ck_assert_str_eq(fake_answered(c, "Upload-Length"), "24");
    return fake_answered(c, "Upload-Offset");
}

static bool is_there(const char *ending)
{
    char name[160];
    struct stat st;
    snprintf(name, sizeof name, "%s/clips/%s.%s", w.folder, WORLD_EVENT, ending);
    return stat(name, &st) == 0;
}

START_TEST(a_clip_comes_in_pieces_and_has_its_receipt_when_it_is_whole)
{
    announce(sha256, WORLD_SOURCE);
    struct MHD_Connection *c = create("24");
    ck_assert_uint_eq(c->status, 201);
    ck_assert_str_eq(fake_answered(c, "Location"), path);
    ck_assert_str_eq(fake_answered(c, "Upload-Offset"), "0");
    c = patch("0", "the pictures");
    ck_assert_uint_eq(c->status, 204);
    ck_assert_str_eq(fake_answered(c, "Upload-Offset"), "12");
    ck_assert_str_eq(offset_here(), "12");
    ck_assert_str_eq(fake_answered(create("24"), "Upload-Offset"), "12");
    ck_assert(is_there("part") && !is_there("mp4"));
    c = patch("12", " of the gate");
    ck_assert_uint_eq(c->status, 200);
    ck_assert_str_eq(world_text(c, "clip"), WORLD_EVENT);
    ck_assert(!is_there("part") && is_there("mp4"));
    ck_assert_str_eq(offset_here(), "24");
    /* Again, since the receipt may have been lost on its way. */
    ck_assert_uint_eq(create("24")->status, 200);
    ck_assert_uint_eq(patch("12", " of the gate")->status, 200);
}
END_TEST

START_TEST(what_is_said_of_a_clip_is_on_the_disk_first)
{
    announce(sha256, WORLD_SOURCE);
    create("24");
    synced = 0;
    patch("0", "the pictures");
    ck_assert_int_ge(synced, 1); /* the piece */
    synced = 0;
    patch("12", " of the gate");
    ck_assert_int_ge(synced, 3); /* the piece, the whole file, and the folder that names it */
}
END_TEST

START_TEST(a_clip_that_is_not_what_the_manifest_says_is_dropped)
{
    announce(SHA, WORLD_SOURCE);
    create("24");
    struct MHD_Connection *c = patch("0", CLIP);
    ck_assert_uint_eq(c->status, 460);
    ck_assert(!is_there("part") && !is_there("mp4"));
    ck_assert_str_eq(offset_here(), "0");
}
END_TEST

START_TEST(a_clip_that_was_stopped_before_its_receipt_is_finished_when_asked_for)
{
    char name[160];
    announce(sha256, WORLD_SOURCE);
    snprintf(name, sizeof name, "%s/clips/%s.part", w.folder, WORLD_EVENT);
    FILE *part = fopen(name, "w");
    fputs(CLIP, part);
    fclose(part);
    struct MHD_Connection *c = create("24");
    ck_assert_uint_eq(c->status, 200);
    ck_assert_str_eq(world_text(c, "clip"), WORLD_EVENT);
    ck_assert(is_there("mp4"));
}
END_TEST

static const struct {
    struct call call;
    unsigned status;
    const char *reason;
} refused[] = {
    {{.method = "PATCH", .upload_offset = "1", .type = TYPE, .body = "x"}, 409, "but 0 bytes"},
    {{.method = "PATCH", .upload_offset = "-1", .type = TYPE, .body = "x"}, 400, "Upload-Offset"},
    {{.method = "PATCH", .upload_offset = "0", .type = "text/plain", .body = "x"}, 400, "offset+"},
    {{.method = "PATCH", .upload_offset = "0", .body = "x"}, 400, "offset+"},
    {{.method = "PATCH", .upload_offset = "0", .type = TYPE, .body = CLIP "!"}, 413, "more than"},
    {{.method = "PATCH", .upload_offset = "0", .type = TYPE, .body = "x", .tus_version = "0.2"},
     412,
     "1.0.0"},
    {{.method = "DELETE"}, 405, "POST, HEAD or PATCH"},
    {{.method = "HEAD", .target = "/v1/clips/" WORLD_OTHER}, 404, "no manifest"},
    {{.method = "HEAD", .target = "/v1/clips/../store"}, 404, "no such upload"},
    {{.target = "/v1/clips", .upload_length = "24"}, 400, "must name"},
    {{.target = "/v1/clips", .upload_length = "24", .metadata = "manifest Li4vLi4="}, 400, "name"},
    {{.method = "HEAD", .signed_method = "GET"}, 401, "does not verify"},
};

START_TEST(anything_else_is_refused_with_its_reason_and_writes_nothing)
{
    struct call call = refused[_i].call;
    announce(sha256, WORLD_SOURCE);
    if (!call.target)
        call.target = path;
    struct MHD_Connection *c = world_call(&w, &call);
    ck_assert_uint_eq(c->status, refused[_i].status);
    ck_assert_msg(strstr(c->body, refused[_i].reason) != NULL, "%s", c->body);
    ck_assert(!is_there("part") && !is_there("mp4"));
}
END_TEST

START_TEST(a_length_that_is_not_the_manifests_is_refused)
{
    announce(sha256, WORLD_SOURCE);
    ck_assert_uint_eq(create("25")->status, 409);
    ck_assert_uint_eq(create(NULL)->status, 409);
}
END_TEST

START_TEST(a_request_for_a_clip_is_good_once)
{
    const struct call call = {.method = "HEAD", .target = path, .nonce = "AAECAwQFBgcICQoLDA0ODw"};
    announce(sha256, WORLD_SOURCE);
    ck_assert_uint_eq(world_call(&w, &call)->status, 200);
    ck_assert_uint_eq(world_call(&w, &call)->status, 409);
}
END_TEST

START_TEST(nobody_sends_a_clip_of_another_gateway)
{
    w.receiver.gateway_keys.keys[0].gateway[0] = '\0'; /* a key that may speak for all … */
    announce(sha256, "tocsin:31010600001320000002");
    snprintf(w.receiver.gateway_keys.keys[0].gateway, 21, "31010600001320000001"); /* … and not */
    ck_assert_uint_eq(create("24")->status, 403);
    ck_assert_uint_eq(patch("0", CLIP)->status, 403);
    ck_assert(!is_there("part"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receiver_clips");
    TCase *tc = tcase_create("clips");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_clip_comes_in_pieces_and_has_its_receipt_when_it_is_whole);
    tcase_add_test(tc, what_is_said_of_a_clip_is_on_the_disk_first);
    tcase_add_test(tc, a_clip_that_is_not_what_the_manifest_says_is_dropped);
    tcase_add_test(tc, a_clip_that_was_stopped_before_its_receipt_is_finished_when_asked_for);
    tcase_add_loop_test(tc, anything_else_is_refused_with_its_reason_and_writes_nothing, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(tc, a_length_that_is_not_the_manifests_is_refused);
    tcase_add_test(tc, a_request_for_a_clip_is_good_once);
    tcase_add_test(tc, nobody_sends_a_clip_of_another_gateway);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
