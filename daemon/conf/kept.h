/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a configuration that worked, kept in a file of its own: as it was, with a comment
 * behind it that says that it is whole and where its relative names begin. So a file that is cut or
 * whose bytes have rotted is never taken for a configuration with fewer buttons, and a person can
 * copy it back as it is. Both wait for the disk: any thread but the loop's.
 */
#ifndef TOCSIN_CONF_KEPT_H
#define TOCSIN_CONF_KEPT_H

#include "conf/conf.h"

/* Mode 0600, replaced whole; untouched if it holds the same already. */
int kept_write(const char *file, const struct conf_text *text, struct err *e);

/* What kept_write has put there; -EBADMSG if it is not whole. */
int kept_read(const char *file, struct conf_text *ret_text, struct err *e);

#endif
