/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The finished clips on the disk and what is still to be said of them. Beside <clip>.mp4 lies
 * <clip>.json, the message that announces it; it is written before anybody is told, and says
 * whether the core has the manifest ("stored") and whether the file is still wanted ("done").
 * Supervisor only. At the start the disk is waited for; with a loop these files are written in its
 * pool: one at a time, in order, each as it is when its turn comes. The loop ends when all are.
 */
#ifndef TOCSIN_VIDEO_SHELF_H
#define TOCSIN_VIDEO_SHELF_H

#include <sys/queue.h>
#include <uv.h>

#include "videolink/message.h"

struct shelf_clip {
    TAILQ_ENTRY(shelf_clip) link;
    TAILQ_ENTRY(shelf_clip) to_tell; /* if `is_to_tell` */
    TAILQ_ENTRY(shelf_clip) to_save; /* if `is_to_save` */
    bool is_to_tell, is_to_save;
    bool is_saved;          /* once, or it cannot be: its first words may be told */
    struct message message; /* MESSAGE_CLIP */
    bool stored, done;
    int64_t wall_ms; /* when it was finished */
};

struct shelf {
    char folder[256]; /* of the clips */
    TAILQ_HEAD(shelf_list, shelf_clip)
    clips;                     /* in the order in which they were begun: of their ids */
    struct shelf_list to_tell; /* those that the core is to be told of, in that order */
    struct shelf_list to_save; /* whose files are to be written, in that order */
    struct shelf_clip *saving; /* is being written; never removed meanwhile */
    uv_loop_t *loop;           /* NULL: the disk is waited for */
    void (*on_saved)(void *arg, struct shelf_clip *clip);
    void *arg;
};

/* Empty, and without a folder. */
void shelf_init(struct shelf *s);

/* Makes the folder (mode 0750) if need be, reads what is there, recovers what was being written. */
int shelf_open(struct shelf *s, const char *dir, struct err *e);

/*
 * From now on files are written in the loop's pool. `on_saved` is told of each clip whose
 * announcement was written for the first time, or could not be (that is logged, and the journal
 * stays): nobody is told of a clip before.
 */
void shelf_set_loop(struct shelf *s, uv_loop_t *loop,
                    void (*on_saved)(void *arg, struct shelf_clip *clip), void *arg);
/* What is still to be written is, but on_saved is not called any more. */
void shelf_tell_nobody(struct shelf *s);

/*
 * A clip that was just finished; its announcement is written from now on. The shelf knows
 * the parts that earlier processes wrote: it gives the number of the part, and names the time since
 * the part before as a gap. Takes `message`.
 */
struct shelf_clip *shelf_add(struct shelf *s, struct message *message);

/* Makes clips of what a camera's worker was writing when it died, and adds them. A NULL camera
 * means every camera: nobody may be writing then. Waits for the disk. */
void shelf_recover(struct shelf *s, const char *camera);

/* The core is to be told of it, unless its announcement is not on the disk yet; which is next,
 * taken off that list, or NULL. */
void shelf_tell(struct shelf *s, struct shelf_clip *clip);
struct shelf_clip *shelf_next_to_tell(struct shelf *s);

struct shelf_clip *shelf_find(struct shelf *s, const char *clip);
void shelf_mark(struct shelf *s, struct shelf_clip *clip, bool stored, bool done);

/* Removes done clips that are older than `keep_ms` or beyond `keep_bytes` together, oldest first;
 * and unfinished files a day old. What is not done is never removed. */
void shelf_prune(struct shelf *s, int64_t keep_ms, int64_t keep_bytes);

void shelf_close(struct shelf *s);

#endif
