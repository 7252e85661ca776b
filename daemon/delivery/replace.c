/* SPDX-License-Identifier: Apache-2.0 */
/* A reload of the receivers: all new uplinks are open before the first old one goes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/internal.h"

struct plan {
    const struct config_receivers *receivers;
    size_t opened;
    struct dispatch_receiver_options options[LIMIT_RECEIVERS];
};

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

void delivery_abandon(struct delivery *d, void *arg)
{
    struct plan *plan = arg;
    (void)d;
    while (plan->opened > 0) {
        const struct dispatch_receiver_options *o = &plan->options[--plan->opened];
        o->driver->close(o->uplink);
    }
    free(plan);
}

int delivery_prepare(struct delivery *d, const struct config_receivers *receivers, void **ret_plan,
                     struct err *e)
{
    struct plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return err_set(e, ENOMEM, "receivers: out of memory");
    plan->receivers = receivers;
    int result = check_same(d, receivers, e);
    while (result == 0 && plan->opened < d->count) {
        result = uplinks_open(&d->receivers[plan->opened], &receivers->items[plan->opened],
                              &plan->options[plan->opened], e);
        plan->opened += result == 0;
    }
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
        delivery_take_config(d, i, &plan->receivers->items[i]);
        uplinks_replace(&d->receivers[i], &plan->options[i]);
    }
    free(plan);
}
