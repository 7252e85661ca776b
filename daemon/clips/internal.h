/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this folder among themselves. Loop thread only. */
#ifndef TOCSIN_CLIPS_INTERNAL_H
#define TOCSIN_CLIPS_INTERNAL_H

#include <sys/queue.h>

#include "clips/asked.h"
#include "clips/claims.h"
#include "clips/clips.h"
#include "videolink/link.h"

/* A clip that this process knows: announced, and not yet with every receiver for which it is in
 * memory. */
struct clip {
    LIST_ENTRY(clip) next;
    struct clips *clips;
    struct outbox_upload upload; /* its seq is the manifest's; 0 until that is made */
    bool stored;                 /* that manifest is on the disk */
    uint32_t waiting;            /* bit mask of receivers that take it and do not have it */
    uint32_t unreadable;         /* those whose last try found no file to read */
    struct message *announced;   /* while the store is asked whether it is known */
};

/* What a receiver does not have yet, in the order of the manifests: the first of it in memory, the
 * rest in the store alone. */
struct backlog {
    size_t waiting;  /* in memory: LIMIT_CLIPS_WAITING at the most */
    uint64_t to_seq; /* the last that was taken into memory */
    size_t held;     /* that wait behind it, in the store */
    bool is_reading; /* the store was asked for the next of those */
    bool is_fault;   /* as was stated last */
    bool lacks_file; /* likewise: one of `waiting` is unreadable */
};

struct camera {
    const struct config_camera *config;
    enum message_camera_state state;
    bool known; /* tocsin-video has told of it since the link came up */
    char reason[FACT_REASON_SIZE];
    unsigned restarts;
    int64_t since_ms;
};

/* Clips that were not taken. */
struct refused {
    unsigned since_said;         /* since that was logged last */
    unsigned count;              /* with no long pause between them */
    int64_t said_ms, last_ms;    /* 0: never */
    char text[FACT_REASON_SIZE]; /* of the fault */
};

struct clips {
    struct clips_options options;
    struct link_client *link; /* NULL without cameras, and once closed */
    size_t camera_count;
    struct camera *cameras;
    LIST_HEAD(, clip) list;
    struct backlog backlogs[LIMIT_RECEIVERS];
    size_t unstored; /* clips whose manifest is not on the disk */
    size_t wanted;   /* clips that tocsin-video may say, and has not yet */
    bool flooded;    /* unasked clips came: was logged */
    char gone[100];  /* why the link went down last; "": it never was up */
    struct refused refused;
    struct asked *asked;
    int64_t opened_ms;
    struct message_room room; /* of the clips' folder, as tocsin-video told it */
    int64_t room_ms;          /* when that was; 0: it has not since the link came up */
    bool closed;
};

/* list.c */
struct clip *list_find(const struct clips *cl, const char *id);
struct clip *list_find_seq(const struct clips *cl, uint64_t seq);
struct clip *list_add(struct clips *cl, const struct outbox_upload *upload);
struct clip *list_add_stored(struct clips *cl, const struct outbox_upload *upload);
void list_mark_stored(struct clip *c);
/* One that was told again: the store has its manifest, and has said so before it answered what it
 * was asked about it. */
void list_take_known(struct clip *c, const struct outbox_upload *upload);
void list_drop_announced(struct clip *c);
void list_forget(struct clip *c); /* freed */

/* To tocsin-video, if it is there. */
void list_say(struct clips *cl, enum message_type type, const char *id);
/* False if the receiver's uplink of today takes no clips: its upload is struck out then. */
bool list_start_upload(const struct clip *c, size_t receiver);
/* Whether a clip that the store says is pending for these receivers is held for any. */
bool list_holds(const struct clips *cl, uint64_t seq, uint32_t receivers);

/* Which clip the store was asked about; the clip itself may be gone when the answer comes. */
struct question {
    struct clips *clips;
    char id[UUID_TEXT_SIZE];
};
/* `done` frees the question, its argument. */
void list_ask_store(const struct clip *c, outbox_clip_handler done);
/* Nobody waits for it in memory any more: freed, and let go if the store has nobody either. */
void list_let_go(struct clip *c);

/* backlog.c: one receiver that is away for long keeps neither memory nor the clips of the others.
 * What is more than so much for it stays in the store and is read again when there is room; that it
 * came so far is FAULT_CLIPS, and that one which is in memory cannot be read. */
void backlog_open(struct clips *cl, const struct outbox_found *found);
void backlog_catch_up(struct clips *cl, const struct outbox_found *found);
/* The clip's manifest is on the disk, and the receiver takes it: it is uploaded (c->waiting says
 * so), or held. In the order of the manifests. */
void backlog_take(struct clip *c, size_t receiver);
/* A try to upload it has failed: it could not be read here, or that was not why. */
void backlog_note_failed(struct clip *c, size_t receiver, bool no_file);
/* One that was in memory for it is settled. */
void backlog_settle(struct clips *cl, size_t receiver);
/* It takes no clips any more. True if any were held: which of them for it alone is known to the
 * store, and they are let go as tocsin-video tells of all again. */
bool backlog_drop(struct clips *cl, size_t receiver);

/* refused.c: states FAULT_VIDEO if that goes on. */
void refused_note(struct clips *cl, const char *clip, const char *alarm, const char *why);
/* The link is up: all is well but for that. */
void refused_state(struct clips *cl);
void refused_tick(struct clips *cl);
bool refused_many(const struct clips *cl);

/* room.c */
void room_take(struct clips *cl, const struct message_room *room);
void room_lost(struct clips *cl);

/* cameras.c */
void cameras_open(struct clips *cl);
void cameras_take(struct clips *cl, const struct message_camera *message);
/* Nobody tells of them any more. */
void cameras_lost(struct clips *cl);

#endif
