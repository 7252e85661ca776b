/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/camera/timeline.h"

static int64_t give_out(struct timeline *t, int64_t us)
{
    if (us < t->last_us + TIMELINE_STEP_US)
        us = t->last_us + TIMELINE_STEP_US;
    t->last_us = us;
    return us;
}

int64_t timeline_place(struct timeline *t, int64_t media_us, int64_t arrival_us)
{
    int64_t delay_us = arrival_us - media_us;
    if (t->anchored)
        t->delay_us += (arrival_us - t->seen_us) * TIMELINE_CREEP_PPM / 1000000;
    int64_t off_us = delay_us - t->delay_us;
    if (!t->anchored || off_us < -TIMELINE_EARLY_US || off_us > TIMELINE_JUMP_US ||
        media_us + t->delay_us < t->last_us - TIMELINE_BACK_US)
        t->delay_us = delay_us;
    else if (off_us < 0) /* in small steps: a whole one would draw two pictures together */
        t->delay_us += off_us > -TIMELINE_SLEW_US ? off_us : -TIMELINE_SLEW_US;
    t->anchored = true;
    t->seen_us = arrival_us;
    return give_out(t, media_us + t->delay_us);
}

int64_t timeline_place_unknown(struct timeline *t, int64_t arrival_us)
{
    return give_out(t, arrival_us);
}
