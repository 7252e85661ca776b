/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"

int64_t backoff_delay_ms(unsigned failures, int64_t base_ms, int64_t cap_ms, uint32_t random)
{
    int64_t limit = base_ms;
    for (unsigned i = 1; i < failures && limit < cap_ms; i++)
        limit *= 2;
    if (limit > cap_ms)
        limit = cap_ms;
    return (int64_t)(((uint64_t)limit + 1) * random >> 32);
}
