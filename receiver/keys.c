/* SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

#include <dirent.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool describe(EVP_PKEY *pkey, struct key *ret_key)
{
    char group[32] = "";
    unsigned char *der = NULL, digest[DIGEST_BYTES];
    if (EVP_PKEY_is_a(pkey, "ED25519"))
        ret_key->algorithm = "ed25519";
    else if (EVP_PKEY_is_a(pkey, "EC") &&
             EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) &&
             strcmp(group, "prime256v1") == 0)
        ret_key->algorithm = "ecdsa-p256-sha256";
    else
        return false;
    int length = i2d_PUBKEY(pkey, &der);
    bool good =
        length > 0 && EVP_Digest(der, (size_t)length, digest, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    if (!good)
        return false;
    for (int i = 0; i < 8; i++)
        snprintf(ret_key->keyid + 2 * i, 3, "%02x", digest[i]);
    ret_key->pkey = pkey;
    return true;
}

static bool read_public(const char *path, struct key *ret_key)
{
    FILE *f = fopen(path, "r");
    EVP_PKEY *pkey = f ? PEM_read_PUBKEY(f, NULL, NULL, NULL) : NULL;
    if (f)
        fclose(f);
    if (pkey && describe(pkey, ret_key))
        return true;
    EVP_PKEY_free(pkey);
    fprintf(stderr, "%s: is no public key of ECDSA P-256 or Ed25519\n", path);
    return false;
}

static void read_gateway(const char *file_name, struct key *ret_key)
{
    ret_key->gateway[0] = '\0';
    if (strspn(file_name, "0123456789") == GATEWAY_ID_DIGITS &&
        (file_name[GATEWAY_ID_DIGITS] == '.' || file_name[GATEWAY_ID_DIGITS] == '-'))
        snprintf(ret_key->gateway, sizeof ret_key->gateway, "%.*s", GATEWAY_ID_DIGITS, file_name);
}

bool keys_read_folder(const char *folder, struct key_list *ret_list)
{
    DIR *dir = opendir(folder);
    if (!dir) {
        perror(folder);
        return false;
    }
    for (struct dirent *d; (d = readdir(dir));) {
        char path[4096];
        struct key key;
        size_t length = strlen(d->d_name);
        if (length < 5 || strcmp(d->d_name + length - 4, ".pem") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
        if (!read_public(path, &key))
            continue;
        read_gateway(d->d_name, &key);
        struct key *grown = reallocarray(ret_list->keys, ret_list->count + 1, sizeof *grown);
        if (!grown)
            abort();
        ret_list->keys = grown;
        ret_list->keys[ret_list->count++] = key;
    }
    closedir(dir);
    if (ret_list->count == 0)
        fprintf(stderr, "%s: holds no gateway's public key (*.pem)\n", folder);
    return ret_list->count > 0;
}

bool keys_read_private(const char *path, struct key *ret_key)
{
    FILE *f = fopen(path, "r");
    EVP_PKEY *pkey = f ? PEM_read_PrivateKey(f, NULL, NULL, (void *)"") : NULL;
    if (f)
        fclose(f);
    ret_key->gateway[0] = '\0';
    if (pkey && describe(pkey, ret_key))
        return true;
    EVP_PKEY_free(pkey);
    fprintf(stderr, "%s: is no private key of ECDSA P-256 or Ed25519\n", path);
    return false;
}

bool keys_may_speak(const struct key *key, const char *source)
{
    return !key->gateway[0] ||
           (strncmp(source, "tocsin:", 7) == 0 && strcmp(source + 7, key->gateway) == 0);
}

const struct key *keys_find(const struct key_list *list, const char *keyid)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->keys[i].keyid, keyid) == 0)
            return &list->keys[i];
    }
    return NULL;
}

bool keys_verify(const struct key *key, const char *text, size_t length,
                 const unsigned char signature[SIGNATURE_BYTES])
{
    bool edwards = key->algorithm[0] == 'e' && key->algorithm[1] == 'd';
    unsigned char *der = NULL;
    const unsigned char *bytes = signature;
    size_t bytes_length = SIGNATURE_BYTES;
    if (!edwards) {
        ECDSA_SIG *sig = ECDSA_SIG_new();
        ECDSA_SIG_set0(sig, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL));
        int made = i2d_ECDSA_SIG(sig, &der);
        ECDSA_SIG_free(sig);
        if (made <= 0)
            return false;
        bytes = der;
        bytes_length = (size_t)made;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context &&
        EVP_DigestVerifyInit(context, NULL, edwards ? NULL : EVP_sha256(), NULL, key->pkey) == 1 &&
        EVP_DigestVerify(context, bytes, bytes_length, (const unsigned char *)text, length) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    return good;
}

bool keys_sign(const struct key *key, const char *text, size_t length,
               unsigned char ret_signature[SIGNATURE_BYTES])
{
    bool edwards = strcmp(key->algorithm, "ed25519") == 0;
    unsigned char made[128];
    size_t made_length = sizeof made;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context &&
        EVP_DigestSignInit(context, NULL, edwards ? NULL : EVP_sha256(), NULL, key->pkey) == 1 &&
        EVP_DigestSign(context, made, &made_length, (const unsigned char *)text, length) == 1;
    EVP_MD_CTX_free(context);
    if (!good)
        return false;
    if (edwards) {
        memcpy(ret_signature, made, SIGNATURE_BYTES);
        return true;
    }
    const unsigned char *at = made;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)made_length);
    good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret_signature, 32) == 32 &&
           BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret_signature + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    return good;
}

void keys_clear(struct key *key)
{
    EVP_PKEY_free(key->pkey);
    *key = (struct key){0};
}

void keys_free(struct key_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        keys_clear(&list->keys[i]);
    free(list->keys);
    *list = (struct key_list){0};
}
