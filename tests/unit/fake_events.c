/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_events.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake fake;

void fake_begin(void)
{
    fake = (struct fake){.responders = 1, .proven = 1, .takers = 1};
}

static void free_event(struct fake_event *event)
{
    json_decref(event->data);
    free(event->row_text);
}

void fake_end(void)
{
    for (size_t i = 0; i < fake.count; i++)
        free_event(&fake.events[i]);
    for (size_t i = 0; i < fake.row_count; i++)
        free(fake.rows[i].text);
    fake = (struct fake){0};
}

static struct fake_row *find_row(const char *name)
{
    for (size_t i = 0; i < fake.row_count; i++) {
        if (strcmp(fake.rows[i].name, name) == 0)
            return &fake.rows[i];
    }
    return NULL;
}

const char *fake_row(const char *name)
{
    const struct fake_row *row = find_row(name);
    return row ? row->text : NULL;
}

unsigned fake_saved(const char *name)
{
    const struct fake_row *row = find_row(name);
    return row ? row->saved : 0;
}

static void keep_row(const struct outbox_row *row)
{
    struct fake_row *kept = find_row(row->name);
    if (!kept) {
        ck_assert_uint_lt(fake.row_count, sizeof fake.rows / sizeof *fake.rows);
        kept = &fake.rows[fake.row_count++];
        snprintf(kept->name, sizeof kept->name, "%s", row->name);
    }
    free(kept->text);
    kept->text = strdup(row->text);
    kept->saved++;
}

void fake_lose_row(const char *name)
{
    struct fake_row *row = find_row(name);
    ck_assert_ptr_nonnull(row);
    free(row->text);
    *row = fake.rows[--fake.row_count];
    fake.rows[fake.row_count] = (struct fake_row){0};
}

const struct fake_event *fake_last(const char *type)
{
    for (size_t i = fake.count; i-- > 0;) {
        if (strcmp(fake.events[i].type, type) == 0)
            return &fake.events[i];
    }
    return NULL;
}

size_t fake_count(const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < fake.count; i++)
        count += strcmp(fake.events[i].type, type) == 0;
    return count;
}

const char *fake_text(const struct fake_event *event, const char *name)
{
    const char *text = event ? json_string_value(json_object_get(event->data, name)) : NULL;
    return text ? text : "";
}

/* An event of the journal, with that row. */
static struct outbox_restored *restore(const char *alarm, const char *row)
{
    struct outbox_restored *made = calloc(1, sizeof *made);
    made->event = calloc(1, sizeof *made->event + 1);
    made->event->references = 1;
    snprintf(made->event->alarm, sizeof made->event->alarm, "%s", alarm);
    made->row_name = row ? strdup(row) : NULL;
    return made;
}

struct outbox_found fake_found(void)
{
    struct outbox_found found = {.last_seq = fake.count,
                                 .row_count = fake.row_count,
                                 .state_lost = fake.state_lost,
                                 .earlier = fake.earlier,
                                 .rows = calloc(fake.row_count + 1, sizeof *found.rows)};
    for (size_t i = 0; !fake.unknown && i < fake.row_count; i++) {
        found.rows[i].name = strdup(fake.rows[i].name);
        found.rows[i].text = strdup(fake.rows[i].text);
    }
    if (fake.restored_alarm) {
        found.restored_count = 1;
        found.restored = restore(fake.restored_alarm, fake.restored_row);
    }
    if (fake.unknown) {
        snprintf(found.unknown, sizeof found.unknown, "%s", fake.unknown);
        found.row_count = 0;
    }
    return found;
}

uint64_t events_next_seq(struct events *ev)
{
    (void)ev;
    return fake.count + 1;
}

uint64_t events_emit(struct events *ev, const struct events_new *made)
{
    (void)ev;
    if (fake.cannot_emit) {
        json_decref(made->data);
        return 0;
    }
    ck_assert_uint_lt(fake.count, FAKE_EVENTS_MAX);
    struct fake_event *event = &fake.events[fake.count++];
    *event = (struct fake_event){.class = made->class, .at_ns = made->at_ns, .data = made->data};
    snprintf(event->type, sizeof event->type, "%s", made->type);
    snprintf(event->alarm, sizeof event->alarm, "%s", made->alarm);
    snprintf(event->row, sizeof event->row, "%s", made->row ? made->row->name : "");
    event->row_text = made->row ? strdup(made->row->text) : NULL;
    if (made->row)
        keep_row(made->row);
    if (made->upload)
        fake.upload_receivers = made->upload_receivers;
    return fake.seq_before + fake.count;
}

bool events_may_number(const struct events *ev)
{
    (void)ev;
    return !fake.has_no_number;
}

bool events_have_room(const struct events *ev)
{
    (void)ev;
    return !fake.has_no_room;
}

void events_save_row(struct events *ev, const struct outbox_row *row)
{
    (void)ev;
    keep_row(row);
}

void events_record_answer(struct events *ev, size_t receiver, const struct uplink_answer *answer,
                          const struct outbox_row *row)
{
    (void)ev;
    (void)receiver;
    fake.answers_recorded++;
    fake.answer = *answer;
    snprintf(fake.answer_row, sizeof fake.answer_row, "%s", row->name);
    keep_row(row);
}

