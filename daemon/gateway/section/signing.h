/* SPDX-License-Identifier: Apache-2.0 */
/* The key that signs what leaves the gateway. Filled by the loader, immutable, readable from
 * everywhere. */
#ifndef TOCSIN_GATEWAY_SECTION_SIGNING_H
#define TOCSIN_GATEWAY_SECTION_SIGNING_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

struct config_signing {
    struct config_driver driver;
    struct config_place at; /* 0,0: there is no such section */
};

extern const struct section signing_section;

#endif
