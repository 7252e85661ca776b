/* SPDX-License-Identifier: Apache-2.0 */
/* Clips around an alarm, and where the two daemons meet. Filled by the loader, immutable, readable
 * from everywhere. */
#ifndef TOCSIN_VIDEO_SECTION_VIDEO_H
#define TOCSIN_VIDEO_SECTION_VIDEO_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

struct config_video {
    char *socket;         /* tocsin-video listens, tocsind connects; /run/tocsin-video/link.sock */
    char *dir;            /* /var/lib/tocsin-video */
    int64_t pre_event_ms; /* default 30 s */
    int64_t post_event_ms;
    int64_t part_ms;          /* a long alarm's clip is cut into parts of this length */
    int64_t ring_bytes;       /* hard limit of one camera's ring */
    int64_t keep_clips_ms;    /* uploaded clips are kept this long */
    int64_t keep_clips_bytes; /* and this much of them */
    int64_t keep_free_bytes;  /* of the disk: below it no clip is begun */
};

extern const struct section video_section;

#endif
