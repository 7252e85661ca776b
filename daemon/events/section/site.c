/* SPDX-License-Identifier: Apache-2.0 */
#include "events/section/site.h"

#include <string.h>

#include "iface/limits.h"

static const struct option table[] = {
    {.key = "id",
     .type = OPTION_ID,
     .offset = offsetof(struct config_site, id),
     .required = 1,
     .help = "Gateway id: the 20-digit GB/T 28181 code where the site has one, else letters, "
             "digits, '.', '_' and '-'."},
    {.key = "name",
     .type = OPTION_STRING,
     .offset = offsetof(struct config_site, name),
     .max = LIMIT_NAME_BYTES,
     .required = 1,
     .help = "The school's name as the police call it."},
    {.key = "address",
     .type = OPTION_STRING,
     .offset = offsetof(struct config_site, address),
     .max = LIMIT_NAME_BYTES,
     .help = "Street address of the gate."},
    {.key = "latitude",
     .type = OPTION_DECIMAL,
     .offset = offsetof(struct config_site, latitude),
     .min = -90,
     .max = 90,
     .help = "Degrees, WGS-84 (not GCJ-02)."},
    {.key = "longitude",
     .type = OPTION_DECIMAL,
     .offset = offsetof(struct config_site, longitude),
     .min = -180,
     .max = 180,
     .help = "Degrees, WGS-84 (not GCJ-02)."},
    {.key = "contacts",
     .type = OPTION_LIST,
     .offset = offsetof(struct config_site, contacts),
     .max = LIMIT_CONTACTS,
     .help = "People to call, name and number each."},
    OPTION_TABLE_END,
};

static void check(const struct section_view *view)
{
    bool latitude = section_has(view, 0, "latitude"), longitude = section_has(view, 0, "longitude");
    if (latitude && !longitude)
        section_mistake(view, 0, "latitude", "stands without longitude: give both or neither");
    if (longitude && !latitude)
        section_mistake(view, 0, "longitude", "stands without latitude: give both or neither");
}

static void note(const struct section_view *view)
{
    size_t count;
    const struct config_site *site = section_items(view, &count);
    if (strlen(site->id) != 20 || strspn(site->id, "0123456789") != 20)
        section_note(view, 0, "id",
                     "is no 20-digit GB/T 28181 code; agree on it with who receives the alarms");
    if (site->latitude == 0 && site->longitude == 0)
        section_note(view, 0, NULL,
                     "has no latitude and longitude: alarms come without a point on the map");
}

const struct section site_section = {
    .name = "site",
    .help = "Who and where: goes out with every alarm.",
    .options = table,
    .size = sizeof(struct config_site),
    .check = check,
    .note = note,
};
