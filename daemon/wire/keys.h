/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys of the profile tocsin-v1: ECDSA P-256 and Ed25519, as PEM files.
 *
 * A ring is filled at start and read-only afterwards; one thread at a time may verify with it.
 */
#ifndef TOCSIN_WIRE_KEYS_H
#define TOCSIN_WIRE_KEYS_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define KEYS_KEYID_SIZE      17 /* 16 hex digits of SHA-256 over the DER SubjectPublicKeyInfo */
#define KEYS_SIGNATURE_BYTES 64 /* raw r||s for P-256, or Ed25519's own 64 */

struct key {
    EVP_PKEY *pkey;
    char keyid[KEYS_KEYID_SIZE];
    const char *algorithm; /* "ecdsa-p256-sha256" or "ed25519" */
};

struct key_ring {
    size_t count;
    struct key *keys;
};

/* The `alg` of a key, or NULL if the profile knows none for it. */
const char *keys_algorithm(EVP_PKEY *pkey);

/* Its keyid; -EINVAL if libcrypto cannot encode it. */
int keys_keyid(EVP_PKEY *pkey, char ret_keyid[KEYS_KEYID_SIZE]);

/* Adds the public key in the PEM file `path`. */
int keys_add_file(struct key_ring *ring, const char *path, struct err *e);

/* NULL if the ring holds none with that id. */
const struct key *keys_find(const struct key_ring *ring, const char *keyid);

bool keys_verify(const struct key *key, const void *text, size_t length,
                 const unsigned char signature[KEYS_SIGNATURE_BYTES]);

/* Frees what the ring holds and leaves it empty. */
void keys_finish(struct key_ring *ring);

#endif
