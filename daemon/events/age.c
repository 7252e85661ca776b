/* SPDX-License-Identifier: Apache-2.0 */
#include "events/age.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/data.h"

#define MARKS 40 /* in the time that is asked for */

void age_init(struct age *age, int64_t keep_ms, int64_t now_ms)
{
    *age = (struct age){.keep_ms = keep_ms, .at_ms = now_ms};
}

static bool is_old(const struct age *age, const struct age_mark *mark)
{
    return age->ran_ms - mark->ran_ms >= age->keep_ms;
}

/* Of those that are old the newest says all. */
static void forget_oldest(struct age *age)
{
    unsigned gone = 0;
    while (gone + 1 < age->count && is_old(age, &age->marks[gone + 1]))
        gone++;
    if (gone == 0 && age->count == AGE_MARKS_MAX)
        gone = 1; /* it was asked to keep less before: what is between goes later */
    age->count -= gone;
    memmove(age->marks, age->marks + gone, age->count * sizeof *age->marks);
}

void age_count(struct age *age, int64_t now_ms, uint64_t last_seq)
{
    if (now_ms > age->at_ms)
        age->ran_ms += now_ms - age->at_ms;
    age->at_ms = now_ms;
    forget_oldest(age);
    const struct age_mark *newest = age->count > 0 ? &age->marks[age->count - 1] : NULL;
    if (newest && age->ran_ms - newest->ran_ms < age->keep_ms / MARKS)
        return;
    age->marks[age->count++] = (struct age_mark){age->ran_ms, last_seq};
}

uint64_t age_old_seq(const struct age *age)
{
    unsigned i = age->count;
    while (i > 0 && !is_old(age, &age->marks[i - 1]))
        i--;
    return i > 0 ? age->marks[i - 1].seq : 0;
}

char *age_row(const struct age *age, const char *boot)
{
    json_t *marks = json_array();
    for (unsigned i = 0; i < age->count; i++)
        json_array_append_new(marks, json_pack("[I,I]", (json_int_t)age->marks[i].ran_ms,
                                               (json_int_t)age->marks[i].seq));
    json_t *row = json_pack("{ss,sI,sI,so}", "boot", boot, "at_ms", (json_int_t)age->at_ms,
                            "ran_ms", (json_int_t)age->ran_ms, "marks", marks);
    return data_row_text(row);
}

/* In their order, and not beyond what was counted. */
static bool read_marks(struct age *age, const json_t *marks)
{
    size_t i;
    const json_t *one;
    if (!json_is_array(marks) || json_array_size(marks) > AGE_MARKS_MAX)
        return false;
    json_array_foreach(marks, i, one)
    {
        json_int_t ran_ms = json_integer_value(json_array_get(one, 0)),
                   seq = json_integer_value(json_array_get(one, 1));
        const struct age_mark *before = i > 0 ? &age->marks[i - 1] : &(struct age_mark){0, 0};
        if (ran_ms < before->ran_ms || ran_ms > age->ran_ms || seq < 0 ||
            (uint64_t)seq < before->seq)
            return false;
        age->marks[age->count++] = (struct age_mark){ran_ms, (uint64_t)seq};
    }
    return true;
}

static bool read_row(struct age *age, const json_t *row, const char *boot, int64_t now_ms)
{
    const char *of = json_string_value(json_object_get(row, "boot"));
    const json_t *ran = json_object_get(row, "ran_ms"), *at = json_object_get(row, "at_ms");
    if (!of || !json_is_integer(ran) || !json_is_integer(at) || json_integer_value(ran) < 0)
        return false;
    age->ran_ms = json_integer_value(ran);
    /* Another boot's clock has begun anew: this one has run since. */
    age->at_ms = strcmp(of, boot) == 0 ? json_integer_value(at) : 0;
    return age->at_ms >= 0 && age->at_ms <= now_ms && age->ran_ms <= INT64_MAX - now_ms &&
           read_marks(age, json_object_get(row, "marks"));
}

int age_load(struct age *age, const char *text, const char *boot, int64_t now_ms, uint64_t last_seq,
             struct err *e)
{
    struct age found = {.keep_ms = age->keep_ms};
    json_t *row = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    bool is_whole = read_row(&found, row, boot, now_ms);
    json_decref(row);
    if (!is_whole)
        return err_set(e, EBADMSG,
                       "how long the gateway ran cannot be read: old events are kept "
                       "for as long again");
    while (found.count > 0 && found.marks[found.count - 1].seq > last_seq)
        found.count--;
    *age = found;
    return 0;
}
