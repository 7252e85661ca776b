/* SPDX-License-Identifier: Apache-2.0 */
#include "video/section/video.h"

#include <assert.h>
#include <sys/un.h>

#include "conf/measures.h"
#include "iface/limits.h"

static_assert(sizeof((struct sockaddr_un *)0)->sun_path == LIMIT_SOCKET_BYTES + 1,
              "what the loader lets through must fit what bind and connect take");

static const struct option table[] = {
    {.key = "socket",
     .type = OPTION_PATH,
     .offset = offsetof(struct config_video, socket),
     .max = LIMIT_SOCKET_BYTES,
     .fallback = "/run/tocsin-video/link.sock",
     .help = "Unix socket on which tocsin-video listens and to which tocsind connects."},
    {.key = "dir",
     .type = OPTION_PATH,
     .offset = offsetof(struct config_video, dir),
     .fallback = "/var/lib/tocsin-video",
     .help = "Folder of the clips."},
    {.key = "pre_event",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_video, pre_event_ms),
     .fallback = "30s",
     .min = SECOND,
     .max = 5 * MINUTE,
     .help = "How much of the time before the press a clip shows."},
    {.key = "post_event",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_video, post_event_ms),
     .fallback = "60s",
     .min = SECOND,
     .max = HOUR,
     .help = "How long a clip goes on after the last press."},
    {.key = "part",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_video, part_ms),
     .fallback = "60s",
     .min = 5 * SECOND,
     .max = 10 * MINUTE,
     .help = "A long clip is cut into parts of this length."},
    {.key = "ring_bytes",
     .type = OPTION_SIZE,
     .offset = offsetof(struct config_video, ring_bytes),
     .fallback = "64MiB",
     .min = 4 * MIB,
     .max = 1024 * MIB,
     .help = "Hard limit of one camera's pre-event memory."},
    {.key = "keep_clips",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_video, keep_clips_ms),
     .fallback = "30d",
     .min = DAY,
     .max = 3650 * DAY,
     .help = "How long delivered clips are kept here; time in which the gateway is off does not "
             "count."},
    {.key = "keep_clips_bytes",
     .type = OPTION_SIZE,
     .offset = offsetof(struct config_video, keep_clips_bytes),
     .fallback = "8GiB",
     .min = 64 * MIB,
     .max = 65536 * 1024 * MIB,
     .help = "How much room delivered clips may take here."},
    {.key = "keep_free_bytes",
     .type = OPTION_SIZE,
     .offset = offsetof(struct config_video, keep_free_bytes),
     .fallback = "256MiB",
     .min = MIB,
     .max = 1024 * 1024 * MIB,
     .help = "How much of the disk stays free. With less no clip is begun; with less than twice as "
             "much there is the fault video-room, and delivered clips go first, the oldest of "
             "them."},
    OPTION_TABLE_END,
};

const struct section video_section = {
    .name = "video",
    .help = "Clips around an alarm.",
    .program = "tocsin-video",
    .options = table,
    .size = sizeof(struct config_video),
};
