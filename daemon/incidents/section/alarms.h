/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an alarm. Filled by the loader, immutable, readable from everywhere. */
#ifndef TOCSIN_INCIDENTS_SECTION_ALARMS_H
#define TOCSIN_INCIDENTS_SECTION_ALARMS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

struct config_alarms {
    int64_t cancel_window_ms;
    int64_t escalate_after_ms;
    int64_t undelivered_after_ms;
};

extern const struct section alarms_section;

#endif
