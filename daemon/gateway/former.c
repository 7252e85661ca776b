/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations that another has replaced: a part that had nothing to change may still hold on to
 * one (an uplink, to its receiver's options). */
#include <stdlib.h>

#include "gateway/internal.h"

struct former_config {
    SLIST_ENTRY(former_config) next;
    struct config *config;
};

static bool is_used(const struct gateway *gw, const struct config *config)
{
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].uses && parts[i].uses(gw, config))
            return true;
    }
    return false;
}

static void free_one(struct gateway *gw, struct former_config *f)
{
    SLIST_REMOVE(&gw->former, f, former_config, next);
    config_destroy(f->config);
    free(f);
}

void former_replace(struct gateway *gw, struct config *config)
{
    struct former_config *f, *next;
    if (gw->reloaded) {
        f = calloc(1, sizeof *f);
        if (!f)
            abort();
        f->config = gw->reloaded;
        SLIST_INSERT_HEAD(&gw->former, f, next);
    }
    gw->reloaded = config;
    for (f = SLIST_FIRST(&gw->former); f; f = next) {
        next = SLIST_NEXT(f, next);
        if (!is_used(gw, f->config))
            free_one(gw, f);
    }
}

void former_free(struct gateway *gw)
{
    while (!SLIST_EMPTY(&gw->former))
        free_one(gw, SLIST_FIRST(&gw->former));
}
