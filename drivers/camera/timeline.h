/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a unit of a stream belongs on the clock of this box: its media time plus the smallest delay
 * ever seen between media time and arrival (the least delayed packet is right), which may creep up
 * by 500 ppm for clocks that drift. Media time that is more than 5 s late or runs backwards begins
 * a new timeline. Whatever comes, the times given out increase, by a millisecond at least: more
 * than a tick of any muxer. Pure; one a stream and session.
 */
#ifndef TOCSIN_DRIVERS_CAMERA_TIMELINE_H
#define TOCSIN_DRIVERS_CAMERA_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#define TIMELINE_JUMP_US   INT64_C(5000000)
#define TIMELINE_EARLY_US  INT64_C(500000) /* this much ahead of its time: the time was wrong */
#define TIMELINE_BACK_US   INT64_C(200000) /* running back further than this: a new timeline */
#define TIMELINE_SLEW_US   INT64_C(2000)   /* how far the delay shrinks with a unit */
#define TIMELINE_STEP_US   INT64_C(1000)
#define TIMELINE_CREEP_PPM 500

struct timeline {
    bool anchored;
    int64_t delay_us; /* arrival minus media time, the least seen */
    int64_t last_us;  /* given out last */
    int64_t seen_us;  /* when delay_us was judged last */
};

/* The time of a unit that arrived at `arrival_us` (CLOCK_MONOTONIC). */
int64_t timeline_place(struct timeline *t, int64_t media_us, int64_t arrival_us);

/* The same for a unit that says no media time: it is of when it arrived. */
int64_t timeline_place_unknown(struct timeline *t, int64_t arrival_us);

#endif
