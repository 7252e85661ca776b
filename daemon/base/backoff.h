/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long to wait before the next try: full jitter, random(0, min(cap, base * 2^n)), so that a
 * thousand schools do not come back in the same second. Never gives up. Pure but for the random
 * number, which the caller hands in; any thread may call.
 */
#ifndef TOCSIN_BASE_BACKOFF_H
#define TOCSIN_BASE_BACKOFF_H

#include <stdint.h>

/* `failures` counts from 1. `random` is any 32 random bits. The result is in [0, cap_ms]. */
int64_t backoff_delay_ms(unsigned failures, int64_t base_ms, int64_t cap_ms, uint32_t random);

#endif
