/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The finished clips on the disk and what is still to be said of them. Beside <clip>.mp4 lies
 * <clip>.json, the message that announces it; it is written before anybody is told, and says
 * whether the core has the manifest ("stored") and whether the file is still wanted ("done").
 *
 * Supervisor only, loop thread. Without a loop each call waits for the disk. With one the disk is
 * the pool's, in two rows, each one piece at a time and in order: what is noted of clips (saves),
 * and the intake: what lies in the folder, what dead workers left, what was just finished, what is
 * to go. A piece is one file, or one clip. The loop does not end before all notes are written
 * that the disk takes. One that it refuses is tried again (shelf_tend); the journal of a clip that
 * has no announcement stays, and a restart finds the clip by it.
 *
 * Whoever forks asks for a rest first (shelf_rest): no thread is in the middle of anything then.
 */
#ifndef TOCSIN_VIDEO_SHELF_H
#define TOCSIN_VIDEO_SHELF_H

#include <sys/queue.h>
#include <uv.h>

#include "video/counted.h"
#include "video/shelf_files.h"

struct shelf_clip {
    TAILQ_ENTRY(shelf_clip) link;
    TAILQ_ENTRY(shelf_clip) to_tell; /* if `is_to_tell` */
    TAILQ_ENTRY(shelf_clip) to_save; /* if `is_to_save`, or if `is_refused` */
    bool is_to_tell, is_to_save, is_refused;
    bool may_be_told;       /* its announcement was tried once */
    bool is_on_disk;        /* an announcement is, if not the newest: no journal is needed */
    struct message message; /* MESSAGE_CLIP */
    struct shelf_note note;
};

struct shelf_handlers {
    /* Its announcement was written for the first time or found on the disk, or it cannot be written
     * (that is logged, and the journal stays): nobody is told of a clip before. */
    void (*on_saved)(void *arg, struct shelf_clip *clip);
    void *arg;
};

struct shelf_errand;

struct shelf {
    char folder[256]; /* of the clips */
    int lock;         /* on it (folder_lock.h), or -1 */
    TAILQ_HEAD(shelf_list, shelf_clip)
    clips;                     /* in the order in which they were begun: of their ids */
    struct shelf_list to_tell; /* those that the core is to be told of, in that order */
    struct shelf_list to_save; /* whose files are to be written, in that order */
    struct shelf_list refused; /* by the disk, the one that was tried last at the end */
    struct counted counted;    /* by which clips get old */
    int64_t noted_ms;          /* of it, on the disk */
    int64_t ahead_ms;          /* the wall clock of CLOCK_MONOTONIC, at the start */
    struct shelf_clip *saving; /* is being written; never removed meanwhile */
    TAILQ_HEAD(shelf_errands, shelf_errand) intake;
    struct shelf_errand *fetching; /* of the intake, in the pool */
    bool intake_rests, saves_rest; /* nothing of that row begins */
    bool is_to_tidy;               /* stands in the intake already */
    uv_loop_t *loop;               /* NULL: the disk is waited for */
    struct shelf_handlers handlers;
};

/* Empty, and without a folder. */
void shelf_init(struct shelf *s, uv_loop_t *loop);

void shelf_set_handlers(struct shelf *s, const struct shelf_handlers *handlers);

/*
 * Makes the folder (mode 0750) if need be, locks it (-EADDRINUSE: another process has, and what is
 * being written there is that one's; -EBUSY: something of before is still in the pool, which would
 * be at work there beside what begins now) and looks what is there, by name; what that says, and
 * what was being written, is taken in one after the other, before anything that comes later. With a
 * loop the shelf rests until shelf_go_on.
 */
int shelf_open(struct shelf *s, const char *dir, struct err *e);

/* The folder is gone: it may be opened again once nobody writes for the shelf. What is known of
 * clips stays known, and what was counted. */
void shelf_leave(struct shelf *s);

/*
 * A clip that was just finished; its announcement is written from now on. The shelf knows the parts
 * that earlier processes wrote: it gives the number of the part, and names the time since the part
 * before as a gap. One that it has already is dropped. Takes `message`.
 */
void shelf_add(struct shelf *s, struct message *message);

/* Makes clips of what a camera's workers were writing when they died, and adds them: nobody may
 * write for it as long as it is being recovered. */
void shelf_recover(struct shelf *s, const char *camera);
bool shelf_is_recovering(const struct shelf *s, const char *camera);

/* The core is to be told of it, unless its announcement is not on the disk yet; which is next,
 * taken off that list, or NULL. */
void shelf_tell(struct shelf *s, struct shelf_clip *clip);
struct shelf_clip *shelf_next_to_tell(struct shelf *s);

struct shelf_clip *shelf_find(struct shelf *s, const char *clip);
void shelf_mark(struct shelf *s, struct shelf_clip *clip, bool stored, bool done);

/* To be called now and then. Removes done clips that are older than `keep_ms`, by the time that
 * was counted since (a wall clock that is years ahead makes none old), or beyond `keep_bytes`
 * together, oldest first, and as many more as it takes for `missing_bytes` that the disk is short
 * of; and unfinished files a day old. What is not done is never removed. Tries again what the disk
 * refused, one after the other until it refuses one. */
void shelf_tend(struct shelf *s, int64_t keep_ms, int64_t keep_bytes, int64_t missing_bytes);

/* True once nothing of the shelf is in the pool; nothing begins there until shelf_go_on, of the
 * intake at once, of the notes as soon as the intake is still. Ask again. */
bool shelf_rest(struct shelf *s);
void shelf_go_on(struct shelf *s);

/* No handler is called any more. What is to be noted still is; the rest is left to the next start.
 */
void shelf_end(struct shelf *s);

/* After the loop has ended. */
void shelf_close(struct shelf *s);

#endif
