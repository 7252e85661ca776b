/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of which cameras clips were asked for an alarm, and how many came: tocsin-video is trusted less
 * than to say clips without end of any. Of alarms of this run both are known. Of those of before
 * (and of the 257th last) it is not known what was asked, nor for how long was filmed: their
 * cameras may be in the configuration no more, and their clips come late. Loop thread only.
 */
#ifndef TOCSIN_CLIPS_ASKED_H
#define TOCSIN_CLIPS_ASKED_H

#include "alarm/incident.h"
#include "iface/option.h"
#include "video/section/video.h"

#define ASKED_SPARE 32   /* clips beside twice those that the time has room for */
#define ASKED_LATE  2048 /* of all cameras of an alarm of before */

struct asked;

struct asked *asked_create(void);    /* aborts without memory */
void asked_destroy(struct asked *a); /* NULL is accepted */

/* An alarm of this run. `cameras` is borrowed until asked_destroy. */
void asked_begin(struct asked *a, const struct incident *incident,
                 const struct option_list *cameras);
/* It was pressed again: it is filmed for longer. */
void asked_go_on(struct asked *a, const struct incident *incident);

/* Why a clip of it cannot be: half a sentence; NULL if it can. */
const char *asked_wrong(const struct asked *a, const char *alarm, const char *camera,
                        const struct config_video *video);
/* One was taken. */
void asked_count(struct asked *a, const char *alarm, const char *camera);

#endif
