/* SPDX-License-Identifier: Apache-2.0 */
/* Signs with a private key in a PEM file (PKCS#8): ECDSA P-256 or Ed25519. */
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic_file.h"
#include "drivers/signer/signers.h"
#include "wire/keys.h"

struct pem_options {
    char *key_file;
};

struct pem_signer {
    struct signer signer;
    EVP_PKEY *pkey;
    EVP_MD_CTX *context; /* initialised once; each signature works on a copy in `scratch` */
    EVP_MD_CTX *scratch;
    bool edwards;
};

static const struct option option_table[] = {
    {.key = "key_file",
     .type = OPTION_PATH,
     .offset = offsetof(struct pem_options, key_file),
     .file = OPTION_FILE_PRIVATE,
     .required = 1,
     .help = "Private key, PEM (PKCS#8), made by tocsin keygen; mode 0600 or 0640."},
    OPTION_TABLE_END,
};

static void close_signer(struct signer *signer)
{
    struct pem_signer *p = (struct pem_signer *)signer;
    if (!p)
        return;
    EVP_MD_CTX_free(p->context);
    EVP_MD_CTX_free(p->scratch);
    EVP_PKEY_free(p->pkey);
    free(p);
}

static int read_key(const char *path, EVP_PKEY **ret_pkey, struct err *e)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_system(e, errno, "%s", path);
    if (st.st_mode & S_IRWXO)
        return err_set(e, EPERM, "%s: others may read this private key; chmod 0640 it", path);
    char *text;
    size_t length;
    int result = atomic_file_read(path, 65536, &text, &length, e);
    if (result != 0)
        return result;
    BIO *bio = BIO_new_mem_buf(text, (int)length);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
    BIO_free(bio);
    explicit_bzero(text, length);
    free(text);
    if (!pkey)
        return err_set(e, EINVAL,
                       "%s: holds no unencrypted private key (PEM); make one with "
                       "tocsin keygen",
                       path);
    *ret_pkey = pkey;
    return 0;
}

static int open_signer(const void *options, struct signer **ret_signer, struct err *e)
{
    const struct pem_options *o = options;
    struct pem_signer *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(e, ENOMEM, "signer: out of memory");
    p->signer.driver = &signer_pem;
    int result = read_key(o->key_file, &p->pkey, e);
    if (result != 0)
        goto fail;
    p->signer.algorithm = keys_algorithm(p->pkey);
    if (!p->signer.algorithm || keys_keyid(p->pkey, p->signer.keyid) != 0) {
        result =
            err_set(e, EINVAL, "%s: is neither an ECDSA P-256 nor an Ed25519 key", o->key_file);
        goto fail;
    }
    p->edwards = strcmp(p->signer.algorithm, "ed25519") == 0;
    p->context = EVP_MD_CTX_new();
    p->scratch = EVP_MD_CTX_new();
    if (!p->context || !p->scratch ||
        EVP_DigestSignInit(p->context, NULL, p->edwards ? NULL : EVP_sha256(), NULL, p->pkey) !=
            1) {
        result = err_set(e, EIO, "%s: libcrypto cannot sign with this key", o->key_file);
        goto fail;
    }
    *ret_signer = &p->signer;
    return 0;

fail:
    close_signer(&p->signer);
    return result;
}

/* libcrypto gives ECDSA in DER; the wire carries r||s, 32 bytes each. */
static int to_raw(const unsigned char *der, size_t length, unsigned char *ret_raw)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)length);
    if (!sig)
        return -EIO;
    int good = BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret_raw, 32) == 32 &&
               BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret_raw + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    return good ? 0 : -EIO;
}

static int sign(struct signer *signer, const void *text, size_t length,
                unsigned char ret_signature[SIGNER_SIGNATURE_MAX], size_t *ret_length,
                struct err *e)
{
    struct pem_signer *p = (struct pem_signer *)signer;
    unsigned char made[SIGNER_SIGNATURE_MAX];
    size_t made_length = sizeof made;
    if (EVP_MD_CTX_copy_ex(p->scratch, p->context) != 1 ||
        EVP_DigestSign(p->scratch, made, &made_length, text, length) != 1)
        return err_set(e, EIO, "signing failed in libcrypto");
    if (p->edwards)
        memcpy(ret_signature, made, KEYS_SIGNATURE_BYTES);
    else if (to_raw(made, made_length, ret_signature) != 0)
        return err_set(e, EIO, "libcrypto made a signature that cannot be read");
    *ret_length = KEYS_SIGNATURE_BYTES;
    return 0;
}

const struct signer_driver signer_pem = {
    .type = {.name = "pem",
             .help = "private key in a file",
             .options = option_table,
             .options_size = sizeof(struct pem_options)},
    .open = open_signer,
    .sign = sign,
    .close = close_signer,
};
