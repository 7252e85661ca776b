/* SPDX-License-Identifier: Apache-2.0 */
/* Every part, in the order of the start, with the reasons for it; and what each is handed. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "gateway/internal.h"

static void on_key_found(void *arg)
{
    struct gateway *gw = arg;
    delivery_try_now(gw->delivery);
}

static int open_signing(struct gateway *gw, struct err *e)
{
    struct signing_options options = {.loop = &gw->loop,
                                      .facts = gw->facts,
                                      .config = &gw->config->signing,
                                      .on_found = on_key_found,
                                      .arg = gw};
    return signing_open(&options, &gw->signing, e);
}

static void tick_signing(struct gateway *gw)
{
    signing_tick(gw->signing);
}

static void close_signing(struct gateway *gw)
{
    signing_close(gw->signing);
}

static void free_signing(struct gateway *gw)
{
    signing_free(gw->signing);
}

static void on_wait(void *arg)
{
    struct gateway *gw = arg;
    service_feed(gw->service);
}

/* Where the control socket is: who has that elsewhere takes the journal along; none is shared. */
static void find_journal_dir(struct gateway *gw, char *ret_dir, size_t size)
{
    const struct config *c = gw->config;
    const char *socket = c->control.socket, *slash = strrchr(socket, '/');
    if (c->storage.journal_dir)
        snprintf(ret_dir, size, "%s", c->storage.journal_dir);
    else
        snprintf(ret_dir, size, "%.*s", slash ? (int)(slash - socket) : 1, slash ? socket : ".");
}

static int open_events(struct gateway *gw, struct err *e)
{
    const struct config *c = gw->config;
    char journal_dir[4096];
    find_journal_dir(gw, journal_dir, sizeof journal_dir);
    struct events_options options = {
        .loop = &gw->loop,
        .facts = gw->facts,
        .config = {.site = &c->site, .storage = &c->storage, .receivers = &c->receivers},
        .journal_dir = journal_dir,
        .on_wait = on_wait,
        .on_found = catch_up,
        .arg = gw};
    return events_open(&options, &gw->events, &gw->found, e);
}

static void tick_events(struct gateway *gw)
{
    events_tick(gw->events);
}

static bool events_are_busy(struct gateway *gw)
{
    return events_busy(gw->events);
}

static void close_events(struct gateway *gw)
{
    size_t lost = events_close(gw->events);
    if (lost == 0)
        return;
    if (lost == OUTBOX_HELD)
        log_warning("tocsind",
                    "the disk holds the store at the stop: every event was written to it, "
                    "but that its files have them still was not seen");
    else if (lost != OUTBOX_LOST && lost != OUTBOX_DAMAGED) /* which was said */
        log_error("tocsind",
                  "%zu event%s could not be written to the disk before the stop: what is in the "
                  "journal is written at the next start, if the machine is not switched off",
                  lost, plural((long long)lost));
    _exit(1); /* the disk holds the store's thread: nothing more can be put in order */
}

static void free_events(struct gateway *gw)
{
    events_free(gw->events);
}

static void status_events(const struct gateway *gw, json_t *object, bool with_duress)
{
    struct clock_stamp now = events_stamp(gw->events, clock_monotonic_ns());
    char time[CLOCK_TEXT_SIZE];
    (void)with_duress;
    clock_format_utc(now.wall_ms, time);
    json_object_set_new(object, "store", events_status(gw->events));
    json_object_set_new(
        object, "clock",
        json_pack("{ss,ss}", "quality", clock_quality_name(now.quality), "time", time));
}

static void heartbeat_events(const struct gateway *gw, json_t *data)
{
    json_object_set_new(data, "store",
                        json_string(events_store_works(gw->events) ? "good" : "fault"));
    json_object_set_new(data, "store_room", events_room(gw->events));
}

static int open_faults(struct gateway *gw, struct err *e)
{
    return faults_open(gw->facts, gw->events, &gw->faults, e);
}

static void load_faults(struct gateway *gw)
{
    faults_load(gw->faults, &gw->found);
    if (gw->found.earlier)
        faults_catch_up(gw->faults, gw->found.earlier);
    faults_drop_gone(gw->faults, subjects_has, gw->config);
}

static void tick_faults(struct gateway *gw)
{
    faults_tick(gw->faults);
}

static void free_faults(struct gateway *gw)
{
    faults_free(gw->faults);
}

static void status_faults(const struct gateway *gw, json_t *object, bool with_duress)
{
    (void)with_duress;
    json_object_set_new(object, "faults", faults_status(gw->faults));
    json_object_set_new(object, "faults_over", faults_over(gw->faults));
}

