/* SPDX-License-Identifier: Apache-2.0 */
#include "clips/asked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "iface/limits.h"

#define LATE_ALARMS 64

struct alarm {
    char id[UUID_TEXT_SIZE];
    const struct option_list *cameras; /* NULL: not known, counted as one */
    int64_t from_ns, to_ns;            /* of its presses */
    unsigned counts[LIMIT_INPUT_CAMERAS];
};

/* The newest take the places of the oldest. */
struct asked {
    struct alarm *ours, *late; /* LIMIT_CAMERA_ALARMS, LATE_ALARMS */
    size_t next, next_late;
};

struct asked *asked_create(void)
{
    struct asked *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    a->ours = calloc(LIMIT_CAMERA_ALARMS, sizeof *a->ours);
    a->late = calloc(LATE_ALARMS, sizeof *a->late);
    if (!a->ours || !a->late)
        abort();
    return a;
}

void asked_destroy(struct asked *a)
{
    if (!a)
        return;
    free(a->ours);
    free(a->late);
    free(a);
}

static struct alarm *find(struct alarm *alarms, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(alarms[i].id, id) == 0)
            return &alarms[i];
    }
    return NULL;
}

static struct alarm *find_any(const struct asked *a, const char *id)
{
    struct alarm *alarm = find(a->ours, LIMIT_CAMERA_ALARMS, id);
    return alarm ? alarm : find(a->late, LATE_ALARMS, id);
}

void asked_begin(struct asked *a, const struct incident *incident,
                 const struct option_list *cameras)
{
    struct alarm *alarm = &a->ours[a->next++ % LIMIT_CAMERA_ALARMS];
    *alarm = (struct alarm){
        .cameras = cameras, .from_ns = incident->last_press_ns, .to_ns = incident->last_press_ns};
    snprintf(alarm->id, sizeof alarm->id, "%s", incident->alarm);
}

void asked_go_on(struct asked *a, const struct incident *incident)
{
    struct alarm *alarm = find(a->ours, LIMIT_CAMERA_ALARMS, incident->alarm);
    if (alarm && incident->last_press_ns > alarm->to_ns)
        alarm->to_ns = incident->last_press_ns;
}

/* Which of its cameras that is; LIMIT_INPUT_CAMERAS if none. */
static size_t index_of(const struct alarm *alarm, const char *camera)
{
    size_t index = option_list_find(alarm->cameras, camera);
    bool is_there = index < alarm->cameras->count && index < LIMIT_INPUT_CAMERAS;
    return is_there ? index : LIMIT_INPUT_CAMERAS;
}

/* As an id in a configuration, which one of before may have had. */
static bool is_id(const char *camera)
{
    return camera[0] && strspn(camera, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-_.") == strlen(camera);
}

/* In parts of that length, each of them cut once: a camera comes and goes. */
static unsigned most_of(const struct alarm *alarm, const struct config_video *video)
{
    int64_t filmed_ms =
        (alarm->to_ns - alarm->from_ns) / 1000000 + video->pre_event_ms + video->post_event_ms;
    return ASKED_SPARE + (unsigned)(2 * filmed_ms / video->part_ms);
}

const char *asked_wrong(const struct asked *a, const char *alarm, const char *camera,
                        const struct config_video *video)
{
    static const char too_many[] = "there are more of it than the time has room for";
    const struct alarm *known = find_any(a, alarm);
    if (!is_id(camera))
        return "its camera is none";
    if (!known || !known->cameras)
        return known && known->counts[0] >= ASKED_LATE ? too_many : NULL;
    size_t index = index_of(known, camera);
    if (index == LIMIT_INPUT_CAMERAS)
        return "its camera was not asked for it";
    return known->counts[index] >= most_of(known, video) ? too_many : NULL;
}

void asked_count(struct asked *a, const char *alarm, const char *camera)
{
    struct alarm *known = find_any(a, alarm);
    if (!known) {
        known = &a->late[a->next_late++ % LATE_ALARMS];
        *known = (struct alarm){0};
        snprintf(known->id, sizeof known->id, "%s", alarm);
    }
    size_t index = known->cameras ? index_of(known, camera) : 0;
    if (index < LIMIT_INPUT_CAMERAS)
        known->counts[index]++;
}
