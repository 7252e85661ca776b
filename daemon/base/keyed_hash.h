/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a hash by which texts are compared that must not be
 * kept, as a secret of another program. Without the key it says nothing of its text: guesses cannot
 * be tried. Any thread may call.
 */
#ifndef TOCSIN_BASE_KEYED_HASH_H
#define TOCSIN_BASE_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

#define KEYED_HASH_KEY_BYTES 16

uint64_t keyed_hash(const unsigned char key[KEYED_HASH_KEY_BYTES], const void *data, size_t length);

/* This process's own key, which the kernel made for it at its exec (AT_RANDOM): the same for as
 * long as it runs. */
const unsigned char *keyed_hash_process_key(void);

#endif
