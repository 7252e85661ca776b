/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/filled.h"

#include <stdio.h>
#include <string.h>

#include "conf/value.h"

const void *section_find(const struct section *section, const void *items, size_t count,
                         const char *id)
{
    const struct filled list = {.section = section, .count = count, .items = (char *)items};
    for (size_t i = 0; i < count; i++) {
        const char *own = filled_id(&list, i);
        if (own && strcmp(own, id) == 0)
            return filled_item(&list, i);
    }
    return NULL;
}

const char *filled_id(const struct filled *f, size_t index)
{
    char *id = NULL;
    if (f->section->most > 0)
        memcpy(&id, filled_item(f, index), sizeof id);
    return id;
}

struct config_driver *filled_driver(const struct filled *f, size_t index)
{
    if (!f->section->has_driver)
        return NULL;
    return (struct config_driver *)((char *)filled_item(f, index) + f->section->driver_offset);
}

const struct node *filled_node(const struct filled *f, const struct node *root, size_t index)
{
    const struct node *node = fill_find(root, f->section->name);
    if (f->section->most == 0 || index == SECTION_WHOLE || !node)
        return node;
    return node->type == NODE_LIST && index < node->count ? node->items[index] : NULL;
}

const char *filled_good_id(const struct filled *f, const struct node *root, size_t index)
{
    const struct node *id = fill_find(filled_node(f, root, index), "id");
    return id && id->type == NODE_TEXT && value_is_id(id->text) ? id->text : NULL;
}

void filled_path(const struct filled *f, const struct node *root, size_t index,
                 char ret_path[FILL_PATH_SIZE])
{
    const char *name = f->section->name;
    const char *id = filled_good_id(f, root, index);
    if (f->section->most == 0 || index == SECTION_WHOLE)
        snprintf(ret_path, FILL_PATH_SIZE, "%s", name);
    else if (id)
        snprintf(ret_path, FILL_PATH_SIZE, "%s.%s", name, id);
    else
        snprintf(ret_path, FILL_PATH_SIZE, "%s[%zu]", name, index + 1);
}

const struct filled *filled_find(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->count; i++) {
        if (strcmp(conf->sections[i].section->name, name) == 0)
            return &conf->sections[i];
    }
    return NULL;
}
