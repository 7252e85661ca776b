/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/keys.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic_file.h"
#include "base/encode.h"
#include "wire/digest.h"

const char *keys_algorithm(EVP_PKEY *pkey)
{
    if (EVP_PKEY_is_a(pkey, "ED25519"))
        return "ed25519";
    char group[32];
    if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) &&
        strcmp(group, "prime256v1") == 0)
        return "ecdsa-p256-sha256";
    return NULL;
}

int keys_keyid(EVP_PKEY *pkey, char ret_keyid[KEYS_KEYID_SIZE])
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(pkey, &der);
    if (length <= 0)
        return -EINVAL;
    unsigned char digest[DIGEST_BYTES];
    digest_sha256(der, (size_t)length, digest);
    OPENSSL_free(der);
    encode_hex(digest, 8, ret_keyid);
    return 0;
}

int keys_add_file(struct key_ring *ring, const char *path, struct err *e)
{
    char *text;
    size_t length;
    int result = atomic_file_read(path, 65536, &text, &length, e);
    if (result != 0)
        return result;
    BIO *bio = BIO_new_mem_buf(text, (int)length);
    /* With an empty password, or libcrypto would ask the terminal for one if the file says so. */
    EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, (void *)"") : NULL;
    BIO_free(bio);
    free(text);
    if (!pkey)
        return err_set(e, EINVAL, "%s: holds no public key (PEM, \"BEGIN PUBLIC KEY\")", path);
    struct key key = {.pkey = pkey, .algorithm = keys_algorithm(pkey)};
    if (!key.algorithm || keys_keyid(pkey, key.keyid) != 0) {
        EVP_PKEY_free(pkey);
        return err_set(e, EINVAL, "%s: is neither an ECDSA P-256 nor an Ed25519 key", path);
    }
    struct key *grown = reallocarray(ring->keys, ring->count + 1, sizeof *grown);
    if (!grown) {
        EVP_PKEY_free(pkey);
        return err_set(e, ENOMEM, "%s: out of memory", path);
    }
    ring->keys = grown;
    ring->keys[ring->count++] = key;
    return 0;
}

const struct key *keys_find(const struct key_ring *ring, const char *keyid)
{
    for (size_t i = 0; i < ring->count; i++) {
        if (strcmp(ring->keys[i].keyid, keyid) == 0)
            return &ring->keys[i];
    }
    return NULL;
}

/* libcrypto takes ECDSA signatures in DER only; the wire carries r||s. Caller frees with
 * OPENSSL_free. */
static int to_der(const unsigned char *raw, unsigned char **ret_der)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, 32, NULL), *s = BN_bin2bn(raw + 32, 32, NULL);
    if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return -1;
    }
    int length = i2d_ECDSA_SIG(sig, ret_der);
    ECDSA_SIG_free(sig);
    return length;
}

bool keys_verify(const struct key *key, const void *text, size_t length,
                 const unsigned char signature[KEYS_SIGNATURE_BYTES])
{
    bool edwards = strcmp(key->algorithm, "ed25519") == 0;
    unsigned char *der = NULL;
    int der_length = edwards ? 0 : to_der(signature, &der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context && der_length >= 0 &&
        EVP_DigestVerifyInit(context, NULL, edwards ? NULL : EVP_sha256(), NULL, key->pkey) == 1 &&
        EVP_DigestVerify(context, edwards ? signature : der,
                         edwards ? KEYS_SIGNATURE_BYTES : (size_t)der_length, text, length) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    return good;
}

void keys_finish(struct key_ring *ring)
{
    for (size_t i = 0; i < ring->count; i++)
        EVP_PKEY_free(ring->keys[i].pkey);
    free(ring->keys);
    *ring = (struct key_ring){0};
}
