/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of which a camera's clip of an alarm consists, by their manifests. Pure. */
#ifndef TOCSIN_VIDEO_PART_H
#define TOCSIN_VIDEO_PART_H

#include "videolink/message.h"

/* A number of the manifest; 0 if it has none of that name. */
int64_t part_number(const struct message *message, const char *key);

/* A worker that was started anew knows nothing of the parts before: what they show is no gap, and
 * what lies between is one. */
void part_name_gap(struct message *message, const struct message *before);

#endif
