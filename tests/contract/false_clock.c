/* SPDX-License-Identifier: Apache-2.0 */
#include "false_clock.h"

#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static bool is_false;
static time_t shift_s;

void false_clock_set(long long wall_s)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    shift_s = (time_t)wall_s - now.tv_sec;
    is_false = true;
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, ret_time);
    if (result == 0 && clock == CLOCK_REALTIME)
        ret_time->tv_sec += shift_s;
    return result;
}

time_t time(time_t *ret_time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}

int adjtimex(struct timex *state)
{
    int result = (int)syscall(SYS_adjtimex, state);
    if (!is_false)
        return result;
    state->status |= STA_UNSYNC;
    return TIME_ERROR;
}
