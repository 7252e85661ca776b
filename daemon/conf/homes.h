/* SPDX-License-Identifier: Apache-2.0 */
/* Where every key of every section and driver belongs, for a key that stands in the wrong place. */
#ifndef TOCSIN_CONF_HOMES_H
#define TOCSIN_CONF_HOMES_H

#include "conf/filled.h"

struct homes;

struct homes *homes_create(const struct conf *conf);
const struct fill_home *homes_list(const struct homes *homes); /* ends with a NULL `where` */
void homes_destroy(struct homes *homes);

#endif
