/* SPDX-License-Identifier: Apache-2.0 */
/* Percentiles of measured times. */
#ifndef TOCSIN_BENCH_STATS_H
#define TOCSIN_BENCH_STATS_H

#include <stddef.h>
#include <stdint.h>

struct bench_series {
    size_t count;
    int64_t *ns;
};

void bench_add(struct bench_series *s, int64_t ns);
/* The p-th percentile (0 to 100) in microseconds. Sorts the series. */
double bench_percentile_us(struct bench_series *s, double p);

/* {"bench":"press","case":…,"n":…,"p50_us":…,"p99_us":…[,"floor_p50_us":…,"ratio_p50":…]} */
void bench_print(const char *name, struct bench_series *measured,
                 struct bench_series *floor_series);

#endif
