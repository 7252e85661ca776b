/* SPDX-License-Identifier: Apache-2.0 */
/* What is drawn by lot, the same again from the same seed (splitmix64). */
#ifndef TOCSIN_TESTS_CHANCE_H
#define TOCSIN_TESTS_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t chance_draw(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 … n-1 */
static inline unsigned chance_below(uint64_t *seed, unsigned n)
{
    return (unsigned)(chance_draw(seed) % n);
}

static inline bool chance_one_in(uint64_t *seed, unsigned n)
{
    return chance_below(seed, n) == 0;
}

#endif
