/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a daemon starts with: its file, or, when that cannot be used (a mistake in it, a key that
 * this version does not know, no file), the last one that worked, as it was kept (conf/kept.h). Of
 * that, what is not known is left out with a note: the version before may have known it. Waits for
 * the disk; at the start alone.
 */
#ifndef TOCSIN_SECTIONS_START_H
#define TOCSIN_SECTIONS_START_H

#include "sections/config.h"

#define START_WHY_SIZE 360

struct start {
    struct config *config; /* the caller's */
    struct conf_text text; /* of the file; the caller's, empty if the kept one is used */
    /* "" if the file is used: else what is wrong with it, the first mistake with its place. */
    char why[START_WHY_SIZE];
};

/* `kept`: where that lies, or NULL. Logs every mistake and note. 0, or -EINVAL if neither can be
 * used. */
int start_read(const char *path, const char *kept, const struct config_drivers *drivers,
               struct start *ret_start, struct err *e);

#endif
