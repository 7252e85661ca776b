/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/view.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static void take_text(const json_t *object, const char *key, char *ret_text, size_t size)
{
    const char *text = json_string_value(json_object_get(object, key));
    size_t length = text ? strlen(text) : 0;
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--; /* never through the middle of a character */
    }
    if (length > 0)
        memcpy(ret_text, text, length);
    ret_text[length] = '\0';
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    size_t length = strlen(text), end = strlen(with);
    return length >= end && strcmp(text + length - end, with) == 0;
}

static void take_data(const json_t *data, struct event_view *v)
{
    const json_t *input = json_object_get(data, "input");
    take_text(data, "kind", v->kind, sizeof v->kind);
    take_text(input, "id", v->input_id, sizeof v->input_id);
    take_text(input, "name", v->input_name, sizeof v->input_name);
    take_text(input, "place", v->input_place, sizeof v->input_place);
    v->silent = json_is_true(json_object_get(data, "silent"));
    json_int_t presses = json_integer_value(json_object_get(data, "presses"));
    v->presses = presses > 0 ? (unsigned)presses : 0;
    take_text(data, "fault", v->fault, sizeof v->fault);
    take_text(data, "subject", v->subject, sizeof v->subject);
    take_text(data, "reason", v->reason, sizeof v->reason);
    take_text(data, "by", v->by, sizeof v->by);
    take_text(data, "note", v->note, sizeof v->note);
}

int envelope_view(const struct event *event, struct event_view *ret_view, struct err *e)
{
    json_error_t where;
    json_t *object = json_loadb(event->bytes, event->length, JSON_REJECT_DUPLICATES, &where);
    const json_t *data = json_object_get(object, "data");
    if (!json_is_object(data)) {
        json_decref(object);
        return err_set(e, EBADMSG, "event %s: %s", event->id, object ? "no data" : where.text);
    }
    *ret_view =
        (struct event_view){.class = event->class, .seq = event->seq, .wall_ms = event->wall_ms};
    memcpy(ret_view->type, event->type, sizeof ret_view->type);
    memcpy(ret_view->alarm, event->alarm, sizeof ret_view->alarm);
    ret_view->exercise =
        begins(event->type, "tocsin.drill.") || begins(event->type, "tocsin.test.");
    ret_view->restored = ends(event->type, ".restored") || ends(event->type, ".cleared");
    take_data(data, ret_view);
    json_decref(object);
    return 0;
}
