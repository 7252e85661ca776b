/* SPDX-License-Identifier: Apache-2.0 */
/* The socket of the tocsin command. Filled by the loader, immutable, readable from everywhere. */
#ifndef TOCSIN_OPERATE_SECTION_CONTROL_H
#define TOCSIN_OPERATE_SECTION_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

struct config_control {
    char *socket; /* /run/tocsin/control.sock */
};

extern const struct section control_section;

#endif
