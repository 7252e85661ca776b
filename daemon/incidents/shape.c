/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the row of open alarms is whole: every member there, of its type, in its range, and none
 * that nobody has written. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/encode.h"
#include "incidents/internal.h"

bool shape_class_of(const char *name, enum incident_class *ret_class)
{
    for (int class = 0; name && class < INCIDENT_CLASSES; class ++) {
        if (strcmp(name, incident_class_name((enum incident_class) class)) != 0)
            continue;
        *ret_class = (enum incident_class) class;
        return true;
    }
    return false;
}

static int wrong(json_error_t *why, const char *of, struct err *e)
{
    encode_trim_utf8(why->text);
    return err_set(e, EINVAL, "%s: %s", of, why->text);
}

static int check_input(json_t *one, struct err *e)
{
    json_error_t why;
    const char *id, *by;
    int pressed;
    json_int_t since, tested;
    /* The last three are of the version that kept everything in one row. */
    if (json_unpack_ex(one, &why, 0, "{s:s,s:b,s?I,s?I,s?s!}", "input", &id, "pressed", &pressed,
                       "known_since_ms", &since, "tested_ms", &tested, "tested_by", &by) != 0)
        return wrong(&why, "the level of an input", e);
    return 0;
}

int shape_row(json_t *row, struct err *e)
{
    json_error_t why;
    const char *boot;
    json_t *inputs, *incidents, *exercise, *one;
    int apart;
    size_t i;
    if (json_unpack_ex(row, &why, 0, "{s:s,s?b,s:o,s:o,s?o!}", "boot", &boot, "apart", &apart,
                       "inputs", &inputs, "incidents", &incidents, "exercise", &exercise) != 0)
        return wrong(&why, "its members", e);
    if (!json_is_array(inputs) || !json_is_array(incidents))
        return err_set(e, EINVAL, "it has no list of inputs, or none of incidents");
    json_array_foreach(inputs, i, one)
    {
        int result = check_input(one, e);
        if (result != 0)
            return result;
    }
    return 0;
}

static int check_progress(json_t *receivers, struct err *e)
{
    const char *id;
    json_t *one;
    json_error_t why;
    if (!json_is_object(receivers))
        return err_set(e, EINVAL, "what its receivers have done");
    json_object_foreach(receivers, id, one)
    {
        json_int_t progress = 0;
        int closing, rejected, has_press;
        if (json_unpack_ex(one, &why, 0, "{s:I,s:b,s?b,s?b!}", "progress", &progress, "closing",
                           &closing, "rejected", &rejected, "has_press", &has_press) != 0)
            return wrong(&why, "what a receiver has done", e);
        if (progress < 0 || progress > INCIDENT_PROGRESS_COMING)
            return err_set(e, EINVAL, "how far receiver %s has come", id);
    }
    return 0;
}

int shape_incident(json_t *one, int64_t now_ns, struct err *e)
{
    json_error_t why;
    const char *input, *word, *alarm;
    enum incident_class class;
    int held, at_start, cancelled, undelivered;
    json_int_t presses = 0, level = 0, level_ns = 0, raised_ns = 0, press_ns = 0, wall_ms = 0,
               press_seq = 0;
    json_t *receivers;
    if (json_unpack_ex(
            one, &why, 0, "{s:s,s:s,s:s,s:b,s?b,s?b,s?b,s:I,s:I,s?I,s?I,s?I,s?I,s?I,s:o!}", "input",
            &input, "nature", &word, "alarm", &alarm, "held", &held, "at_start", &at_start,
            "cancelled", &cancelled, "undelivered", &undelivered, "presses", &presses, "level",
            &level, "level_ns", &level_ns, "raised_ns", &raised_ns, "last_press_ns", &press_ns,
            "press_seq", &press_seq, "raised_wall_ms", &wall_ms, "receivers", &receivers) != 0)
        return wrong(&why, "its members", e);
    if (!shape_class_of(word, &class))
        return err_set(e, EINVAL, "of what class it is");
    if (presses < 1 || presses > UINT_MAX || level < 1 || level > UINT_MAX)
        return err_set(e, EINVAL, "how often it was pressed, or who is asked");
    if (level_ns < 0 || level_ns > now_ns || raised_ns < 0 || raised_ns > now_ns || press_ns < 0 ||
        press_ns > now_ns || press_seq < 0 || wall_ms < 0)
        return err_set(e, EINVAL, "when it was");
    return check_progress(receivers, e);
}
