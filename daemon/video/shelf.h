/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The finished clips on the disk and what is still to be said of them. Beside <clip>.mp4 lies
 * <clip>.json, the message that announces it; it is written before anybody is told, and says
 * whether the core has the manifest ("stored") and whether the file is still wanted ("done").
 * Supervisor only; waits for the disk (small files).
 */
#ifndef TOCSIN_VIDEO_SHELF_H
#define TOCSIN_VIDEO_SHELF_H

#include <sys/queue.h>

#include "videolink/message.h"

struct shelf_clip {
    TAILQ_ENTRY(shelf_clip) link;
    TAILQ_ENTRY(shelf_clip) to_tell; /* if `is_to_tell` */
    bool is_to_tell;
    struct message message; /* MESSAGE_CLIP */
    bool stored, done;
    int64_t wall_ms; /* when it was finished */
};

struct shelf {
    char folder[256]; /* of the clips */
    TAILQ_HEAD(shelf_list, shelf_clip)
    clips;                     /* in the order in which they were begun: of their ids */
    struct shelf_list to_tell; /* those that the core is to be told of, in that order */
};

/* Empty, and without a folder. */
void shelf_init(struct shelf *s);

/* Makes the folder (mode 0750) if need be, reads what is there, recovers what was being written. */
int shelf_open(struct shelf *s, const char *dir, struct err *e);

/*
 * A clip that was just finished; its announcement is on the disk when this returns. The shelf knows
 * the parts that earlier processes wrote: it gives the number of the part, and names the time since
 * the part before as a gap. Takes `message`.
 */
struct shelf_clip *shelf_add(struct shelf *s, struct message *message);

/* Makes clips of what a camera's worker was writing when it died, and adds them; `on_clip` is told
 * of each. A NULL camera means every camera: nobody may be writing then. */
void shelf_recover(struct shelf *s, const char *camera,
                   void (*on_clip)(void *arg, struct shelf_clip *clip), void *arg);

/* The core is to be told of it; which is next, taken off that list, or NULL. */
void shelf_tell(struct shelf *s, struct shelf_clip *clip);
struct shelf_clip *shelf_next_to_tell(struct shelf *s);

struct shelf_clip *shelf_find(struct shelf *s, const char *clip);
void shelf_mark(struct shelf *s, struct shelf_clip *clip, bool stored, bool done);

/* Removes done clips that are older than `keep_ms` or beyond `keep_bytes` together, oldest first;
 * and unfinished files a day old. What is not done is never removed. */
void shelf_prune(struct shelf *s, int64_t keep_ms, int64_t keep_bytes);

void shelf_close(struct shelf *s);

#endif
