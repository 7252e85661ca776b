/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and key: what can never work is refused, what may yet work is only said. The linker
 * hands the clock and the log to this file. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "drivers/uplink/https/credentials.h"
#include "mock_pki.h"
#include "run_suite.h"

static enum clock_quality quality;
static int64_t wall_ms;
static unsigned warnings;
static char warning[500];

struct clock_stamp __wrap_clock_stamp_at(int64_t monotonic_ns, int64_t floor_ms);
int64_t __wrap_clock_wall_ms(void);
void __wrap_log_line(enum log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct clock_stamp __wrap_clock_stamp_at(int64_t monotonic_ns, int64_t floor_ms)
{
    (void)monotonic_ns, (void)floor_ms;
    return (struct clock_stamp){.quality = quality};
}

int64_t __wrap_clock_wall_ms(void)
{
    return wall_ms;
}

void __wrap_log_line(enum log_level level, const char *module, const char *format, ...)
{
    va_list arguments;
    ck_assert_int_eq(level, LOG_LEVEL_WARNING);
    ck_assert_str_eq(module, "uplink");
    va_start(arguments, format);
    vsnprintf(warning, sizeof warning, format, arguments);
    va_end(arguments);
    warnings++;
}

static struct credentials credentials;
static struct credential_files files;
static char *paths[3];

static void use(const char *ca, const char *certificate, const char *key)
{
    const char *const names[] = {ca, certificate, key};
    for (size_t i = 0; i < 3; i++) {
        free(paths[i]);
        paths[i] = mock_pki_path(names[i]);
    }
    files = (struct credential_files){
        .ca_file = paths[0], .cert_file = paths[1], .key_file = paths[2], .receiver = "police"};
}

static void begin(void)
{
    quality = CLOCK_QUALITY_SYNCED;
    wall_ms = clock_build_ms() + 1000;
    use("ca.pem", "gateway.pem", "gateway.key");
}

static void end(void)
{
    credentials_finish(&credentials);
    ck_assert_ptr_null(credentials.key.data);
    credentials_finish(&credentials); /* and once more */
    for (size_t i = 0; i < 3; i++)
        free(paths[i]);
}

static void expect_refusal(int code, const char *word)
{
    struct err e = {.text = ""};
    ck_assert_int_eq(credentials_load(&credentials, &files, NULL, &e), code);
    ck_assert_msg(strstr(e.text, word), "%s", e.text);
}

START_TEST(the_bytes_of_the_three_files_are_kept)
{
    struct err e;
    ck_assert_msg(credentials_load(&credentials, &files, NULL, &e) == 0, "%s", e.text);
    const struct curl_blob *const blobs[] = {&credentials.ca, &credentials.certificate,
                                             &credentials.key};
    for (size_t i = 0; i < 3; i++) {
        char bytes[8192];
        FILE *file = fopen(paths[i], "re");
        size_t length = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        ck_assert_uint_eq(blobs[i]->len, length);
        ck_assert_mem_eq(blobs[i]->data, bytes, length);
        ck_assert_uint_eq(blobs[i]->flags, CURL_BLOB_NOCOPY);
    }
}
END_TEST

START_TEST(a_file_that_is_missing_is_named)
{
    static const char *const good[] = {"ca.pem", "gateway.pem", "gateway.key"};
    const char *names[3];
    memcpy(names, good, sizeof names);
    names[_i] = "nowhere";
    use(names[0], names[1], names[2]);
    expect_refusal(-ENOENT, "nowhere");
}
END_TEST

static const struct {
    const char *ca, *certificate, *key, *word;
} wrong[] = {
    {"gateway.key", "gateway.pem", "gateway.key", "holds no certificate"},
    {"signing.key", "gateway.pem", "gateway.key", "the authority that signs the receiver"},
    {"ca.pem", "gateway.key", "gateway.key", "this gateway's certificate"},
    {"ca.pem", "receipt.pub.pem", "gateway.key", "holds no certificate"},
    {"ca.pem", "gateway.pem", "gateway.pem", "holds no unencrypted private key"},
    {"ca.pem", "gateway.pem", "server.key", "is not the private key of the certificate"},
    {"ca.pem", "server.pem", "gateway.key", "is not the private key of the certificate"},
    {"empty", "gateway.pem", "gateway.key", "holds no certificate"},
    {"ca.pem", "half", "gateway.key", "holds no certificate"},
    {"ca.pem", "gateway.pem", "encrypted", "holds no unencrypted private key"},
};

static void make_odd_files(void)
{
    char bytes[4096];
    char *path = mock_pki_path("empty");
    fclose(fopen(path, "we"));
    free(path);
    path = mock_pki_path("gateway.pem");
    FILE *file = fopen(path, "re");
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    free(path);
    path = mock_pki_path("half");
    file = fopen(path, "we");
    fwrite(bytes, 1, length / 2, file);
    fclose(file);
    free(path);
    path = mock_pki_path("encrypted");
    file = fopen(path, "we");
    ck_assert_int_eq(chmod(path, 0600), 0);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ck_assert_int_eq(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(),
                                          (const unsigned char *)"secret", 6, NULL, NULL),
                     1);
    EVP_PKEY_free(key);
    fclose(file);
    free(path);
}

