/* SPDX-License-Identifier: Apache-2.0 */
/* Options that name entries of another section (`refers`), their section's or their driver's. */
#ifndef TOCSIN_CONF_REFER_H
#define TOCSIN_CONF_REFER_H

#include "conf/filled.h"

/* Every name must be the id of an entry that the other section offers. */
void refer_check(struct fill *fill, const struct node *root, const struct conf *conf);

/* Whether any entry names the entry `id` of the section `name`. */
bool refer_is_named(const struct conf *conf, const char *name, const char *id);

#endif
