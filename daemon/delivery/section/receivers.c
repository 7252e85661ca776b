/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/section/receivers.h"

#include <string.h>

#include "conf/measures.h"
#include "iface/limits.h"

static const struct option table[] = {
    {.key = "id",
     .type = OPTION_ID,
     .offset = offsetof(struct config_receiver, id),
     .required = 1,
     .help = "Short name: letters, digits, '-', '_' and '.'. Never change it while events are "
             "waiting: deliveries are kept by it."},
    {.key = "name",
     .type = OPTION_STRING,
     .offset = offsetof(struct config_receiver, name),
     .max = LIMIT_NAME_BYTES,
     .required = 1,
     .help = "What people call it."},
    {.key = "heartbeat",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_receiver, heartbeat_ms),
     .fallback = "20s",
     .min = SECOND,
     .max = 5 * MINUTE,
     .help = "How often the path is proven while nothing happens."},
    {.key = "alarm_heartbeat",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_receiver, alarm_heartbeat_ms),
     .fallback = "2s",
     .min = 500,
     .max = MINUTE,
     .help = "The same while an alarm is open; answers of people come with it."},
    {.key = "clips",
     .type = OPTION_BOOL,
     .offset = offsetof(struct config_receiver, clips),
     .fallback = "true",
     .help = "Whether clips are uploaded to it."},
    {.key = "group",
     .type = OPTION_INT,
     .offset = offsetof(struct config_receiver, group),
     .fallback = "1",
     .min = 1,
     .max = LIMIT_GROUPS,
     .help = "1 is asked for help at once. A higher group gets every event too, and is asked when "
             "nobody of the groups before it has seen an alarm (alarms: escalate_after)."},
    {.key = "responder",
     .type = OPTION_BOOL,
     .offset = offsetof(struct config_receiver, responder),
     .fallback = "true",
     .help = "It sends help: only its receipts and answers move the lamp and close an alarm."},
    OPTION_TABLE_END,
};

/* A word that cannot be read is a mistake of its own and no answer. */
static bool is_no_responder(const struct section_view *view, size_t index)
{
    const char *text = section_text(view, index, "responder");
    return text && strcmp(text, "false") == 0;
}

static void check(const struct section_view *view)
{
    size_t count, responders = 0, first_responders = 0;
    const struct config_receiver *receivers = section_items(view, &count);
    for (size_t i = 0; i < count; i++) {
        const struct config_receiver *r = &receivers[i];
        bool is_responder = !is_no_responder(view, i);
        responders += is_responder;
        first_responders += is_responder && r->group <= 1;
        if (r->heartbeat_ms && r->alarm_heartbeat_ms > r->heartbeat_ms)
            section_mistake(view, i, "alarm_heartbeat",
                            "is longer than heartbeat: while an alarm is open it must not be "
                            "proven less often");
    }
    if (count > 0 && responders == 0)
        section_mistake(view, SECTION_WHOLE, NULL,
                        "none is a responder: the lamp could never say that help was reached "
                        "(responder: true on the police)");
    else if (count > 0 && first_responders == 0)
        section_mistake(view, SECTION_WHOLE, NULL,
                        "no responder is in group 1: nobody would be asked for help at once");
}

const struct section receivers_section = {
    .name = "receivers",
    .help = "Who is told, a list; each independently of the others.",
    .options = table,
    .size = sizeof(struct config_receiver),
    .most = LIMIT_RECEIVERS,
    .entry = "receiver",
    .needed = "or no alarm can come or go",
    .check = check,
    SECTION_DRIVER(struct config_receiver, driver),
    SECTION_PLACE(struct config_receiver, at),
};

bool receivers_are_same(const struct config_receiver *a, const struct config_receiver *b)
{
    return section_items_are_same(&receivers_section, a, b);
}
