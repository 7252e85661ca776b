/* SPDX-License-Identifier: Apache-2.0 */
/* "1 receiver", "2 receivers", "0 receivers". Any thread. */
#ifndef TOCSIN_BASE_PLURAL_H
#define TOCSIN_BASE_PLURAL_H

/* What stands behind a noun of which there are so many. */
static inline const char *plural(long long count)
{
    return count == 1 ? "" : "s";
}

#endif