bool events_when_kept(struct events *ev, kept_handler done, void *arg)
{
    (void)ev;
    if (fake.too_many_wait)
        return false;
    ck_assert_uint_lt(fake.kept_count, FAKE_KEPT_MAX);
    fake.kept[fake.kept_count].done = done;
    fake.kept[fake.kept_count++].arg = arg;
    return true;
}

void events_forget_kept(struct events *ev, const void *arg)
{
    (void)ev;
    for (size_t i = fake.kept_count; i-- > 0;) {
        if (fake.kept[i].arg == arg)
            fake.kept[i] = fake.kept[--fake.kept_count];
    }
}

void fake_keep(bool stored)
{
    while (fake.kept_count > 0) {
        fake.kept_count--;
        fake.kept[fake.kept_count].done(fake.kept[fake.kept_count].arg, stored);
    }
}

struct clock_stamp events_stamp(const struct events *ev, int64_t at_ns)
{
    (void)ev;
    return clock_stamp_at(at_ns, 0);
}

const char *events_boot(const struct events *ev)
{
    (void)ev;
    return "this-boot";
}

struct outbox *events_outbox(const struct events *ev)
{
    return (struct outbox *)ev;
}

static uint32_t asked(unsigned level)
{
    return level >= 2 ? fake.responders : fake.responders & ~fake.group_of_two;
}

uint32_t delivery_asked(const struct delivery *d, unsigned level)
{
    (void)d;
    return asked(level);
}

unsigned delivery_groups(const struct delivery *d)
{
    (void)d;
    return fake.group_of_two ? 2 : 1;
}

uint32_t delivery_responders(const struct delivery *d)
{
    (void)d;
    return fake.responders;
}

uint32_t delivery_proven(const struct delivery *d)
{
    (void)d;
    return fake.proven;
}

uint32_t delivery_takes_clips(const struct delivery *d)
{
    (void)d;
    return fake.takers;
}

void delivery_set_alarm_open(struct delivery *d, bool open)
{
    (void)d;
    fake.alarm_open = open;
}

bool delivery_upload(struct delivery *d, size_t receiver, uint64_t seq,
                     const struct uplink_file *file)
{
    (void)d;
    if (fake.refuse_uploads >> receiver & 1)
        return false;
    fake.uploads++;
    fake.upload.receiver = receiver;
    fake.upload.seq = seq;
    fake.upload.length_bytes = file->length_bytes;
    snprintf(fake.upload.manifest, sizeof fake.upload.manifest, "%s", file->manifest);
    snprintf(fake.upload.path, sizeof fake.upload.path, "%s", file->path);
    snprintf(fake.upload.filename, sizeof fake.upload.filename, "%s", file->filename);
    return true;
}

bool events_accept_damage(struct events *ev, const char *by, const char *note)
{
    (void)ev;
    bool was_damaged = fake.damaged;
    snprintf(fake.seen_by, sizeof fake.seen_by, "%s: %s", by, note ? note : "");
    fake.damaged = false;
    return was_damaged;
}

/* The rest of both, so that the linker needs nothing of the real ones. */
bool events_idle(const struct events *ev)
{
    (void)ev;
    return true;
}

bool events_store_works(const struct events *ev)
{
    (void)ev;
    return true;
}

const char *events_store_trouble(const struct events *ev)
{
    (void)ev;
    return fake.store_trouble ? fake.store_trouble : "";
}

struct event *events_heartbeat(struct events *ev, json_t *data)
{
    (void)ev;
    json_decref(data);
    return NULL;
}

uint32_t delivery_takes(const struct delivery *d, enum event_class class)
{
    (void)d;
    return class == EVENT_CLASS_PRESS ? UINT32_MAX : ~fake.alarms_only;
}

void delivery_reply(struct delivery *d, uint64_t ticket, const struct uplink_reply *reply)
{
    (void)d;
    fake.replies++;
    fake.reply.ticket = ticket;
    fake.reply.reply = *reply;
}

enum delivery_standing delivery_look(const struct delivery *d, size_t receiver, uint64_t seq,
                                     struct delivery_refused *ret_refused)
{
    (void)d;
    for (size_t i = 0; i < fake.refused_count; i++) {
        *ret_refused = fake.refused[i];
        if (ret_refused->receiver == receiver && ret_refused->seq == seq)
            return DELIVERY_STANDING_REFUSED;
    }
    if (receiver == 0 && seq == fake.given_up_seq)
        return DELIVERY_STANDING_GIVEN_UP;
    return receiver == 0 && seq == fake.waiting_seq ? DELIVERY_STANDING_WAITS
                                                    : DELIVERY_STANDING_NONE;
}

void delivery_each_refused(const struct delivery *d,
                           void (*each)(void *arg, const struct delivery_refused *refused),
                           void *arg)
{
    (void)d;
    for (size_t i = 0; i < fake.refused_count; i++)
        each(arg, &fake.refused[i]);
}

char *delivery_given_up_row(const struct delivery *d, size_t receiver, uint64_t seq)
{
    char text[40];
    (void)d;
    snprintf(text, sizeof text, "%llu at %zu", (unsigned long long)seq, receiver);
    return fake.cannot_note ? NULL : strdup(text);
}

void delivery_give_up(struct delivery *d, size_t receiver, uint64_t seq)
{
    (void)d;
    (void)receiver;
    fake.given_up_seq = seq;
    fake.given_up++;
    fake.refused_count = 0;
}
