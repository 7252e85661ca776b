/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tocsind and tocsin-video say to each other: one JSON object a line, over a Unix stream
 * socket on which tocsin-video listens. Each side treats the other as a stranger: lines are bounded
 * and every member is checked. Pure; any thread.
 *
 *   tocsind → tocsin-video
 *     {"type":"alarm","alarm":A,"cameras":[…],"press_ms":M}   a press; also after every connect
 *     {"type":"clip_wanted"}                                  one more clip may be said
 *     {"type":"clips_again"}                                  all that are not done are to be said
 *                                                             once more, as after a connect
 *     {"type":"clip_stored","clip":C}                         its manifest is durable
 *     {"type":"clip_done","clip":C}                           nobody waits for the file any more
 *     {"type":"clip_refused","clip":C}                        likewise: nobody knows of its alarm
 *     {"type":"beat"}                                         once, as its first word: it is served
 *   tocsin-video → tocsind
 *     {"type":"beat"}                                         it lives: after every connect, and
 *                                                             every three seconds (link.h)
 *     {"type":"camera","camera":I,"state":S,"reason":R,…}     on every change, all after a connect
 *     {"type":"room","state":S,"free_bytes":N,"keep_bytes":N} of the clips' folder: every few
 *                                     seconds, and after every connect; without free_bytes it
 *                                     is not known
 *     {"type":"clip","clip":C,"alarm":A,"camera":I,"path":P,"manifest":{…}}
 *                                     when it is finished, and after every connect until clip_done
 *                                     or clip_refused; each once a clip is wanted: nobody is told
 *                                     more than it takes
 *
 * Times called …_ms are CLOCK_MONOTONIC of this machine.
 */
#ifndef TOCSIN_VIDEOLINK_MESSAGE_H
#define TOCSIN_VIDEOLINK_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/disk_room.h"
#include "base/err.h"
#include "base/uuid.h"
#include "iface/limits.h"

#define MESSAGE_LINE_MAX LIMIT_CLIP_LIST_BYTES /* a manifest names every group of pictures */
#define MESSAGE_ID_SIZE  (LIMIT_ID_BYTES + 1)

enum message_type {
    MESSAGE_ALARM,
    MESSAGE_CLIP_STORED,
    MESSAGE_CLIP_DONE,
    MESSAGE_CLIP_REFUSED,
    MESSAGE_CAMERA,
    MESSAGE_CLIP,
    MESSAGE_CLIP_WANTED,
    MESSAGE_CLIPS_AGAIN,
    MESSAGE_ROOM,
    MESSAGE_BEAT, /* between the two ends of the link; not told to their owners */
};

enum message_camera_state {
    MESSAGE_CAMERA_CONNECTING,
    MESSAGE_CAMERA_ONLINE,
    MESSAGE_CAMERA_FAULT,
};

struct message_alarm {
    char id[UUID_TEXT_SIZE];
    int64_t press_ms;
    size_t camera_count;
    char cameras[LIMIT_INPUT_CAMERAS][MESSAGE_ID_SIZE];
};

struct message_camera {
    char id[MESSAGE_ID_SIZE];
    enum message_camera_state state;
    char reason[256];
    unsigned restarts;
};

/* Where clips are: in this folder of video.dir, as ID.mp4. */
#define MESSAGE_CLIPS_FOLDER "clips"

struct message_clip {
    char id[UUID_TEXT_SIZE];
    char alarm[UUID_TEXT_SIZE];
    char camera[MESSAGE_ID_SIZE];
    char path[256];
    json_t *manifest; /* a reference that the holder of the message owns */
    int64_t length_bytes;
    unsigned char sha256[32];
};

struct message_room {
    enum disk_room state; /* full: no clip is begun */
    int64_t free_bytes, keep_bytes;
};

struct message {
    enum message_type type;
    union {
        struct message_alarm alarm;
        char word_of[UUID_TEXT_SIZE]; /* MESSAGE_CLIP_STORED, _DONE, _REFUSED: of that clip */
        struct message_camera camera;
        struct message_clip clip;
        struct message_room room;
    };
};

/* Reads one line. The caller calls message_finish whatever the result. */
int message_parse(const char *line, size_t length, struct message *ret_message, struct err *e);

/* The line, with its newline; caller frees. NULL when out of memory. */
char *message_format(const struct message *message);

void message_finish(struct message *message);

const char *message_camera_state_name(enum message_camera_state state);

#endif
