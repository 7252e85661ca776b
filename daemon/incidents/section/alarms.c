/* SPDX-License-Identifier: Apache-2.0 */
#include "incidents/section/alarms.h"

#include "conf/measures.h"

static const struct option table[] = {
    {.key = "cancel_window",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_alarms, cancel_window_ms),
     .fallback = "60s",
     .min = 0,
     .max = 10 * MINUTE,
     .help = "How long after the press the gate may say that it was none. The alarm stays open; "
             "0s: never."},
    {.key = "escalate_after",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_alarms, escalate_after_ms),
     .fallback = "60s",
     .min = 5 * SECOND,
     .max = HOUR,
     .help = "If nobody has seen an alarm after this long, the next group of receivers is asked."},
    {.key = "undelivered_after",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_alarms, undelivered_after_ms),
     .fallback = "10s",
     .min = SECOND,
     .max = 10 * MINUTE,
     .help = "If no responder has signed for an alarm after this long, outputs with the word "
             "undelivered are "
             "switched on."},
    OPTION_TABLE_END,
};

const struct section alarms_section = {
    .name = "alarms",
    .help = "The life of an alarm.",
    .options = table,
    .size = sizeof(struct config_alarms),
};
