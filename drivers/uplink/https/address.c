/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/address.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic_file.h"
#include "base/log.h"
#include "base/timely_file.h"
#include "drivers/uplink/https/address_list.h"
#include "loop/resolve.h"

/* How old the last look-up must be before there is another. */
#define AGE_WORKING_MS (5 * 60 * 1000)
#define AGE_FAILING_MS 1000

#define START_WAIT_MS 50 /* for the disk */

#define FILE_SIZE   512
#define SAVED_BYTES 4096

struct address_book {
    struct address_options options;
    bool numeric; /* the url holds the address */
    struct resolver *resolver;
    struct address_list list;
    char saved_address[INET6_ADDRSTRLEN]; /* as in the file */
    char reason[160];                     /* why the last look-up failed; "" if it did not */
    bool looking;
    int64_t looked_ms; /* loop time of the last look-up's end; 0: none yet */
    char file[FILE_SIZE];
    LIST_HEAD(, address_waiter) waiters;
};

/* Writing the file of last good addresses waits for the disk: in libuv's pool. */
struct save {
    uv_work_t work;
    char path[FILE_SIZE];
    char text[ADDRESS_LIST_TEXT_SIZE];
};

static void run_save(uv_work_t *work)
{
    struct save *save = work->data;
    struct err e;
    if (atomic_file_write(save->path, 0600, save->text, strlen(save->text), &e) != 0)
        log_warning("uplink", "last good addresses not saved: %s", e.text);
}

static void free_save(uv_work_t *work, int status)
{
    (void)status;
    free(work->data);
}

static void save_addresses(struct address_book *b)
{
    struct save *save = calloc(1, sizeof *save);
    if (!save)
        return;
    save->work.data = save;
    memcpy(save->path, b->file, sizeof save->path);
    address_list_write(&b->list, save->text);
    memcpy(b->saved_address, b->list.items[0], sizeof b->saved_address);
    if (uv_queue_work(b->options.loop, &save->work, run_save, free_save) != 0)
        free(save);
}

/* False if it is too long. */
static bool name_file(char ret_path[FILE_SIZE], const char *state_dir, const char *receiver)
{
    return snprintf(ret_path, FILE_SIZE, "%s/addresses-%s", state_dir, receiver) < FILE_SIZE;
}

char *address_read_saved(const char *state_dir, const char *receiver, struct reading *reading)
{
    char path[FILE_SIZE], *text;
    if (!name_file(path, state_dir, receiver))
        return NULL;
    reading_file(reading, path);
    /* There is none at the first start. Where nobody asks, somebody waits to hear presses. */
    int result = reading ? atomic_file_read(path, SAVED_BYTES, &text, NULL, NULL)
                         : timely_file_read(path, SAVED_BYTES, START_WAIT_MS, &text);
    if (result == -ETIMEDOUT)
        log_warning("uplink", "%s: the disk has not answered: without the last good addresses",
                    path);
    return result == 0 ? text : NULL;
}

static void take_saved(struct address_book *b)
{
    char text[SAVED_BYTES + 1];
    snprintf(text, sizeof text, "%s", b->options.saved ? b->options.saved : "");
    b->options.saved = NULL;
    address_list_read(&b->list, text);
    if (b->list.count > 0)
        memcpy(b->saved_address, b->list.items[0], sizeof b->saved_address);
}

static void tell_waiters(struct address_book *b)
{
    struct address_waiter *w;
    while ((w = LIST_FIRST(&b->waiters))) {
        address_stop_waiting(w);
        w->on_looked_up(w);
    }
}

static void take_addresses(struct address_book *b, const struct resolve_result *result)
{
    char used[INET6_ADDRSTRLEN];
    snprintf(used, sizeof used, "%s", address_first(b));
    if (!address_list_take(&b->list, result, b->saved_address))
        return;
    log_info("uplink", "%s: %s has moved from %s to %s", b->options.receiver, b->options.name, used,
             address_first(b));
    b->options.on_moved(b->options.arg);
}

