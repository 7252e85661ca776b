/* SPDX-License-Identifier: Apache-2.0 */
/* One value of the file into one member, by its option; and the ways to give a secret. */
#ifndef TOCSIN_CONF_SCALAR_H
#define TOCSIN_CONF_SCALAR_H

#include "conf/fill.h"

/* `node` is a NODE_TEXT with a value; `o` is neither LIST nor PATHS. */
void scalar_fill(struct fill *fill, const struct option *o, const struct node *node,
                 const char *path, void *member);

/* A text, or a path made absolute, for a list; NULL after a mistake. Caller frees. */
char *scalar_copy(struct fill *fill, const struct option *o, const struct node *node,
                  const char *path);

/* The other ways to give the secret KEY: KEY_file, whose first line it is, and KEY_credential, a
 * credential that systemd hands to the service. */
enum scalar_source {
    SCALAR_SOURCE_TEXT,
    SCALAR_SOURCE_FILE,
    SCALAR_SOURCE_CREDENTIAL,
};
#define SCALAR_SOURCE_COUNT (SCALAR_SOURCE_CREDENTIAL + 1)

extern const char *const scalar_suffixes[SCALAR_SOURCE_COUNT]; /* behind KEY */

void scalar_fill_secret(struct fill *fill, const struct option *o, const struct node *node,
                        const char *path, enum scalar_source source, void *member);

#endif
