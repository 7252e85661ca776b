/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/homes.h"

#include <stdio.h>
#include <stdlib.h>

struct homes {
    size_t count;
    struct fill_home *list;
};

static void add(struct homes *h, const struct option *table, const char *section,
                const char *driver)
{
    char *where;
    struct fill_home *grown = reallocarray(h->list, h->count + 2, sizeof *grown);
    if (!grown || asprintf(&where, "%s%s%s", section, driver ? " with driver " : "",
                           driver ? driver : "") < 0)
        abort();
    h->list = grown;
    h->list[h->count++] = (struct fill_home){where, table};
    h->list[h->count] = (struct fill_home){NULL, NULL};
}

struct homes *homes_create(const struct conf *conf)
{
    struct homes *h = calloc(1, sizeof *h);
    if (!h)
        abort();
    for (size_t i = 0; i < conf->count; i++)
        add(h, conf->sections[i].section->options, conf->sections[i].section->name, NULL);
    for (size_t i = 0; i < conf->count; i++) {
        const struct filled *f = &conf->sections[i];
        for (size_t k = 0; f->drivers && f->drivers[k]; k++)
            add(h, f->drivers[k]->options, f->section->name, f->drivers[k]->name);
    }
    return h;
}

const struct fill_home *homes_list(const struct homes *homes)
{
    return homes->list;
}

void homes_destroy(struct homes *homes)
{
    for (size_t i = 0; i < homes->count; i++)
        free((char *)homes->list[i].where);
    free(homes->list);
    free(homes);
}