START_TEST(what_can_never_work_is_refused)
{
    make_odd_files();
    use(wrong[_i].ca, wrong[_i].certificate, wrong[_i].key);
    expect_refusal(-EINVAL, wrong[_i].word);
}
END_TEST

START_TEST(a_key_that_others_may_read_is_refused)
{
    static const mode_t modes[] = {0604, 0602, 0601};
    struct err e;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        ck_assert_int_eq(chmod(files.key_file, modes[i]), 0);
        expect_refusal(-EPERM, "others may read this private key");
        credentials_finish(&credentials);
    }
    ck_assert_int_eq(chmod(files.key_file, 0660), 0); /* the group is the service's */
    ck_assert_msg(credentials_load(&credentials, &files, NULL, &e) == 0, "%s", e.text);
}
END_TEST

START_TEST(dates_of_one_file_are_said_once)
{
    struct err e;
    use("gateway.pem", "gateway.pem", "gateway.key");
    ck_assert_msg(credentials_load(&credentials, &files, NULL, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(warnings, 1);
}
END_TEST

/* And of each file, so that one look is enough. */
START_TEST(what_can_never_work_is_told_by_its_option)
{
    static const char *const keys[] = {"ca_file",   "ca_file",  "cert_file", "cert_file",
                                       "key_file",  "key_file", "key_file",  "ca_file",
                                       "cert_file", "key_file"};
    struct driver_mistakes mistakes = {.count = 0};
    make_odd_files();
    use(wrong[_i].ca, wrong[_i].certificate, wrong[_i].key);
    credentials_try(&files, &mistakes);
    ck_assert_uint_eq(mistakes.count, 1);
    ck_assert_str_eq(mistakes.items[0].key, keys[_i]);
    ck_assert_msg(strstr(mistakes.items[0].what.text, wrong[_i].word), "%s",
                  mistakes.items[0].what.text);
    ck_assert_uint_eq(warnings, 0);
    driver_mistakes_finish(&mistakes);
}
END_TEST

START_TEST(all_three_files_are_tried)
{
    struct driver_mistakes mistakes = {.count = 0};
    use("gateway.key", "nowhere", "ca.pem");
    credentials_try(&files, &mistakes);
    ck_assert_uint_eq(mistakes.count, 3);
    ck_assert_str_eq(mistakes.items[1].key, "cert_file");
    ck_assert_ptr_nonnull(strstr(mistakes.items[1].what.text, "nowhere"));
    files = (struct credential_files){.receiver = "police"}; /* their words could not be read */
    driver_mistakes_finish(&mistakes);
    credentials_try(&files, &mistakes);
    ck_assert_uint_eq(mistakes.count, 0);
    use("ca.pem", "gateway.pem", "gateway.key");
    credentials_try(&files, &mistakes);
    ck_assert_uint_eq(mistakes.count, 0);
}
END_TEST

START_TEST(dates_are_only_said)
{
    static const struct {
        const char *name, *word;
    } dates[] = {{"expired", "expired on"}, {"gateway", "expires on"}};
    char certificate[40], key[40];
    struct err e;
    snprintf(certificate, sizeof certificate, "%s.pem", dates[_i].name);
    snprintf(key, sizeof key, "%s.key", dates[_i].name);
    use("ca.pem", certificate, key);
    ck_assert_msg(credentials_load(&credentials, &files, NULL, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(warnings, 2); /* the authority's is of a day, too */
    ck_assert_msg(strstr(warning, dates[_i].word), "%s", warning);
    ck_assert_ptr_nonnull(strstr(warning, certificate));
}
END_TEST

/* The flags that libcurl's hook leaves in a new TLS context. */
static unsigned long flags_of_a_dial(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    ck_assert_int_eq(credentials_on_tls_context(NULL, context, &credentials), CURLE_OK);
    unsigned long flags = X509_VERIFY_PARAM_get_flags(SSL_CTX_get0_param(context));
    SSL_CTX_free(context);
    return flags & X509_V_FLAG_NO_CHECK_TIME;
}

START_TEST(dates_count_unless_the_clock_is_known_to_be_bad)
{
    static const struct {
        enum clock_quality quality;
        int64_t after_build_ms;
        bool bad;
    } clocks[] = {{CLOCK_QUALITY_UNKNOWN, -1, true},   {CLOCK_QUALITY_UNKNOWN, 0, false},
                  {CLOCK_QUALITY_SYNCED, -1, false},   {CLOCK_QUALITY_HOLDOVER, -1, false},
                  {CLOCK_QUALITY_SYNCED, 1000, false}, {CLOCK_QUALITY_HOLDOVER, 1000, false}};
    struct err e;
    ck_assert_msg(credentials_load(&credentials, &files, NULL, &e) == 0, "%s", e.text);
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        quality = clocks[i].quality;
        wall_ms = clock_build_ms() + clocks[i].after_build_ms;
        ck_assert_msg((flags_of_a_dial() != 0) == clocks[i].bad, "clock %zu", i);
    }
}
END_TEST

START_TEST(a_bad_clock_is_said_once_and_then_no_date_is)
{
    struct err e;
    quality = CLOCK_QUALITY_UNKNOWN;
    wall_ms = clock_build_ms() - 1;
    use("ca.pem", "expired.pem", "expired.key");
    ck_assert_msg(credentials_load(&credentials, &files, NULL, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(warnings, 0);
    ck_assert_uint_ne(flags_of_a_dial(), 0);
    ck_assert_uint_ne(flags_of_a_dial(), 0);
    ck_assert_uint_eq(warnings, 1);
    ck_assert_ptr_nonnull(strstr(warning, "set the clock"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("https_credentials");
    TCase *tc = tcase_create("credentials");
    mock_pki_make();
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, the_bytes_of_the_three_files_are_kept);
    tcase_add_loop_test(tc, a_file_that_is_missing_is_named, 0, 3);
    tcase_add_loop_test(tc, what_can_never_work_is_refused, 0, (int)(sizeof wrong / sizeof *wrong));
    tcase_add_loop_test(tc, what_can_never_work_is_told_by_its_option, 0,
                        (int)(sizeof wrong / sizeof *wrong));
    tcase_add_test(tc, all_three_files_are_tried);
    tcase_add_test(tc, dates_of_one_file_are_said_once);
    tcase_add_test(tc, a_key_that_others_may_read_is_refused);
    tcase_add_loop_test(tc, dates_are_only_said, 0, 2);
    tcase_add_test(tc, dates_count_unless_the_clock_is_known_to_be_bad);
    tcase_add_test(tc, a_bad_clock_is_said_once_and_then_no_date_is);
    suite_add_tcase(suite, tc);
    int result = run_suite(suite);
    mock_pki_remove();
    return result;
}
