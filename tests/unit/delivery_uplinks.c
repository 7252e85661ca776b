/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery_uplinks.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct attempt attempts[ATTEMPTS_MAX];
size_t attempt_count;
struct uplink uplinks[12];
size_t uplink_count;
const char *refuse_open, *refuse_read, *new_files;
atomic_uint reads_in_loop, reads;
static uv_thread_t loop_thread;
static atomic_bool disk_is_held;
static uv_sem_t waits, may_go_on;

void hold_disk(void)
{
    uv_sem_init(&waits, 0);
    uv_sem_init(&may_go_on, 0);
    disk_is_held = true;
}

void await_read(void)
{
    uv_sem_wait(&waits);
}

void let_disk_go(unsigned times)
{
    while (times-- > 0)
        uv_sem_post(&may_go_on);
}

void let_others_read(void)
{
    disk_is_held = false;
}

struct uplink_files {
    bool is_new;
};

static int read_files(const void *options, const struct uplink_source *source,
                      struct uplink_files **ret_files, struct err *e)
{
    uv_thread_t self = uv_thread_self();
    (void)options;
    reads++;
    reads_in_loop += uv_thread_equal(&self, &loop_thread) != 0;
    reading_file(source->reading, "/its/file");
    if (disk_is_held) {
        uv_sem_post(&waits);
        uv_sem_wait(&may_go_on);
    }
    if (refuse_read && (!refuse_read[0] || strcmp(source->receiver, refuse_read) == 0))
        return err_set(e, ENOENT, "/its/file: no such file");
    *ret_files = calloc(1, sizeof **ret_files);
    (*ret_files)->is_new = new_files && strcmp(source->receiver, new_files) == 0;
    return 0;
}

static bool same_files(const struct uplink_files *a, const struct uplink_files *b)
{
    return a->is_new == b->is_new;
}

static void free_files(struct uplink_files *files)
{
    for (size_t i = 0; files && i < uplink_count; i++)
        ck_assert_msg(uplinks[i].closed || uplinks[i].files != files, "they are still borrowed");
    free(files);
}

static int open_uplink(const void *options, const struct uplink_host *host, uv_loop_t *loop,
                       struct uplink **ret_uplink, struct err *e)
{
    (void)options;
    (void)loop;
    if (refuse_open && strcmp(host->receiver, refuse_open) == 0)
        return err_set(e, EINVAL, "no certificate");
    ck_assert_uint_lt(uplink_count, sizeof uplinks / sizeof *uplinks);
    struct uplink *u = &uplinks[uplink_count];
    if (uplink_count == 0)
        loop_thread = uv_thread_self();
    *u = (struct uplink){.number = uplink_count++, .host = *host, .files = host->files};
    *ret_uplink = u;
    return 0;
}

static void add_attempt(struct uplink *u, bool upload, const struct event *event,
                        uplink_done_handler done, void *arg)
{
    ck_assert_uint_lt(attempt_count, ATTEMPTS_MAX);
    attempts[attempt_count++] =
        (struct attempt){.uplink = u->number,
                         .upload = upload,
                         .seq = event ? event->seq : 0,
                         .class = event ? event->class : EVENT_CLASS_MANIFEST,
                         .done = done,
                         .arg = arg};
}

static void send_event(struct uplink *u, enum uplink_lane lane, struct event *event,
                       const struct event_view *view, uplink_done_handler done, void *arg)
{
    (void)lane;
    (void)view;
    add_attempt(u, false, event, done, arg);
}

static void upload(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
                   void *arg)
{
    (void)file;
    add_attempt(u, true, NULL, done, arg);
}

void end_attempt(struct attempt *a, const struct uplink_result *result)
{
    a->ended = true;
    a->done(a->arg, result);
}

static void close_uplink(struct uplink *u)
{
    u->closed = true;
    u->files = u->host.files = NULL; /* borrowed no more: who loses them leaks */
    for (size_t i = 0; i < attempt_count; i++) {
        if (attempts[i].uplink == u->number && !attempts[i].ended)
            end_attempt(&attempts[i], &(struct uplink_result){.outcome = UPLINK_OUTCOME_CANCELLED});
    }
}

static void reply(struct uplink *u, uint64_t ticket, const struct uplink_reply *given)
{
    ck_assert(!u->closed);
    u->replies++;
    u->ticket = ticket;
    u->reply = *given;
}

const struct uplink_driver uplink_fake = {.type = {.name = "fake"},
                                          .takes = UPLINK_TAKES_ALL,
                                          .open = open_uplink,
                                          .send = send_event,
                                          .upload = upload,
                                          .reply = reply,
                                          .close = close_uplink,
                                          .read = read_files,
                                          .same_files = same_files,
                                          .free_files = free_files};
const struct uplink_driver uplink_small = {.type = {.name = "small"},
                                           .takes = UPLINK_TAKES(EVENT_CLASS_PRESS),
                                           .open = open_uplink,
                                           .send = send_event,
                                           .close = close_uplink};

struct attempt *under_way(size_t uplink, uint64_t seq)
{
    for (size_t i = 0; i < attempt_count; i++) {
        if (attempts[i].uplink == uplink && attempts[i].seq == seq && !attempts[i].ended)
            return &attempts[i];
    }
    return NULL;
}
