/* SPDX-License-Identifier: Apache-2.0 */
#include "mock_pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Before there is a test that could fail. */
static void must(bool good)
{
    if (!good)
        abort();
}

static char folder[64];

const char *mock_pki_folder(void)
{
    return folder;
}

char *mock_pki_path(const char *name)
{
    char *path;
    must(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

static FILE *create(const char *name, const char *ending)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    FILE *file = fopen(path, "we");
    must(file != NULL);
    must(fchmod(fileno(file), 0600) == 0);
    return file;
}

static EVP_PKEY *make_key(const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = create(name, ".key");
    must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(file);
    return key;
}

static void make_public(const char *name)
{
    EVP_PKEY *key = make_key(name);
    FILE *file = create(name, ".pub.pem");
    must(PEM_write_PUBKEY(file, key) == 1);
    fclose(file);
    EVP_PKEY_free(key);
}

static void extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    must(extension != NULL);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

struct maker {
    X509 *authority; /* NULL: makes itself */
    EVP_PKEY *key;   /* the authority's */
};

static X509 *make_certificate(const struct maker *by, EVP_PKEY *key, const char *name,
                              const char *hosts, long from_s, long to_s)
{
    static long serial = 1;
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), from_s);
    X509_gmtime_adj(X509_getm_notAfter(x), to_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(by->authority ? by->authority : x));
    X509_set_pubkey(x, key);
    extend(x, NID_basic_constraints, by->authority ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (hosts)
        extend(x, NID_subject_alt_name, hosts);
    must(X509_sign(x, by->authority ? by->key : key, EVP_sha256()) > 0);
    FILE *file = create(name, ".pem");
    must(PEM_write_X509(file, x) == 1);
    fclose(file);
    return x;
}

static struct maker make_authority(const char *name)
{
    struct maker self = {NULL, NULL};
    EVP_PKEY *key = make_key(name);
    return (struct maker){make_certificate(&self, key, name, NULL, -3600, 86400), key};
}

static void make_pair(const struct maker *by, const char *name, const char *hosts, long to_s)
{
    EVP_PKEY *key = make_key(name);
    X509_free(make_certificate(by, key, name, hosts, -7200, to_s));
    EVP_PKEY_free(key);
}

void mock_pki_make(void)
{
    static const char here[] = "DNS:localhost,IP:127.0.0.1";
    strcpy(folder, "/tmp/tocsin-mock-XXXXXX");
    must(mkdtemp(folder) != NULL);
    struct maker ca = make_authority("ca"), stranger = make_authority("stranger-ca");
    make_pair(&ca, "server", here, 86400);
    make_pair(&ca, "gateway", NULL, 86400);
    make_pair(&ca, "expired", here, -3600);
    make_pair(&ca, "elsewhere", "DNS:elsewhere.example", 86400);
    make_pair(&stranger, "stranger", here, 86400);
    make_public("receipt");
    make_public("other");
    EVP_PKEY_free(make_key("signing"));
    X509_free(ca.authority);
    EVP_PKEY_free(ca.key);
    X509_free(stranger.authority);
    EVP_PKEY_free(stranger.key);
}

void mock_pki_remove(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    must(system(command) == 0);
}
