/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/credentials.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "iface/limits.h"

#define WARN_DAYS      30
#define FILE_MAX_BYTES LIMIT_CREDENTIAL_BYTES
#define AUTHORITY      "the authority that signs the receiver"
#define CERTIFICATE    "this gateway's certificate"

static bool clock_is_bad(void)
{
    struct clock_stamp now = clock_stamp_at(clock_monotonic_ns(), 0);
    return now.quality == CLOCK_QUALITY_UNKNOWN && clock_wall_ms() < clock_build_ms();
}

CURLcode credentials_on_tls_context(CURL *easy, void *context, void *credentials)
{
    (void)easy;
    struct credentials *c = credentials;
    if (!clock_is_bad())
        return CURLE_OK;
    if (!c->told_bad_clock)
        log_warning("uplink",
                    "%s: the clock stands before the day this program was built and was never "
                    "synchronised: certificates are accepted whatever their dates; set the clock",
                    c->files.receiver);
    c->told_bad_clock = true;
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_NO_CHECK_TIME);
    return CURLE_OK;
}

/* The first certificate in the text. */
static int read_certificate(const char *path, const struct curl_blob *text, const char *what,
                            X509 **ret_certificate, struct err *e)
{
    BIO *bio = BIO_new_mem_buf(text->data, (int)text->len);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (!certificate)
        return err_set(e, EINVAL, "%s: holds no certificate (PEM); give the file of %s", path,
                       what);
    *ret_certificate = certificate;
    return 0;
}

static int read_key(const char *path, const struct curl_blob *text, EVP_PKEY **ret_key,
                    struct err *e)
{
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & S_IRWXO))
        return err_set(e, EPERM, "%s: others may read this private key; chmod 0640 it", path);
    /* The empty pass phrase: libcrypto would otherwise ask for one at the terminal. */
    BIO *bio = BIO_new_mem_buf(text->data, (int)text->len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (!key)
        return err_set(e, EINVAL, "%s: holds no unencrypted private key (PEM)", path);
    *ret_key = key;
    return 0;
}

static void format_date(const ASN1_TIME *time, char *text, size_t size)
{
    struct tm tm = {0};
    ASN1_TIME_to_tm(time, &tm);
    snprintf(text, size, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* Only said, not refused: whether the dates matter is for the receiver to say, and an alarm must
 * be tried. With a bad clock no date means anything. */
static void warn_of_dates(const struct credentials *c, const char *path, const X509 *certificate)
{
    char date[32];
    const ASN1_TIME *begin = X509_get0_notBefore(certificate);
    const ASN1_TIME *end = X509_get0_notAfter(certificate);
    time_t soon = time(NULL) + WARN_DAYS * 24 * 3600;
    if (clock_is_bad())
        return;
    if (X509_cmp_current_time(begin) > 0) {
        format_date(begin, date, sizeof date);
        log_warning("uplink", "%s: %s: the certificate is not valid before %s; check the clock",
                    c->files.receiver, path, date);
    } else if (X509_cmp_current_time(end) < 0) {
        format_date(end, date, sizeof date);
        log_warning("uplink", "%s: %s: the certificate expired on %s; replace the file",
                    c->files.receiver, path, date);
    } else if (X509_cmp_time(end, &soon) < 0) {
        format_date(end, date, sizeof date);
        log_warning("uplink", "%s: %s: the certificate expires on %s; get a new one in time",
                    c->files.receiver, path, date);
    }
}

static int read_file(const char *path, struct reading *reading, struct curl_blob *ret_text,
                     struct err *e)
{
    char *data;
    size_t length;
    reading_file(reading, path);
    int result = atomic_file_read(path, FILE_MAX_BYTES, &data, &length, e);
    if (result == 0)
        *ret_text = (struct curl_blob){.data = data, .len = length, .flags = CURL_BLOB_NOCOPY};
    return result;
}

static int check_pair(const struct credential_files *o, X509 *certificate, EVP_PKEY *key,
                      struct err *e)
{
    if (X509_check_private_key(certificate, key) == 1)
        return 0;
    ERR_clear_error();
    return err_set(e, EINVAL,
                   "%s is not the private key of the certificate %s; "
                   "give the two files that were made together",
                   o->key_file, o->cert_file);
}

static int check(const struct credentials *c, struct err *e)
{
    const struct credential_files *o = &c->files;
    X509 *authority = NULL, *certificate = NULL;
    EVP_PKEY *key = NULL;
    int result = read_certificate(o->ca_file, &c->ca, AUTHORITY, &authority, e);
    if (result == 0)
        result = read_certificate(o->cert_file, &c->certificate, CERTIFICATE, &certificate, e);
    if (result == 0)
        result = read_key(o->key_file, &c->key, &key, e);
    if (result == 0)
        result = check_pair(o, certificate, key, e);
    if (result == 0) {
        warn_of_dates(c, o->ca_file, authority);
        if (strcmp(o->ca_file, o->cert_file) != 0)
            warn_of_dates(c, o->cert_file, certificate);
    }
    X509_free(authority);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return result;
}

int credentials_load(struct credentials *c, const struct credential_files *files,
                     struct reading *reading, struct err *e)
{
    *c = (struct credentials){.files = *files};
    int result = read_file(files->ca_file, reading, &c->ca, e);
    if (result == 0)
        result = read_file(files->cert_file, reading, &c->certificate, e);
    if (result == 0)
        result = read_file(files->key_file, reading, &c->key, e);
    return result == 0 ? check(c, e) : result;
}

/* A path may be NULL: it could not be read itself. */
static X509 *try_certificate(const char *key, const char *path, const char *what,
                             struct driver_mistakes *ret_mistakes)
{
    struct curl_blob text = {0};
    X509 *certificate = NULL;
    struct err e;
    if (path && (read_file(path, NULL, &text, &e) != 0 ||
                 read_certificate(path, &text, what, &certificate, &e) != 0))
        *driver_mistake(ret_mistakes, key, 0, NULL) = e;
    free(text.data);
    return certificate;
}

void credentials_try(const struct credential_files *o, struct driver_mistakes *ret_mistakes)
{
    struct credentials c = {.files = *o};
    EVP_PKEY *key = NULL;
    struct err e;
    X509 *authority = try_certificate("ca_file", o->ca_file, AUTHORITY, ret_mistakes);
    X509 *certificate = try_certificate("cert_file", o->cert_file, CERTIFICATE, ret_mistakes);
    if (o->key_file && (read_file(o->key_file, NULL, &c.key, &e) != 0 ||
                        read_key(o->key_file, &c.key, &key, &e) != 0))
        *driver_mistake(ret_mistakes, "key_file", 0, NULL) = e;
    if (certificate && key && check_pair(o, certificate, key, &e) != 0)
        *driver_mistake(ret_mistakes, "key_file", 0, NULL) = e;
    X509_free(authority);
    X509_free(certificate);
    EVP_PKEY_free(key);
    credentials_finish(&c);
}

static bool blobs_are_same(const struct curl_blob *a, const struct curl_blob *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

bool credentials_are_same(const struct credentials *a, const struct credentials *b)
{
    return blobs_are_same(&a->ca, &b->ca) && blobs_are_same(&a->certificate, &b->certificate) &&
           blobs_are_same(&a->key, &b->key);
}

void credentials_finish(struct credentials *c)
{
    if (c->key.data)
        explicit_bzero(c->key.data, c->key.len);
    free(c->ca.data);
    free(c->certificate.data);
    free(c->key.data);
    c->ca.data = c->certificate.data = c->key.data = NULL;
}