static void heartbeat_faults(const struct gateway *gw, json_t *data)
{
    json_object_set_new(data, "faults", faults_heartbeat(gw->faults));
}

static int open_delivery(struct gateway *gw, struct err *e)
{
    struct delivery_options options = {.loop = &gw->loop,
                                       .facts = gw->facts,
                                       .receivers = &gw->config->receivers,
                                       .state_dir = gw->config->storage.state_dir,
                                       .outbox = events_outbox(gw->events),
                                       .signer = signing_signer(gw->signing),
                                       .heartbeat = parts_heartbeat,
                                       .arg = gw};
    return delivery_open(&options, &gw->found, &gw->delivery, e);
}

static void tick_delivery(struct gateway *gw)
{
    delivery_tick(gw->delivery);
}

static void close_delivery(struct gateway *gw)
{
    delivery_close(gw->delivery);
}

static void free_delivery(struct gateway *gw)
{
    delivery_free(gw->delivery);
}

static void status_delivery(const struct gateway *gw, json_t *object, bool with_duress)
{
    (void)with_duress;
    json_object_set_new(object, "receivers", delivery_status(gw->delivery));
}

static int read_delivery(const struct gateway *gw, const struct config *config,
                         struct reading *reading, void **ret_read, struct err *e)
{
    struct delivery_files *read;
    int result = delivery_read(gw->delivery, &config->receivers, reading, &read, e);
    if (result == 0)
        *ret_read = read;
    return result;
}

static void drop_delivery(void *read)
{
    delivery_drop(read);
}

static int prepare_delivery(struct gateway *gw, const struct config *config, void *read,
                            void **ret_plan, struct err *e)
{
    return delivery_prepare(gw->delivery, &config->receivers, read, ret_plan, e);
}

static bool delivery_uses_config(const struct gateway *gw, const struct config *config)
{
    return delivery_uses(gw->delivery, &config->receivers);
}

static void commit_delivery(struct gateway *gw, void *plan)
{
    delivery_commit(gw->delivery, plan);
}

static void abandon_delivery(struct gateway *gw, void *plan)
{
    delivery_abandon(gw->delivery, plan);
}

static int connect_events(struct gateway *gw, struct err *e)
{
    (void)e;
    events_connect(gw->events, gw->delivery);
    return 0;
}

static void disconnect_events(struct gateway *gw)
{
    events_disconnect(gw->events);
}

static int open_incidents(struct gateway *gw, struct err *e)
{
    const struct config *c = gw->config;
    struct incidents_options options = {.loop = &gw->loop,
                                        .facts = gw->facts,
                                        .config = {.site = &c->site,
                                                   .alarms = &c->alarms,
                                                   .exercises = &c->exercises,
                                                   .inputs = &c->inputs,
                                                   .receivers = &c->receivers,
                                                   .cameras = &c->cameras},
                                        .events = gw->events,
                                        .faults = gw->faults,
                                        .delivery = gw->delivery};
    return incidents_open(&options, &gw->incidents, e);
}

static void load_incidents(struct gateway *gw)
{
    incidents_load(gw->incidents, &gw->found);
    if (gw->found.earlier)
        incidents_catch_up(gw->incidents, gw->found.earlier);
}

static void tick_incidents(struct gateway *gw)
{
    incidents_tick(gw->incidents);
}

static void close_incidents(struct gateway *gw)
{
    incidents_close(gw->incidents);
}

static void free_incidents(struct gateway *gw)
{
    incidents_free(gw->incidents);
}

static void set_exercise(const struct gateway *gw, json_t *object)
{
    json_object_set_new(object, "exercise", incidents_exercise_status(gw->incidents)); /* or none */
}

static void status_incidents(const struct gateway *gw, json_t *object, bool with_duress)
{
    json_object_set_new(object, "alarms", incidents_status(gw->incidents, with_duress));
    json_object_set_new(object, "alarms_known", json_boolean(incidents_known(gw->incidents)));
    set_exercise(gw, object);
}

static void heartbeat_incidents(const struct gateway *gw, json_t *data)
{
    size_t open = incidents_real_open(gw->incidents);
    json_object_set_new(data, "open_alarms", json_integer((json_int_t)open));
    set_exercise(gw, data);
}

static int end_old_exercise(struct gateway *gw, struct err *e)
{
    (void)e;
    incidents_end_old_exercise(gw->incidents);
    return 0;
}

