/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that links this file has a wall clock that can be set wrong, for itself and for the
 * libraries it uses (libcrypto's check of dates among them): it stands before libc's own
 * clock_gettime, time and adjtimex. CLOCK_MONOTONIC stays true.
 */
#ifndef TOCSIN_TESTS_FALSE_CLOCK_H
#define TOCSIN_TESTS_FALSE_CLOCK_H

/* From now on it is `wall_s` (seconds since 1970), and the kernel says it was never synchronised.
 */
void false_clock_set(long long wall_s);

#endif
