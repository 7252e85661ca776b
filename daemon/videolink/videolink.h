/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tocsind (the core) and tocsin-video say to each other, and the two ends of the line.
 *
 * tocsin-video listens on the Unix stream socket `video.socket` (mode 0660); the core connects, and
 * connects again for ever. Each message is one JSON object on one line of at most
 * VIDEOLINK_LINE_MAX bytes. The codec is strict: a key that is missing, unknown, of the wrong type
 * or out of range is an error, and the reader closes the connection over it.
 *
 *   core to video
 *     alarm        record this alarm with these cameras; sent at the press, again at each further
 *                  press, and for every open alarm whenever the connection comes up. A repeat is
 *                  harmless: it can only extend the recording.
 *     alarm_over   the incident was closed. The clip still goes on to post_event after the last
 *                  press: what follows a reset is evidence, too.
 *     clip_stored  the manifest event of this clip is durable; it need not be announced again.
 *     clip_done    nobody needs the file any more (every receiver that takes clips has it, or none
 *                  takes any): retention may remove it.
 *   video to core
 *     camera       how one camera is; on every change, every few seconds, and on connection.
 *     clip         a part of a clip is complete and synced to the disk. Announced again on every
 *                  connection until clip_stored came; the core drops repeats by clip id.
 *     clip_held    on connection, for each clip that is stored but not done: a clip_done that was
 *                  lost with an earlier connection is to be sent again.
 *
 * Times named _monoms are CLOCK_MONOTONIC in ms and compare only within one boot; a clip says which
 * (`boot`). Each end belongs to the loop thread that created it.
 */
#ifndef TOCSIN_VIDEOLINK_VIDEOLINK_H
#define TOCSIN_VIDEOLINK_VIDEOLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/uuid.h"

#define VIDEOLINK_LINE_MAX    (256 * 1024)
#define VIDEOLINK_CHUNK_BYTES 4194304 /* 4 MiB */
#define VIDEOLINK_CAMERAS_MAX 64
#define VIDEOLINK_CODECS_MAX  4
#define VIDEOLINK_CHUNKS_MAX  512 /* a file of 2 GiB */
#define VIDEOLINK_GOPS_MAX    1024
#define VIDEOLINK_GAPS_MAX    64
#define VIDEOLINK_ID_SIZE     65 /* a camera's id in the configuration */
#define VIDEOLINK_WORD_SIZE   16 /* "mp4", "h264", … */
#define VIDEOLINK_TEXT_SIZE   256
#define VIDEOLINK_HEX_SIZE    65 /* SHA-256, lower-case hexadecimal */
#define VIDEOLINK_PATH_SIZE   1024

enum videolink_type {
    VIDEOLINK_TYPE_ALARM,
    VIDEOLINK_TYPE_ALARM_OVER,
    VIDEOLINK_TYPE_CLIP_STORED,
    VIDEOLINK_TYPE_CLIP_DONE,
    VIDEOLINK_TYPE_CAMERA,
    VIDEOLINK_TYPE_CLIP,
    VIDEOLINK_TYPE_CLIP_HELD,
};

struct videolink_alarm {
    char alarm[UUID_TEXT_SIZE];
    size_t camera_count; /* 1 … VIDEOLINK_CAMERAS_MAX */
    char cameras[VIDEOLINK_CAMERAS_MAX][VIDEOLINK_ID_SIZE];
    int64_t press_monoms;      /* the first press: the clip begins pre_event before it */
    int64_t last_press_monoms; /* the newest, >= press_monoms: it ends post_event after it */
};

struct videolink_alarm_over {
    char alarm[UUID_TEXT_SIZE];
    int64_t monoms;
};

enum videolink_camera_state {
    VIDEOLINK_CAMERA_CONNECTING,
    VIDEOLINK_CAMERA_ONLINE, /* pictures come, and the ring has a keyframe */
    VIDEOLINK_CAMERA_FAULT,
};

struct videolink_camera {
    char id[VIDEOLINK_ID_SIZE];
    enum videolink_camera_state state;
    char reason[VIDEOLINK_TEXT_SIZE]; /* a sentence; "" when online and well */
    int64_t since_monoms;             /* of this state */
    size_t codec_count;
    char codecs[VIDEOLINK_CODECS_MAX][VIDEOLINK_WORD_SIZE];
    int64_t bitrate_bps;     /* over the last seconds; 0 when nothing comes */
    int64_t keyframe_age_ms; /* of the newest keyframe; -1 when there is none */
    int64_t ring_ms;         /* how far back a clip could begin now */
    int64_t restarts;        /* sessions that ended since tocsin-video started */
};

struct videolink_gop {
    int64_t at_ms;                   /* of its first picture, from the clip's start */
    char sha256[VIDEOLINK_HEX_SIZE]; /* of the fragment's bytes in the file: its moof and mdat */
};

/* Time that the clip should show and does not. In ms from the clip's start; before it: negative. */
struct videolink_gap {
    int64_t from_ms;
    int64_t to_ms;
    char why[VIDEOLINK_TEXT_SIZE];
};

