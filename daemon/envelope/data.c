/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/data.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"

/* The text with a question mark for every byte that is no UTF-8: an event goes out whatever a
 * camera or a driver wrote into its reason. */
static json_t *repaired(const char *text)
{
    char *copy = strdup(text);
    if (copy)
        encode_make_utf8(copy);
    json_t *string = copy ? json_string(copy) : NULL;
    free(copy);
    return string;
}

static json_t *string_json(const char *text)
{
    json_t *string = json_string(text);
    return string ? string : repaired(text);
}

/* Sets a member, or nothing for NULL text; counts failures in *bad. */
static void set_text(json_t *object, const char *name, const char *text, int *bad)
{
    if (text)
        *bad |= json_object_set_new(object, name, string_json(text));
}

static json_t *site_json(const struct data_site *site, int *bad)
{
    json_t *object = json_object();
    set_text(object, "id", site->id, bad);
    set_text(object, "name", site->name, bad);
    set_text(object, "address", site->address, bad);
    if (site->latitude != 0 || site->longitude != 0) {
        *bad |= json_object_set_new(object, "latitude", json_real(site->latitude));
        *bad |= json_object_set_new(object, "longitude", json_real(site->longitude));
    }
    json_t *contacts = json_array();
    for (size_t i = 0; i < site->contact_count; i++)
        *bad |= json_array_append_new(contacts, string_json(site->contacts[i]));
    *bad |= json_object_set_new(object, "contacts", contacts);
    return object;
}

static json_t *cameras_json(const struct data_camera *cameras, size_t count, int *bad)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *camera = json_object();
        set_text(camera, "id", cameras[i].id, bad);
        set_text(camera, "name", cameras[i].name, bad);
        *bad |= json_array_append_new(list, camera);
    }
    return list;
}

json_t *data_from_alarm(const struct data_alarm *alarm)
{
    int bad = 0;
    json_t *object = json_object();
    json_t *input = json_object();
    set_text(object, "alarm", alarm->alarm, &bad);
    set_text(object, "kind", alarm->kind, &bad);
    bad |= json_object_set_new(object, "silent", json_boolean(alarm->silent));
    set_text(object, "cause", alarm->cause, &bad);
    if (alarm->at_start)
        bad |= json_object_set_new(object, "at_start", json_true());
    set_text(input, "id", alarm->input_id, &bad);
    set_text(input, "name", alarm->input_name, &bad);
    set_text(input, "place", alarm->input_place, &bad);
    bad |= json_object_set_new(object, "input", input);
    bad |= json_object_set_new(object, "site", site_json(alarm->site, &bad));
    bad |= json_object_set_new(object, "presses", json_integer(alarm->presses));
    if (alarm->level > 1)
        bad |= json_object_set_new(object, "level", json_integer(alarm->level));
    bad |= json_object_set_new(object, "cameras",
                               cameras_json(alarm->cameras, alarm->camera_count, &bad));
    set_text(object, "by", alarm->by, &bad);
    set_text(object, "note", alarm->note, &bad);
    if (!bad)
        return object;
    json_decref(object);
    return NULL;
}

json_t *data_from_fault(const struct data_fault *fault)
{
    int bad = 0;
    json_t *object = json_object();
    set_text(object, "fault", fault->code, &bad);
    set_text(object, "subject", fault->subject, &bad);
    set_text(object, "reason", fault->reason, &bad);
    if (fault->times > 0)
        bad |= json_object_set_new(object, "times", json_integer(fault->times));
    set_text(object, "since", fault->since, &bad);
    if (!bad)
        return object;
    json_decref(object);
    return NULL;
}

char *data_row_text(json_t *row)
{
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    if (!text)
        abort();
    return text;
}
