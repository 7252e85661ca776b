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

static const struct program_switch switches[] = {
    {"algorithm", PROGRAM_LONG, true}, {"force", PROGRAM_LONG + 1, false}, {0}};
static const struct program program = {.name = "tocsin keygen", .help = help, .switches = switches};

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

static int keygen(const char *algorithm, const char *path)
{
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

int run_keygen(int argc, char **argv)
{
    const char *algorithm = "p256";
    bool force = false;
    for (int letter; (letter = program_option(&program, argc, argv)) != PROGRAM_END;) {
        switch (letter) {
        case PROGRAM_LONG:
            algorithm = optarg;
            break;
        case PROGRAM_LONG + 1:
            force = true;
            break;
        default:
            return program_status(letter);
        }
    }
    if (strcmp(algorithm, "p256") != 0 && strcmp(algorithm, "ed25519") != 0)
        return program_usage(&program, "--algorithm %s: neither p256 nor ed25519", algorithm);
    if (optind == argc)
        return program_usage(&program, "no FILE");
    if (program_operands(&program, argc, argv, 1) != 0)
        return EXIT_USAGE;
    const char *path = argv[optind];
    if (!force && access(path, F_OK) == 0) {
        fprintf(stderr,
                "tocsin: %s exists; a key that receivers know must not be lost "
                "(--force writes over it)\n",
                path);
        return EXIT_FAILURE;
    }
    return keygen(algorithm, path);
}