/* One part of the clip of one camera for one alarm. */
struct videolink_clip {
    char clip[UUID_TEXT_SIZE]; /* of this part */
    char alarm[UUID_TEXT_SIZE];
    char camera[VIDEOLINK_ID_SIZE];
    int64_t part; /* 1, 2 …; part 1 ends at the press, part 2 begins at the keyframe before it */
    bool last;    /* no part follows */
    int64_t start_ms; /* wall clock of the first picture, ms since 1970 UTC */
    int64_t stop_ms;
    int64_t start_monoms;
    int64_t stop_monoms;
    char boot[CLOCK_BOOT_ID_SIZE]; /* what the two above count from */
    char container[VIDEOLINK_WORD_SIZE];
    size_t codec_count;
    char codecs[VIDEOLINK_CODECS_MAX][VIDEOLINK_WORD_SIZE];
    int64_t length; /* bytes */
    char sha256[VIDEOLINK_HEX_SIZE];
    int64_t chunk_bytes; /* always VIDEOLINK_CHUNK_BYTES; the last chunk may be shorter */
    size_t chunk_count;
    char (*chunks)[VIDEOLINK_HEX_SIZE];
    size_t gop_count;
    struct videolink_gop *gops;
    size_t gap_count;
    struct videolink_gap *gaps;
    char path[VIDEOLINK_PATH_SIZE]; /* absolute; readable by the group of tocsin-video */
};

struct videolink_message {
    enum videolink_type type;
    union {
        struct videolink_alarm alarm;
        struct videolink_alarm_over alarm_over;
        char clip_id[UUID_TEXT_SIZE]; /* CLIP_STORED, CLIP_DONE, CLIP_HELD */
        struct videolink_camera camera;
        struct videolink_clip clip;
    };
};

/* --- Codec: pure --------------------------------------------------------------------------- */

/* One line with its newline and a NUL, which `ret_length` does not count; caller frees. */
int videolink_encode(const struct videolink_message *message, char **ret_line, size_t *ret_length,
                     struct err *e);

/* One line, with or without its newline. Release with videolink_message_finish. */
int videolink_decode(const char *line, size_t length, struct videolink_message *ret_message,
                     struct err *e);

/* Frees what decode put inside; the struct itself is the caller's. */
void videolink_message_finish(struct videolink_message *message);

/* "connecting", "online", "fault". */
const char *videolink_camera_state_name(enum videolink_camera_state state);

/* --- The core's end ------------------------------------------------------------------------ */

struct videolink_client;

/* Every callback runs in the loop thread, none from within a call and none after close. Messages
 * are borrowed for the time of the callback. */
struct videolink_client_host {
    /* The connection stands: now send every open alarm. */
    void (*on_up)(void *arg);
    /* It ended, or the first try failed; once for each change. `reason` is a sentence. */
    void (*on_down)(void *arg, const char *reason);
    void (*on_camera)(void *arg, const struct videolink_camera *camera);
    /* Answer with videolink_client_clip_stored when the manifest is durable, for a repeat, too. */
    void (*on_clip)(void *arg, const struct videolink_clip *clip);
    /* Answer with videolink_client_clip_done if the clip is done. NULL is allowed. */
    void (*on_held)(void *arg, const char *clip);
    void *arg;
};

/* Begins to connect; copies `socket_path` and `host`. Retries for ever, 100 ms up to 5 s apart. */
int videolink_client_create(uv_loop_t *loop, const char *socket_path,
                            const struct videolink_client_host *host,
                            struct videolink_client **ret_client, struct err *e);

/* Each queues one message and returns at once. -ENOTCONN while the line is down: nothing is kept
 * for later, on_up is the moment to send what still matters. */
int videolink_client_alarm(struct videolink_client *c, const struct videolink_alarm *alarm);
int videolink_client_alarm_over(struct videolink_client *c, const char *alarm, int64_t monoms);
int videolink_client_clip_stored(struct videolink_client *c, const char *clip);
int videolink_client_clip_done(struct videolink_client *c, const char *clip);

bool videolink_client_is_up(const struct videolink_client *c);

/* Freed once the loop has closed its handles. NULL is accepted. */
void videolink_client_close(struct videolink_client *c);

/* --- The end of tocsin-video ---------------------------------------------------------------- */

struct videolink_server;

struct videolink_server_host {
    /* A core connected: send it every camera and every clip that is not stored, with
     * videolink_server_send. */
    void (*on_connect)(void *arg);
    /* One message of a core; only the four kinds that a core sends arrive here. */
    void (*on_message)(void *arg, const struct videolink_message *message);
    void *arg;
};

/* Listens on `socket_path`, mode 0660. A socket file that nobody answers on is replaced; one that
 * somebody does answer on is -EADDRINUSE. */
int videolink_server_create(uv_loop_t *loop, const char *socket_path,
                            const struct videolink_server_host *host,
                            struct videolink_server **ret_server, struct err *e);

/* To every connected core. A core that does not read (1 MiB waiting) is disconnected. */
int videolink_server_send(struct videolink_server *s, const struct videolink_message *message,
                          struct err *e);

/* Removes the socket file; freed once the loop has closed its handles. NULL is accepted. */
void videolink_server_close(struct videolink_server *s);

#endif
