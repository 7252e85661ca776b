/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another day: preloaded into a program, it moves its wall clock by OTHER_DAY days and lets the
 * kernel say that the clock is synchronised. Time is the one thing that a test cannot wait for.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

#include "preload_mark.h"

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int (*real)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    const char *days = getenv("OTHER_DAY");
    int result = real(clock, ret_time);
    if (result == 0 && clock == CLOCK_REALTIME && days) {
        preload_mark();
        ret_time->tv_sec += atol(days) * 86400;
    }
    return result;
}

int adjtimex(struct timex *ret_state)
{
    int (*real)(struct timex *) = (int (*)(struct timex *))dlsym(RTLD_NEXT, "adjtimex");
    real(ret_state);
    ret_state->status &= ~STA_UNSYNC;
    ret_state->maxerror = ret_state->esterror = 1000;
    return TIME_OK;
}
