/* SPDX-License-Identifier: Apache-2.0 */
/* Uplinks: opened, stood in for, and what they ask and say beside attempts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "delivery/closed_uplink.h"
#include "delivery/internal.h"
#include "envelope/view.h"

bool uplinks_view(void *arg, const struct event *event, struct event_view *ret_view)
{
    struct err e;
    (void)arg;
    bool readable = envelope_view(event, ret_view, &e) == 0;
    if (!readable)
        log_error("dispatch", "%s", e.text);
    return readable;
}

static void on_link(void *arg, enum uplink_link link, const char *reason)
{
    const struct delivery_receiver *r = arg;
    if (r->delivery->dispatch)
        dispatch_link_said(r->delivery->dispatch, r->index, link, reason);
}

static void on_command(void *arg, const struct uplink_command *command, uint64_t ticket)
{
    commands_take(arg, command, ticket);
}

void uplinks_tell_takes(const struct delivery_receiver *r)
{
    const struct dispatch *dispatch = r->delivery->dispatch;
    uint32_t classes = 0;
    for (int c = EVENT_CLASS_PRESS; c <= EVENT_CLASS_MANIFEST; c++)
        classes |= dispatch_takes(dispatch, r->index, (enum event_class)c) ? UPLINK_TAKES(c) : 0;
    bool clips = dispatch_takes_clips(dispatch, r->index);
    outbox_set_takes(r->delivery->options.outbox, r->index, classes, clips);
    if (!clips)
        facts_publish(r->delivery->options.facts,
                      &(struct fact){.kind = FACT_NO_CLIPS, .u.no_clips = r->index});
}

int uplinks_read(const struct delivery *d, const struct config_receiver *config,
                 struct reading *reading, struct uplink_files **ret_files, struct err *e)
{
    const struct uplink_driver *driver = uplink_driver_of(config->driver.type);
    const struct uplink_source source = {
        .state_dir = d->options.state_dir, .receiver = config->id, .reading = reading};
    *ret_files = NULL;
    return driver->read ? driver->read(config->driver.options, &source, ret_files, e) : 0;
}

void uplinks_free_files(const struct uplink_driver *driver, struct uplink_files *files)
{
    if (files)
        driver->free_files(files);
}

int uplinks_open(struct delivery_receiver *r, const struct config_receiver *config,
                 struct uplink_files *files, struct dispatch_receiver_options *ret_options,
                 struct err *e)
{
    const struct delivery_options *o = &r->delivery->options;
    const struct uplink_driver *driver = uplink_driver_of(config->driver.type);
    struct uplink_host host = {.signer = o->signer,
                               .files = files,
                               .state_dir = o->state_dir,
                               .receiver = config->id,
                               .on_link = on_link,
                               .on_command = on_command,
                               .arg = r};
    struct uplink *uplink;
    int result = driver->open(config->driver.options, &host, o->loop, &uplink, e);
    if (result != 0)
        return result;
    *ret_options =
        (struct dispatch_receiver_options){.driver = driver,
                                           .uplink = uplink,
                                           .heartbeat_ms = config->heartbeat_ms,
                                           .alarm_heartbeat_ms = config->alarm_heartbeat_ms,
                                           .no_clips = !config->clips};
    return 0;
}

static void stand_in(struct delivery_receiver *r, const char *why,
                     struct dispatch_receiver_options *ret_options)
{
    const struct delivery_options *o = &r->delivery->options;
    log_error("receiver", "%s: %s", r->config->id, why);
    facts_state_fault(o->facts, FAULT_RECEIVER_SETTINGS, r->config->id, why);
    r->reopen_ms = clock_monotonic_ms() + REOPEN_MS;
    r->stand_in = closed_uplink_create(o->loop, why);
    *ret_options =
        (struct dispatch_receiver_options){.driver = &closed_uplink,
                                           .uplink = r->stand_in,
                                           .heartbeat_ms = r->config->heartbeat_ms,
                                           .alarm_heartbeat_ms = r->config->alarm_heartbeat_ms,
                                           .no_clips = !r->config->clips};
}

void uplinks_open_or_stand_in(struct delivery_receiver *r,
                              struct dispatch_receiver_options *ret_options)
{
    struct uplink_files *files;
    struct err e;
    int result = uplinks_read(r->delivery, r->config, NULL, &files, &e);
    if (result == 0)
        result = uplinks_open(r, r->config, files, ret_options, &e);
    if (result != 0) {
        uplinks_free_files(uplink_driver_of(r->config->driver.type), files);
        stand_in(r, e.text, ret_options);
        return;
    }
    r->driver = ret_options->driver;
    r->files = files;
}

void uplinks_replace(struct delivery_receiver *r, const struct dispatch_receiver_options *options,
                     struct uplink_files *files)
{
    const bool was_closed = r->stand_in;
    commands_end(r->delivery, r->index,
                 "the connection was replaced before it was known to be done: ask again");
    r->opened_ms = clock_monotonic_ms();
    r->link = DISPATCH_LINK_UNPROVEN;
    dispatch_replace_uplink(r->delivery->dispatch, r->index, options);
    uplinks_free_files(r->driver, r->files); /* of the one that was closed */
    r->stand_in = NULL;
    r->driver = options->driver;
    r->files = files;
    uplinks_tell_takes(r);
    if (was_closed) /* its link says the next word only when it is proven, or overdue */
        facts_state_fault(r->delivery->options.facts, FAULT_RECEIVER_SETTINGS, r->config->id, NULL);
    /* Always: who responds may have changed with it. */
    facts_publish(
        r->delivery->options.facts,
        &(struct fact){.kind = FACT_LINK, .u.link = {.receiver = r->index, .proven = false}});
}
