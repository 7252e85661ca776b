/* SPDX-License-Identifier: Apache-2.0 */
/* The key that signs: with one, without one, and when it comes back; in virtual time. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "config_folder.h"
#include "drivers/signer/signers.h"
#include "gateway/signing.h"
#include "run_suite.h"
#include "virtual_time.h"

static struct config_folder folder;
static char path[100], *key_file = path;
static struct config_signing config = {.driver = {.type = &signer_pem.type, .options = &key_file}};
static uv_loop_t loop;
static struct facts *facts;
static struct signing *signing;
static struct fact_fault stated;
static unsigned stated_count, found_count;
static struct err problem;

static void on_fault(void *self, const struct fact *fact)
{
    (void)self;
    stated = fact->u.fault;
    stated_count++;
}

static void on_found(void *arg)
{
    ck_assert_ptr_eq(arg, &found_count);
    found_count++;
}

static void put_key(mode_t mode)
{
    char *text;
    size_t length;
    ck_assert_int_eq(atomic_file_read(SIGNING_KEY, 10000, &text, &length, &problem), 0);
    rmdir(path);
    unlink(path);
    config_folder_write(&folder, "signing.key", text, length, mode);
    free(text);
}

static void begin(void)
{
    config_folder_init(&folder);
    snprintf(path, sizeof path, "%s/signing.key", folder.path);
    virtual_begin();
    uv_loop_init(&loop);
    ck_assert_int_eq(facts_create(&loop, &facts, &problem), 0);
    facts_subscribe(facts, FACT_BIT(FACT_FAULT_STATED), on_fault, NULL);
}

static void open_key(void)
{
    const struct signing_options options = {.loop = &loop,
                                            .facts = facts,
                                            .config = &config,
                                            .on_found = on_found,
                                            .arg = &found_count};
    ck_assert_int_eq(signing_open(&options, &signing, &problem), 0);
    facts_tell(facts);
}

static void end(void)
{
    signing_close(signing);
    facts_close(facts);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    signing_free(signing);
    facts_free(facts);
    config_folder_finish(&folder);
}

/* Its tick comes once a second. What the pool has to do is done. */
static void pass(int seconds)
{
    for (int i = 0; i < seconds; i++) {
        virtual_advance(facts, 1000);
        signing_tick(signing);
        while (loop.active_reqs.count > 0)
            uv_run(&loop, UV_RUN_ONCE);
    }
    facts_tell(facts);
}

static int sign(void)
{
    unsigned char signature[SIGNER_SIGNATURE_MAX];
    size_t length;
    struct signer *signer = signing_signer(signing);
    return signer->driver->sign(signer, "text", 4, signature, &length, &problem);
}

START_TEST(with_a_key_it_signs_and_says_that_all_is_well)
{
    put_key(0640);
    open_key();
    ck_assert_int_eq(sign(), 0);
    ck_assert_uint_eq(stated_count, 1); /* what was wrong before a restart is over */
    ck_assert_int_eq(stated.code, FAULT_SIGNING);
    ck_assert(!stated.broken);
    ck_assert_str_eq(signing_keyid(signing), signing_signer(signing)->keyid);
    ck_assert_uint_eq(strlen(signing_keyid(signing)), 16);
    ck_assert_str_eq(signing_signer(signing)->algorithm, "ecdsa-p256-sha256");
    unlink(path); /* it is in memory */
    pass(20);
    ck_assert_int_eq(sign(), 0);
    ck_assert_uint_eq(stated_count, 1);
    ck_assert_uint_eq(found_count, 0);
}
END_TEST

/* What can be wrong with it, and what is said of that. */
static const struct {
    const char *what, *said;
} wrong[] = {
    {"missing", "No such file"},   {"empty", "holds no unencrypted private key"},
    {"open to all", "chmod 0640"}, {"a folder", "Is a directory"},
    {"a pipe", "is no file"},      {"rotten", "holds no unencrypted private key"},
};

static void spoil(const char *what)
{
    if (strcmp(what, "empty") == 0)
        config_folder_write(&folder, "signing.key", "", 0, 0640);
    else if (strcmp(what, "open to all") == 0)
        put_key(0644);
    else if (strcmp(what, "a folder") == 0)
        ck_assert_int_eq(mkdir(path, 0700), 0);
    else if (strcmp(what, "a pipe") == 0)
        ck_assert_int_eq(mkfifo(path, 0600), 0);
    else if (strcmp(what, "rotten") == 0)
        config_folder_write(&folder, "signing.key", "-----BEGIN PRIVATE KEY-----\nMIG", 31, 0640);
}

START_TEST(without_one_it_says_so_and_signs_as_soon_as_it_is_there)
{
    spoil(wrong[_i].what);
    open_key();
    ck_assert_int_eq(sign(), -ENOKEY);
    ck_assert_ptr_nonnull(strstr(problem.text, "no key to sign with"));
    ck_assert_ptr_null(signing_keyid(signing));
    ck_assert_str_eq(signing_signer(signing)->keyid, "");
    ck_assert_int_eq(stated.code, FAULT_SIGNING);
    ck_assert(stated.broken);
    ck_assert_ptr_nonnull(strstr(stated.reason, path));
    ck_assert_msg(strstr(stated.reason, wrong[_i].said) != NULL, "%s", stated.reason);
    pass(5); /* a look: nothing has changed */
    ck_assert(stated.broken);
    ck_assert_int_eq(sign(), -ENOKEY);
    put_key(0640);
    pass(4);
    ck_assert_int_eq(sign(), -ENOKEY); /* looked for slowly */
    ck_assert_uint_eq(found_count, 0);
    pass(1);
    ck_assert_int_eq(sign(), 0);
    ck_assert(!stated.broken);
    ck_assert_uint_eq(found_count, 1);
    ck_assert_uint_eq(strlen(signing_keyid(signing)), 16);
    stated_count = 0;
    pass(20);
    ck_assert_uint_eq(found_count, 1);
    ck_assert_uint_eq(stated_count, 0);
}
END_TEST

START_TEST(what_is_wrong_with_it_now_is_what_is_said)
{
    open_key();
    ck_assert_ptr_nonnull(strstr(stated.reason, "No such file"));
    put_key(0644);
    pass(5);
    ck_assert(stated.broken);
    ck_assert_ptr_nonnull(strstr(stated.reason, "chmod 0640"));
}
END_TEST

START_TEST(what_is_found_after_the_stop_is_nobodys)
{
    open_key();
    put_key(0640);
    virtual_advance(facts, 5000);
    signing_tick(signing); /* the look is under way, in the pool */
    ck_assert_uint_eq(loop.active_reqs.count, 1);
    stated_count = 0;
    signing_close(signing);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(found_count, 0);
    ck_assert_uint_eq(stated_count, 0);
    ck_assert_int_eq(sign(), -ENOKEY);
    ck_assert_ptr_null(signing_keyid(signing));
    signing_tick(signing);
    ck_assert_uint_eq(loop.active_reqs.count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signing");
    TCase *tc = tcase_create("signing");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, with_a_key_it_signs_and_says_that_all_is_well);
    tcase_add_loop_test(tc, without_one_it_says_so_and_signs_as_soon_as_it_is_there, 0,
                        sizeof wrong / sizeof *wrong);
    tcase_add_test(tc, what_is_wrong_with_it_now_is_what_is_said);
    tcase_add_test(tc, what_is_found_after_the_stop_is_nobodys);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
