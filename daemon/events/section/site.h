/* SPDX-License-Identifier: Apache-2.0 */
/* Who and where the gateway is. Filled by the loader, immutable, readable from everywhere. */
#ifndef TOCSIN_EVENTS_SECTION_SITE_H
#define TOCSIN_EVENTS_SECTION_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

struct config_site {
    char *id; /* gateway id; 20 digits where the site has a GB/T 28181 code */
    char *name;
    char *address;
    double latitude; /* WGS-84, degrees; 0,0 means not given */
    double longitude;
    struct option_list contacts;
};

extern const struct section site_section;

#endif