static int open_lamps(struct gateway *gw, struct err *e)
{
    const struct config *c = gw->config;
    struct lamps_options options = {.loop = &gw->loop,
                                    .facts = gw->facts,
                                    .config = {.indicators = &c->indicators,
                                               .inputs = &c->inputs,
                                               .receivers = &c->receivers,
                                               .cameras = &c->cameras},
                                    .incidents = gw->incidents,
                                    .delivery = gw->delivery,
                                    .faults = gw->faults};
    return lamps_open(&options, &gw->lamps, e);
}

static void close_lamps(struct gateway *gw)
{
    lamps_close(gw->lamps);
}

static void free_lamps(struct gateway *gw)
{
    lamps_free(gw->lamps);
}

static void status_lamps(const struct gateway *gw, json_t *object, bool with_duress)
{
    (void)with_duress;
    json_object_set_new(object, "lamps", lamps_status(gw->lamps));
}

static int open_outputs(struct gateway *gw, struct err *e)
{
    const struct config *c = gw->config;
    struct outputs_options options = {.loop = &gw->loop,
                                      .facts = gw->facts,
                                      .config = {.outputs = &c->outputs, .inputs = &c->inputs},
                                      .incidents = gw->incidents};
    return outputs_open(&options, &gw->outputs, e);
}

static void close_outputs(struct gateway *gw)
{
    outputs_close(gw->outputs);
}

static void free_outputs(struct gateway *gw)
{
    outputs_free(gw->outputs);
}

static void status_outputs(const struct gateway *gw, json_t *object, bool with_duress)
{
    (void)with_duress;
    json_object_set_new(object, "outputs", outputs_status(gw->outputs));
}

static int open_clips(struct gateway *gw, struct err *e)
{
    const struct config *c = gw->config;
    struct clips_options options = {.loop = &gw->loop,
                                    .facts = gw->facts,
                                    .config = {.video = &c->video,
                                               .cameras = &c->cameras,
                                               .inputs = &c->inputs,
                                               .receivers = &c->receivers},
                                    .events = gw->events,
                                    .delivery = gw->delivery,
                                    .incidents = gw->incidents};
    return clips_open(&options, &gw->found, &gw->clips, e);
}

static void tick_clips(struct gateway *gw)
{
    clips_tick(gw->clips);
}

static void close_clips(struct gateway *gw)
{
    clips_close(gw->clips);
}

static void free_clips(struct gateway *gw)
{
    clips_free(gw->clips);
}

static void status_clips(const struct gateway *gw, json_t *object, bool with_duress)
{
    size_t i;
    json_t *receiver;
    (void)with_duress;
    json_array_foreach(json_object_get(object, "receivers"), i, receiver) json_object_set_new(
        receiver, "uploads_held", json_integer((json_int_t)clips_held(gw->clips, i)));
    json_object_set_new(object, "cameras", clips_cameras_status(gw->clips));
    json_object_set_new(object, "video",
                        json_pack("{sb,so*}", "connected", clips_connected(gw->clips), "room",
                                  clips_room(gw->clips)));
}

static void heartbeat_clips(const struct gateway *gw, json_t *data)
{
    json_object_set_new(data, "cameras", clips_cameras_heartbeat(gw->clips));
    json_object_set_new(data, "video_room", clips_room(gw->clips)); /* or none */
}

static int open_inputs(struct gateway *gw, struct err *e)
{
    const struct config *c = gw->config;
    struct inputs_options options = {.loop = &gw->loop,
                                     .facts = gw->facts,
                                     .config = {.inputs = &c->inputs, .exercises = &c->exercises},
                                     .incidents = gw->incidents};
    return inputs_open(&options, &gw->inputs, e);
}

static void tick_inputs(struct gateway *gw)
{
    inputs_tick(gw->inputs);
}

static void close_inputs(struct gateway *gw)
{
    inputs_close(gw->inputs);
}

static void free_inputs(struct gateway *gw)
{
    inputs_free(gw->inputs);
}

static void status_inputs(const struct gateway *gw, json_t *object, bool with_duress)
{
    json_object_set_new(object, "inputs", inputs_status(gw->inputs, with_duress));
}

static void heartbeat_inputs(const struct gateway *gw, json_t *data)
{
    json_object_set_new(data, "inputs", inputs_heartbeat(gw->inputs));
}

