/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_stats.h"

#include <stdio.h>
#include <stdlib.h>

void bench_add(struct bench_series *s, int64_t ns)
{
    s->ns = reallocarray(s->ns, s->count + 1, sizeof *s->ns);
    if (!s->ns)
        abort();
    s->ns[s->count++] = ns;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

double bench_percentile_us(struct bench_series *s, double p)
{
    if (s->count == 0)
        return 0;
    qsort(s->ns, s->count, sizeof *s->ns, compare);
    size_t at = (size_t)(p / 100 * (double)(s->count - 1) + 0.5);
    return (double)s->ns[at] / 1000;
}

void bench_print(const char *name, struct bench_series *measured, struct bench_series *floor_series)
{
    double p50 = bench_percentile_us(measured, 50), p99 = bench_percentile_us(measured, 99);
    printf("{\"bench\":\"press\",\"case\":\"%s\",\"n\":%zu,\"p50_us\":%.0f,\"p99_us\":%.0f", name,
           measured->count, p50, p99);
    if (floor_series) {
        double f50 = bench_percentile_us(floor_series, 50);
        double f99 = bench_percentile_us(floor_series, 99);
        printf(",\"floor_p50_us\":%.0f,\"floor_p99_us\":%.0f,\"ratio_p50\":%.2f,\"ratio_p99\":%.2f",
               f50, f99, p50 / f50, p99 / f99);
    }
    printf("}\n");
    fflush(stdout);
}
