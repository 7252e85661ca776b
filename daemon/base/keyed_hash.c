/* SPDX-License-Identifier: Apache-2.0 */
#include "base/keyed_hash.h"

#include <stdlib.h>
#include <sys/auxv.h>

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static uint64_t read_word(const unsigned char *bytes, size_t length)
{
    uint64_t word = 0;
    for (size_t i = 0; i < length; i++)
        word |= (uint64_t)bytes[i] << 8 * i;
    return word;
}

static void round_once(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static void take_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    round_once(v);
    round_once(v);
    v[0] ^= word;
}

uint64_t keyed_hash(const unsigned char key[KEYED_HASH_KEY_BYTES], const void *data, size_t length)
{
    const unsigned char *bytes = data;
    uint64_t k0 = read_word(key, 8), k1 = read_word(key + 8, 8);
    uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                     k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    size_t whole = length - length % 8;
    for (size_t i = 0; i < whole; i += 8)
        take_word(v, read_word(bytes + i, 8));
    take_word(v, read_word(bytes + whole, length % 8) | (uint64_t)length << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        round_once(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

const unsigned char *keyed_hash_process_key(void)
{
    /* The number is an address by getauxval's own account. */
    const unsigned char *key = (const unsigned char *)getauxval(AT_RANDOM);
    if (!key)
        abort(); /* every Linux since 2.6.29 gives one */
    return key;
}
