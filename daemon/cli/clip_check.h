/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clip file, checked against its manifest: as a whole, by chunks, and by groups of pictures, so
 * that what is wrong is named by camera and second.
 *
 * The manifest gives each group's hash and time, not its place. A group is what ends with one
 * `mdat` box (ISO/IEC 14496-12): the header and the first fragment, then a fragment each.
 */
#ifndef TOCSIN_CLI_CLIP_CHECK_H
#define TOCSIN_CLI_CLIP_CHECK_H

#include <jansson.h>
#include <stdbool.h>

/* One sentence for everything that is wrong. */
typedef void (*clip_problem_handler)(void *arg, const char *text);

/* `manifest` is the `data` of a tocsin.clip.manifest, trusted for nothing. True if all is good. */
bool clip_check(const char *path, const json_t *manifest, clip_problem_handler on_problem,
                void *arg);

#endif
