/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys of gateways, and this receiver's own key. Read-only after start; any thread. */
#ifndef RECEIVER_KEYS_H
#define RECEIVER_KEYS_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "signature.h"

#define GATEWAY_ID_DIGITS 20

struct key {
    char gateway[GATEWAY_ID_DIGITS + 1]; /* the only one it may speak for; "" for any */
    EVP_PKEY *pkey;
    char keyid[17];
    const char *algorithm;
};

struct key_list {
    size_t count;
    struct key *keys;
};

/* Every *.pem of the folder; prints what it cannot read. False if none could. A file named after a
 * gateway, <20 digits>.pem or <20 digits>-anything.pem, holds a key of that gateway alone. */
bool keys_read_folder(const char *folder, struct key_list *ret_list);
bool keys_read_private(const char *path, struct key *ret_key);
bool keys_may_speak(const struct key *key, const char *source);
const struct key *keys_find(const struct key_list *list, const char *keyid);
bool keys_verify(const struct key *key, const char *text, size_t length,
                 const unsigned char signature[SIGNATURE_BYTES]);
bool keys_sign(const struct key *key, const char *text, size_t length,
               unsigned char ret_signature[SIGNATURE_BYTES]);
void keys_free(struct key_list *list);
void keys_clear(struct key *key);

#endif
