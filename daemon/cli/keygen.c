/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin keygen: a new signing key, and what the receivers must know of it. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "cli/commands.h"
#include "wire/keys.h"

static const char help[] =
    "usage: tocsin keygen [--algorithm p256|ed25519] [--force] FILE\n"
    "\n"
    "Makes a private signing key in FILE (mode 0600) and prints its key id and public key, which\n"
    "every receiver must be given. An existing file is kept unless --force is said.\n";

static EVP_PKEY *make_key(const char *algorithm)
{
    return strcmp(algorithm, "ed25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                             : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

static int write_key(EVP_PKEY *pkey, const char *path, struct err *e)
{
    char *text;
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1) {
        BIO_free(bio);
        return err_set(e, EIO, "the key could not be encoded");
    }
    long length = BIO_get_mem_data(bio, &text);
    int result = atomic_file_write(path, 0600, text, (size_t)length, e);
    explicit_bzero(text, (size_t)length);
    BIO_free(bio);
    return result;
}

int run_keygen(int argc, char **argv)
{
    const char *algorithm = "p256", *path = NULL;
    bool force = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return cli_help(help);
        if (strcmp(argv[i], "--force") == 0)
            force = true;
        else if (strcmp(argv[i], "--algorithm") == 0 && i + 1 < argc)
            algorithm = argv[++i];
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            return cli_usage("keygen", argv[i]);
    }
    if (!path || (strcmp(algorithm, "p256") != 0 && strcmp(algorithm, "ed25519") != 0))
        return cli_usage("keygen", path ? algorithm : "no FILE");
    if (!force && access(path, F_OK) == 0) {
        fprintf(stderr,
                "tocsin: %s exists; a key that receivers know must not be lost "
                "(--force writes over it)\n",
                path);
        return EXIT_FAILURE;
    }
    struct err e;
    char keyid[KEYS_KEYID_SIZE];
    EVP_PKEY *pkey = make_key(algorithm);
    int result = pkey ? keys_keyid(pkey, keyid) : -EIO;
    if (result != 0)
        err_set(&e, EIO, "libcrypto made no key");
    else
        result = write_key(pkey, path, &e);
    if (result == 0) {
        printf("keyid %s\n", keyid);
        if (PEM_write_PUBKEY(stdout, pkey) != 1 || fflush(stdout) != 0)
            result = err_set(&e, EIO,
                             "%s is made, but its public key could not be printed; "
                             "openssl pkey -in %s -pubout prints it",
                             path, path);
    }
    if (result != 0)
        fprintf(stderr, "tocsin: %s\n", e.text);
    EVP_PKEY_free(pkey);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