static int open_operate(struct gateway *gw, struct err *e)
{
    const struct config *c = gw->config;
    struct operate_options options = {.loop = &gw->loop,
                                      .facts = gw->facts,
                                      .config = {.control = &c->control,
                                                 .inputs = &c->inputs,
                                                 .receivers = &c->receivers,
                                                 .alarms = &c->alarms,
                                                 .exercises = &c->exercises},
                                      .inputs = gw->inputs,
                                      .incidents = gw->incidents,
                                      .events = gw->events,
                                      .delivery = gw->delivery,
                                      .status = parts_status,
                                      .reload = reload_begin,
                                      .arg = gw};
    return operate_open(&options, &gw->operate, e);
}

static void tick_operate(struct gateway *gw)
{
    operate_tick(gw->operate);
}

static void close_operate(struct gateway *gw)
{
    operate_close(gw->operate);
}

static void free_operate(struct gateway *gw)
{
    operate_free(gw->operate);
}

/* Facts are told to subscribers in this order, too: incidents change before anybody shows them. */
const struct part parts[] = {
    {.name = "signing",
     .open = open_signing,
     .tick = tick_signing,
     .close = close_signing,
     .free = free_signing},
    /* The store stands before an event is made. */
    {.name = "events",
     .open = open_events,
     .tick = tick_events,
     .busy = events_are_busy,
     .close = close_events,
     .free = free_events,
     .status = status_events,
     .heartbeat = heartbeat_events},
    /* Before the first part that may state one. */
    {.name = "faults",
     .open = open_faults,
     .load = load_faults,
     .tick = tick_faults,
     .free = free_faults,
     .status = status_faults,
     .heartbeat = heartbeat_faults},
    /* Connections warm while the rest starts. */
    {.name = "delivery",
     .open = open_delivery,
     .tick = tick_delivery,
     .close = close_delivery,
     .free = free_delivery,
     .status = status_delivery,
     .section = "receivers",
     .read = read_delivery,
     .drop = drop_delivery,
     .prepare = prepare_delivery,
     .commit = commit_delivery,
     .abandon = abandon_delivery,
     .uses = delivery_uses_config},
    {.name = "events to receivers", .open = connect_events, .close = disconnect_events},
    /* What was open is known before a line is read. */
    {.name = "incidents",
     .open = open_incidents,
     .load = load_incidents,
     .tick = tick_incidents,
     .close = close_incidents,
     .free = free_incidents,
     .status = status_incidents,
     .heartbeat = heartbeat_incidents},
    {.name = "lamps",
     .open = open_lamps,
     .close = close_lamps,
     .free = free_lamps,
     .status = status_lamps},
    {.name = "outputs",
     .open = open_outputs,
     .close = close_outputs,
     .free = free_outputs,
     .status = status_outputs},
    {.name = "clips",
     .open = open_clips,
     .tick = tick_clips,
     .close = close_clips,
     .free = free_clips,
     .status = status_clips,
     .heartbeat = heartbeat_clips},
    /* Closed before all this: what was pressed until then is in the store's queue. */
    {.name = "inputs",
     .open = open_inputs,
     .tick = tick_inputs,
     .close = close_inputs,
     .free = free_inputs,
     .status = status_inputs,
     .heartbeat = heartbeat_inputs},
    /* A press found at the start is told before the drill from before the restart ends. */
    {.name = "old exercise", .open = end_old_exercise},
    /* Last: from here on the world may ask how we are. */
    {.name = "control",
     .open = open_operate,
     .tick = tick_operate,
     .close = close_operate,
     .free = free_operate},
};
const size_t part_count = sizeof parts / sizeof *parts;
static_assert(sizeof parts / sizeof *parts <= PARTS_MAX, "a reload has a plan for each");

json_t *parts_status(void *arg, bool with_duress)
{
    const struct gateway *gw = arg;
    json_t *object = json_pack("{ss,ss,ss,ss?,sI}", "gateway", gw->config->site.id, "site",
                               gw->config->site.name, "version", TOCSIN_VERSION, "signing_key",
                               signing_keyid(gw->signing), "uptime_ms",
                               (json_int_t)(clock_monotonic_ms() - gw->started_ms));
    json_object_set_new(object, "configuration", file_status(gw));
    json_object_set_new(object, "waiting_for_restart", pending_status(gw));
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].status)
            parts[i].status(gw, object, with_duress);
    }
    return object;
}

struct event *parts_heartbeat(void *arg, json_t *data)
{
    struct gateway *gw = arg;
    if (!gw->running) { /* a part that it asks may not be there yet */
        json_decref(data);
        return NULL;
    }
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].heartbeat)
            parts[i].heartbeat(gw, data);
    }
    json_object_set_new(data, "version", json_string(TOCSIN_VERSION));
    return events_heartbeat(gw->events, data);
}
