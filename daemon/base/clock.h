/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time. Durations and order come from CLOCK_MONOTONIC alone; wall time is only a stamp, and a
 * stamp says how far it can be trusted. Any thread may call these.
 */
#ifndef TOCSIN_BASE_CLOCK_H
#define TOCSIN_BASE_CLOCK_H

#include <stdint.h>

#include "base/err.h"

#define CLOCK_TEXT_SIZE    25 /* "2026-11-23T08:15:30.123Z" and its NUL */
#define CLOCK_BOOT_ID_SIZE 37

enum clock_quality {
    CLOCK_QUALITY_SYNCED,   /* the kernel's clock is disciplined now */
    CLOCK_QUALITY_HOLDOVER, /* it was disciplined since boot, and has lost its source */
    CLOCK_QUALITY_UNKNOWN,  /* never since boot: the time may be years off */
};

/* A moment on both clocks, with the interval in which the true wall time lies. */
struct clock_stamp {
    int64_t monotonic_ns;
    int64_t wall_ms; /* ms since 1970 UTC, best estimate */
    int64_t earliest_ms;
    int64_t latest_ms;
    enum clock_quality quality;
};

int64_t clock_monotonic_ns(void);
int64_t clock_monotonic_ms(void);
int64_t clock_wall_ms(void);

/*
 * The stamp of something that happened at `monotonic_ns` (a kernel's edge stamp): the wall time is
 * carried back by the distance to now. Quality is the kernel's own (adjtimex): with its estimated
 * maximum error while it is synchronised; in holdover the interval grows by 500 ppm of the time
 * since the last synchronised reading; unknown spans from `floor_ms` (the newest time that is known
 * to be past: the build, or the newest stored event) to the year 9999.
 */
struct clock_stamp clock_stamp_at(int64_t monotonic_ns, int64_t floor_ms);

/* When this program was built (ms since 1970 UTC): no true time lies before it. */
int64_t clock_build_ms(void);

/* "synced", "holdover", "unknown": the words of the wire. */
const char *clock_quality_name(enum clock_quality quality);

/* RFC 3339, UTC, milliseconds. */
void clock_format_utc(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE]);

/* Reads such a text (fraction of 1-9 digits optional, offset Z or ±hh:mm); -EINVAL if it is none.
 */
int clock_parse_rfc3339(const char *text, int64_t *ret_wall_ms);

/* The kernel's boot id, which says what CLOCK_MONOTONIC counts from. */
int clock_boot_id(char ret_id[CLOCK_BOOT_ID_SIZE], struct err *e);

#endif
