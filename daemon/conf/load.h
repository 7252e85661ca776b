/* SPDX-License-Identifier: Apache-2.0 */
/* The sections and lists of a file into struct config: common keys, drivers and their own keys. */
#ifndef TOCSIN_CONF_LOAD_H
#define TOCSIN_CONF_LOAD_H

#include "conf/config.h"
#include "conf/fill.h"

/* Fills a zeroed `config` from the map `root`; mistakes and notes go to fill's problems. */
void load_config(struct fill *fill, const struct node *root, const struct config_drivers *drivers,
                 struct config *config);

#endif
