/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of a file, one after the other: their keys, their drivers, and the drivers' keys. */
#ifndef TOCSIN_CONF_LOAD_H
#define TOCSIN_CONF_LOAD_H

#include "conf/filled.h"

/* Fills the sections of `conf` (their rows are set) from the map `root`; mistakes and notes go to
 * fill's problems. */
void load_sections(struct fill *fill, const struct node *root, const struct conf_request *request,
                   struct conf *conf);

#endif
