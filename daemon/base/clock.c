/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS       1000000
#define HOLDOVER_PPM    500
#define YEAR_9999_MS    INT64_C(253402300799999)
#define NEVER_SYNCED_NS INT64_MIN

/* When the kernel last said that its clock is disciplined; the holdover interval grows from here.
 */
static _Atomic int64_t last_synced_ns = NEVER_SYNCED_NS;
static _Atomic int64_t last_error_ms;

static int64_t read_clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 * NS_PER_MS + t.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
    return read_clock_ns(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_ms(void)
{
    return clock_monotonic_ns() / NS_PER_MS;
}

int64_t clock_wall_ms(void)
{
    return read_clock_ns(CLOCK_REALTIME) / NS_PER_MS;
}

static enum clock_quality read_quality(int64_t now_ns, int64_t *ret_error_ms)
{
    struct timex state = {.modes = 0};
    int result = adjtimex(&state);
    if (result >= 0 && result != TIME_ERROR && !(state.status & STA_UNSYNC)) {
        int64_t error_ms = state.maxerror / 1000 + 1;
        atomic_store(&last_synced_ns, now_ns);
        atomic_store(&last_error_ms, error_ms);
        *ret_error_ms = error_ms;
        return CLOCK_QUALITY_SYNCED;
    }
    int64_t synced_ns = atomic_load(&last_synced_ns);
    if (synced_ns == NEVER_SYNCED_NS)
        return CLOCK_QUALITY_UNKNOWN;
    int64_t drift_ms = (now_ns - synced_ns) / NS_PER_MS * HOLDOVER_PPM / 1000000;
    *ret_error_ms = atomic_load(&last_error_ms) + drift_ms + 1;
    return CLOCK_QUALITY_HOLDOVER;
}

struct clock_stamp clock_stamp_at(int64_t monotonic_ns, int64_t floor_ms)
{
    int64_t now_ns = clock_monotonic_ns();
    struct clock_stamp stamp = {.monotonic_ns = monotonic_ns};
    stamp.wall_ms = clock_wall_ms() - (now_ns - monotonic_ns) / NS_PER_MS;
    int64_t error_ms = 0;
    stamp.quality = read_quality(now_ns, &error_ms);
    if (stamp.quality == CLOCK_QUALITY_UNKNOWN) {
        if (stamp.wall_ms < floor_ms)
            stamp.wall_ms = floor_ms;
        stamp.earliest_ms = floor_ms;
        stamp.latest_ms = YEAR_9999_MS;
    } else {
        stamp.earliest_ms = stamp.wall_ms - error_ms;
        stamp.latest_ms = stamp.wall_ms + error_ms;
    }
    return stamp;
}

int64_t clock_build_ms(void)
{
    return INT64_C(1000) * TOCSIN_BUILD_EPOCH;
}

const char *clock_quality_name(enum clock_quality quality)
{
    switch (quality) {
    case CLOCK_QUALITY_SYNCED:
        return "synced";
    case CLOCK_QUALITY_HOLDOVER:
        return "holdover";
    case CLOCK_QUALITY_UNKNOWN:
        return "unknown";
    }
    return "unknown";
}

void clock_format_utc(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE])
{
    if (wall_ms < 0)
        wall_ms = 0;
    if (wall_ms > YEAR_9999_MS)
        wall_ms = YEAR_9999_MS;
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm t;
    gmtime_r(&seconds, &t);
    char day[20];
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(ret_text, CLOCK_TEXT_SIZE, "%s.%03uZ", day, (unsigned)(wall_ms % 1000));
}

static int parse_offset(const char *text, int *ret_minutes)
{
    if (strcmp(text, "Z") == 0) {
        *ret_minutes = 0;
        return 0;
    }
    unsigned hours, minutes;
    int end = 0;
    if ((text[0] != '+' && text[0] != '-') ||
        sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &end) != 2 || end != 5 || text[6] != '\0' ||
        hours > 23 || minutes > 59)
        return -EINVAL;
    int total = (int)(hours * 60 + minutes);
    *ret_minutes = text[0] == '-' ? -total : total;
    return 0;
}

int clock_parse_rfc3339(const char *text, int64_t *ret_wall_ms)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    for (size_t i = 0; shape[i]; i++) {
        if (shape[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
            return -EINVAL;
    }
    struct tm t = {0};
    sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
           &t.tm_min, &t.tm_sec);
    if (t.tm_mon < 1 || t.tm_mon > 12 || t.tm_mday < 1 || t.tm_mday > 31 || t.tm_hour > 23 ||
        t.tm_min > 59 || t.tm_sec > 60)
        return -EINVAL;
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    const char *rest = text + sizeof shape - 1;
    int64_t ms = 0;
    if (*rest == '.') {
        int64_t scale = 100;
        size_t digits = 0;
        for (rest++; isdigit((unsigned char)*rest); rest++, digits++, scale /= 10)
            ms += (*rest - '0') * scale;
        if (digits == 0 || digits > 9)
            return -EINVAL;
    }
    int offset_minutes;
    if (parse_offset(rest, &offset_minutes) != 0)
        return -EINVAL;
    *ret_wall_ms = ((int64_t)timegm(&t) - offset_minutes * 60) * 1000 + ms;
    return 0;
}

int clock_boot_id(char ret_id[CLOCK_BOOT_ID_SIZE], struct err *e)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_system(e, errno, "%s", path);
    char id[CLOCK_BOOT_ID_SIZE] = {0};
    ssize_t got = read(fd, id, sizeof id - 1);
    close(fd);
    if (got != CLOCK_BOOT_ID_SIZE - 1)
        return err_set(e, EIO, "%s: holds no boot id", path);
    memcpy(ret_id, id, sizeof id);
    return 0;
}
