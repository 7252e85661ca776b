/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reload of the receivers: whoever is as before, and whose files are, keeps its uplink with all
 * that is under way; of the others all new uplinks are open before the first old one goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "delivery/internal.h"

/* What was read, receiver by receiver; each owned here until it is taken. */
struct delivery_files {
    size_t count;
    struct {
        const struct uplink_driver *driver;
        struct uplink_files *files;
    } of[LIMIT_RECEIVERS];
};

struct plan {
    const struct config_receivers *receivers;
    struct delivery_files *read; /* of those that are replaced */
    bool replaces[LIMIT_RECEIVERS];
    struct dispatch_receiver_options options[LIMIT_RECEIVERS];
};

int delivery_read(const struct delivery *d, const struct config_receivers *receivers,
                  struct reading *reading, struct delivery_files **ret_read, struct err *e)
{
    struct delivery_files *read = calloc(1, sizeof *read);
    if (!read)
        return err_set(e, ENOMEM, "receivers: out of memory");
    for (; read->count < receivers->count; read->count++) {
        const struct config_receiver *config = &receivers->items[read->count];
        int result = uplinks_read(d, config, reading, &read->of[read->count].files, e);
        if (result != 0) {
            delivery_drop(read);
            return err_prefix(e, result, "%s:%d:%d: receiver %s", receivers->path, config->at.line,
                              config->at.column, config->id);
        }
        read->of[read->count].driver = uplink_driver_of(config->driver.type);
    }
    *ret_read = read;
    return 0;
}

void delivery_drop(struct delivery_files *read)
{
    for (size_t i = 0; read && i < read->count; i++)
        uplinks_free_files(read->of[i].driver, read->of[i].files);
    free(read);
}

static int check_same(const struct delivery *d, const struct config_receivers *receivers,
                      struct err *e)
{
    bool same = receivers->count == d->count;
    for (size_t i = 0; same && i < d->count; i++)
        same = strcmp(receivers->items[i].id, d->receivers[i].config->id) == 0;
    return same ? 0
                : err_set(e, EINVAL,
                          "receivers were added, removed or put in another order: that takes a "
                          "restart (systemctl restart tocsind)");
}

/* A stand-in is never as before: its place is to be taken. */
static bool is_as_before(const struct delivery_receiver *r, const struct config_receiver *config,
                         const struct uplink_files *files)
{
    return r->driver && receivers_are_same(r->config, config) &&
           (!files || r->driver->same_files(r->files, files));
}

static int plan_one(struct plan *plan, struct delivery_receiver *r, struct err *e)
{
    size_t i = r->index;
    const struct config_receiver *config = &plan->receivers->items[i];
    if (is_as_before(r, config, plan->read->of[i].files))
        return 0;
    int result = uplinks_open(r, config, plan->read->of[i].files, &plan->options[i], e);
    plan->replaces[i] = result == 0;
    return result == 0 ? 0 : err_prefix(e, result, "receiver %s", config->id);
}

void delivery_abandon(struct delivery *d, void *arg)
{
    struct plan *plan = arg;
    for (size_t i = 0; i < d->count; i++) {
        if (plan->replaces[i])
            plan->options[i].driver->close(plan->options[i].uplink);
    }
    delivery_drop(plan->read);
    free(plan);
}

int delivery_prepare(struct delivery *d, const struct config_receivers *receivers,
                     struct delivery_files *read, void **ret_plan, struct err *e)
{
    struct plan *plan = calloc(1, sizeof *plan);
    if (!plan) {
        delivery_drop(read);
        return err_set(e, ENOMEM, "receivers: out of memory");
    }
    plan->receivers = receivers;
    plan->read = read;
    int result = check_same(d, receivers, e);
    for (size_t i = 0; result == 0 && i < d->count; i++)
        result = plan_one(plan, &d->receivers[i], e);
    if (result != 0) {
        delivery_abandon(d, plan);
        return result;
    }
    *ret_plan = plan;
    return 0;
}

void delivery_commit(struct delivery *d, void *arg)
{
    struct plan *plan = arg;
    for (size_t i = 0; i < d->count; i++) {
        if (!plan->replaces[i])
            continue;
        delivery_take_config(d, i, &plan->receivers->items[i]);
        uplinks_replace(&d->receivers[i], &plan->options[i], plan->read->of[i].files);
        plan->read->of[i].files = NULL; /* the receiver's now */
        log_info("receiver", "%s: its settings or files have changed: connected anew",
                 d->receivers[i].config->id);
    }
    delivery_drop(plan->read);
    free(plan);
}

bool delivery_uses(const struct delivery *d, const struct config_receivers *receivers)
{
    bool uses = false;
    for (size_t i = 0; i < d->count; i++) {
        const struct delivery_receiver *r = &d->receivers[i];
        uses = uses || look_uses(r->look, receivers) ||
               (r->config >= receivers->items && r->config < receivers->items + receivers->count);
    }
    return uses;
}
