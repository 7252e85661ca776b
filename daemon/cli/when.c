/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/when.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "conf/value.h"

static const char *const dates[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S",
                                    "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};
static const char *const times[] = {"%H:%M", "%H:%M:%S"};

static int read_format(const char *text, const char *format, struct tm tm, int64_t *ret_ms)
{
    const char *end = strptime(text, format, &tm);
    if (!end || *end)
        return -EINVAL;
    int day = tm.tm_mday;
    tm.tm_isdst = -1;
    int64_t seconds = mktime(&tm);
    if (tm.tm_mday != day || seconds < 0) /* there is no 31 February, and no year 26 is meant */
        return -EINVAL;
    *ret_ms = seconds * 1000;
    return 0;
}

static int read_time(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    time_t now = (time_t)(now_ms / 1000);
    struct tm today, midnight = {0};
    int64_t ago_ms;
    if (value_duration(text, &ago_ms) == 0) {
        *ret_ms = now_ms - ago_ms;
        return 0;
    }
    localtime_r(&now, &today);
    midnight.tm_year = today.tm_year;
    midnight.tm_mon = today.tm_mon;
    midnight.tm_mday = today.tm_mday;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        if (read_format(text, dates[i], (struct tm){0}, ret_ms) == 0)
            return 0;
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        if (read_format(text, times[i], midnight, ret_ms) == 0)
            return 0;
    }
    return -EINVAL;
}

int when_read(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    int64_t ms;
    int result = read_time(text, now_ms, &ms);
    if (result == 0 && ms > now_ms)
        result = -ERANGE;
    if (result == 0)
        *ret_ms = ms;
    return result;
}

void when_write(const char *rfc3339, char ret_text[WHEN_TEXT_SIZE])
{
    int64_t ms;
    struct tm tm;
    if (!rfc3339 || clock_parse_rfc3339(rfc3339, &ms) != 0) {
        snprintf(ret_text, WHEN_TEXT_SIZE, "%s", rfc3339 ? rfc3339 : "");
        return;
    }
    time_t seconds = (time_t)(ms / 1000);
    localtime_r(&seconds, &tm);
    long minutes = tm.tm_gmtoff / 60, size = minutes < 0 ? -minutes : minutes;
    size_t used = strftime(ret_text, WHEN_TEXT_SIZE, "%F %T", &tm);
    snprintf(ret_text + used, WHEN_TEXT_SIZE - used, ".%03d %c%02ld:%02ld", (int)(ms % 1000),
             minutes < 0 ? '-' : '+', size / 60, size % 60);
}
