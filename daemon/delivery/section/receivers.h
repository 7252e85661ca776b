/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told. Filled by the loader, immutable, readable from everywhere. */
#ifndef TOCSIN_DELIVERY_SECTION_RECEIVERS_H
#define TOCSIN_DELIVERY_SECTION_RECEIVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

struct config_receiver {
    char *id;
    char *name;
    int64_t heartbeat_ms;       /* at rest; default 20 s */
    int64_t alarm_heartbeat_ms; /* while an alarm is open; default 2 s */
    bool clips;                 /* whether clips are uploaded to it; default true */
    int64_t group;              /* 1: asked at once; more: when the one before has not answered */
    bool responder;             /* sends help: only its receipts and answers move the lamp and
                                   close an alarm; default true; at least one must be */
    struct config_driver driver;
    struct config_place at;
};

/* All of them, in the order of the file. */
struct config_receivers {
    size_t count;
    const struct config_receiver *items;
    const char *path; /* of the file */
};

/* Whether the file says the same of both; where it stands there is no difference. */
bool receivers_are_same(const struct config_receiver *a, const struct config_receiver *b);

extern const struct section receivers_section;

#endif
