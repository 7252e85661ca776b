/* SPDX-License-Identifier: Apache-2.0 */
/* Clips and cameras over part_world, and a link to tocsin-video that the test speaks for. */
#ifndef TOCSIN_TESTS_CLIPS_WORLD_H
#define TOCSIN_TESTS_CLIPS_WORLD_H

#include "clips/clips.h"
#include "fake_outbox.h"
#include "part_world.h"
#include "videolink/link.h"

#define CLIP "01980000-0000-7000-8000-00000000c11b"

/* The link: what was sent but for wishes of clips, and whether it is up. */
extern struct message sent[2000];
extern size_t sent_count;
extern bool up, closed;
extern size_t wanted; /* clips that were asked for and not said */
extern const char *clip_alarm, *clip_camera, *clip_folder, *clip_boot;
/* of those that are said */
extern int64_t clip_stop_ms;
extern const char *clip_changes; /* JSON: members of its manifest; NULL: none */
extern struct clips *clips;

/* Check's fixtures: it is open, its link not yet up. */
void clips_begin(void);
void clips_end(void);
/* A restart that finds these uploads. */
void open_with(struct outbox_upload *uploads, size_t count);
/* And that so many more wait for receiver 0. */
void open_with_left(struct outbox_upload *uploads, size_t count, size_t left);

/* What an honest one says of a clip, and the school's name. Caller frees. */
json_t *clips_manifest(void);

/* What tocsin-video says; the turn is told. */
void say_up(void);
void say_down(const char *reason);
void say_camera(enum message_camera_state state, const char *reason);
void say_room(enum disk_room state, int64_t free_bytes); /* keep_bytes are 256 MiB */
void say_clip(void);                                     /* CLIP, which has to be wanted */
void say_clip_of(unsigned number);
void say_clip_unasked(unsigned number);

/* The store will answer that it knows the clip that it was asked about last. */
void know_last_clip(void);
void know_last_clip_of(uint64_t seq, uint32_t pending);
/* A manifest is sent, or stored; a receiver has an upload. */
void say_heard(uint64_t seq, bool stored);
void say_uploaded(size_t receiver, uint64_t seq);

size_t count_sent(enum message_type type);

#endif