static void on_looked_up(void *arg, const struct resolve_result *result)
{
    struct address_book *b = arg;
    b->looking = false;
    b->looked_ms = (int64_t)uv_now(b->options.loop);
    if (result->count == 0) {
        if (strcmp(b->reason, result->reason) != 0)
            log_warning("uplink", "%s: look-up of %s failed: %s%s", b->options.receiver,
                        b->options.name, result->reason,
                        b->list.count ? " (going on with the last address)" : "");
        snprintf(b->reason, sizeof b->reason, "%s", result->reason);
    } else {
        b->reason[0] = '\0';
        take_addresses(b, result);
    }
    tell_waiters(b);
}

void address_look_up_now(struct address_book *b)
{
    if (!b->resolver || b->looking)
        return;
    b->looking = true;
    resolver_lookup(b->resolver, b->options.name, on_looked_up, b);
}

static void look_up_if_older(struct address_book *b, int64_t age_ms)
{
    if (b->looked_ms == 0 || (int64_t)uv_now(b->options.loop) - b->looked_ms >= age_ms)
        address_look_up_now(b);
}

void address_look_up(struct address_book *b)
{
    look_up_if_older(b, AGE_FAILING_MS);
}

bool address_is_looking(const struct address_book *b)
{
    return b->looking;
}

void address_wait(struct address_book *b, struct address_waiter *w)
{
    LIST_INSERT_HEAD(&b->waiters, w, all);
    w->waits = true;
}

void address_stop_waiting(struct address_waiter *w)
{
    if (w->waits)
        LIST_REMOVE(w, all);
    w->waits = false;
}

static int read_options(struct address_book *b, struct err *e)
{
    const struct address_options *o = &b->options;
    for (size_t i = 0; i < o->addresses->count; i++)
        address_list_add(&b->list, o->addresses->items[i]);
    if (b->list.count > 0)
        return 0;
    char servers[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < o->name_servers->count && used < sizeof servers; i++)
        used += (size_t)snprintf(servers + used, sizeof servers - used, "%s%s", i ? "," : "",
                                 o->name_servers->items[i]);
    if (used >= sizeof servers)
        return err_set(e, EINVAL, "name_servers: too many");
    take_saved(b);
    return resolver_create(o->loop, used ? servers : NULL, &b->resolver, e);
}

static int begin(struct address_book *b, struct err *e)
{
    const struct address_options *o = &b->options;
    b->numeric = resolve_is_numeric(o->name);
    if (b->numeric)
        return 0;
    if (!name_file(b->file, o->state_dir, o->receiver))
        return err_set(e, ENAMETOOLONG, "%s: path too long", o->state_dir);
    int result = read_options(b, e);
    if (result == 0)
        address_look_up_now(b);
    return result;
}

int address_open(const struct address_options *options, struct address_book **ret_book,
                 struct err *e)
{
    struct address_book *b = calloc(1, sizeof *b);
    if (!b)
        return err_set(e, ENOMEM, "https: out of memory");
    b->options = *options;
    int result = begin(b, e);
    if (result == 0)
        *ret_book = b;
    else
        address_close(b);
    return result;
}

bool address_known(const struct address_book *b)
{
    return b->numeric || b->list.count > 0;
}

size_t address_count(const struct address_book *b)
{
    return b->list.count;
}

const char *address_first(const struct address_book *b)
{
    return b->list.count > 0 ? b->list.items[0] : "";
}

void address_explain(const struct address_book *b, long long after_ms, char *ret_text, size_t size)
{
    char after[40] = "";
    if (after_ms > 0)
        snprintf(after, sizeof after, " after %lld ms", after_ms);
    snprintf(ret_text, size, "the address of %s is not known%s: %s", b->options.name, after,
             b->reason[0] ? b->reason : "no name server has answered yet");
}

void address_failed(struct address_book *b, const char *address)
{
    address_list_failed(&b->list, address);
    address_look_up(b);
}

void address_works(struct address_book *b, const char *address)
{
    if (!address_list_works(&b->list, address))
        return;
    if (b->resolver && strcmp(b->saved_address, address) != 0)
        save_addresses(b);
    look_up_if_older(b, AGE_WORKING_MS);
}

void address_close(struct address_book *b)
{
    if (!b)
        return;
    assert(LIST_EMPTY(&b->waiters));
    resolver_close(b->resolver);
    free(b);
}
