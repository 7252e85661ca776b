/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A secret in a file of its own: its first line. Others must not be able to read the file. Waits
 * for the disk; any thread.
 */
#ifndef TOCSIN_CONF_SECRET_H
#define TOCSIN_CONF_SECRET_H

#include "conf/conf.h"

/* The caller frees. On failure the message names the file and what can be done about it. */
int secret_read(const char *file, char **ret_secret, struct err *e);

/* Puts the secret into its member, in the place of one that was there. Takes it. */
void secret_set(void *member, char *secret);

/* Notes in `driver` that `file` could not be read, and why: config_read_again tries it again. */
void secret_put_off(struct config_driver *driver, const struct option *option, const char *file,
                    const char *why);

/* Frees what secret_put_off noted. */
void secret_forget(struct config_driver *driver);

#endif
