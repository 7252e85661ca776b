/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox on the disk. Filled by the loader, immutable, readable from everywhere. */
#ifndef TOCSIN_EVENTS_SECTION_STORAGE_H
#define TOCSIN_EVENTS_SECTION_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

struct config_storage {
    char *state_dir;        /* /var/lib/tocsin */
    char *journal_dir;      /* NULL: the folder of the control socket */
    int64_t reserve_events; /* room grown in advance, in events; default 20000 */
    int64_t commit_wait_ms; /* how long an uplink waits for the disk; default 50 */
    int64_t
        keep_days; /* of the gateway's running: receipted events are kept this long; default 400 */
};

extern const struct section storage_section;

#endif
