/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer contract: a private key that signs short texts. Opened at the start, or later by a
 * thread that may wait for the disk: `open` touches nothing but its own. Signing takes
 * tens of microseconds and runs in the loop thread (ECDSA P-256 32 µs, Ed25519 42 µs p50 where it
 * was measured; a token that needs longer must not be used on the press path).
 */
#ifndef TOCSIN_IFACE_SIGNER_H
#define TOCSIN_IFACE_SIGNER_H

#include <stddef.h>

#include "base/err.h"
#include "iface/driver.h"

#define SIGNER_SIGNATURE_MAX 128
#define SIGNER_KEYID_SIZE    17 /* first 16 hex digits of SHA-256 over the DER public key */

struct signer {
    const struct signer_driver *driver;
    const char *algorithm; /* "ecdsa-p256-sha256" or "ed25519": the `alg` of the wire */
    char keyid[SIGNER_KEYID_SIZE];
};

struct signer_driver {
    struct driver_type type;
    int (*open)(const void *options, struct signer **ret_signer, struct err *e);
    /* The signature in the form of the wire: raw r||s (64 bytes) for P-256, 64 bytes for Ed25519.
     */
    int (*sign)(struct signer *signer, const void *text, size_t length,
                unsigned char ret_signature[SIGNER_SIGNATURE_MAX], size_t *ret_length,
                struct err *e);
    void (*close)(struct signer *signer);
};

DRIVER_OF(signer)

#endif
