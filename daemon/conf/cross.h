/* SPDX-License-Identifier: Apache-2.0 */
/* What two places of the file say about each other, and what is legal but perhaps not meant. */
#ifndef TOCSIN_CONF_CROSS_H
#define TOCSIN_CONF_CROSS_H

#include "conf/config.h"
#include "conf/fill.h"

/* `config` is filled from the map `root`; entries of its lists stand in the order of the file. */
void cross_check(struct fill *fill, const struct node *root, const struct config *config);

/* Notes on a configuration without a mistake. */
void cross_note(struct fill *fill, const struct node *root, const struct config *config);

#endif
