/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections that have changed since the start and that no part has taken over: each waits for a
 * restart of the program that it is for.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/internal.h"

#define CORE "tocsind"

static bool is_taken_over(const char *section)
{
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].section && strcmp(parts[i].section, section) == 0)
            return true;
    }
    return false;
}

static bool waits_for(const struct conf_change *change, const char *program)
{
    const struct section *section = change->section;
    const char *own = section->program ? section->program : CORE;
    return strcmp(own, program) == 0 ||
           (section->is_shared && change->own && strcmp(program, CORE) == 0);
}

static size_t find(const struct gateway *gw, struct conf_change ret_changes[CONFIG_SECTIONS_MAX])
{
    size_t count = 0,
           all = gw->reloaded ? config_changed_sections(gw->config, gw->reloaded, ret_changes) : 0;
    for (size_t i = 0; i < all; i++) {
        if (!is_taken_over(ret_changes[i].section->name))
            ret_changes[count++] = ret_changes[i];
    }
    return count;
}

static void add_names(json_t *waiting, const char *program, const struct conf_change *changes,
                      size_t count)
{
    json_t *names = json_array();
    for (size_t i = 0; i < count; i++) {
        if (waits_for(&changes[i], program))
            json_array_append_new(names, json_string(changes[i].section->name));
    }
    if (json_array_size(names) > 0)
        json_object_set(waiting, program, names);
    json_decref(names);
}

json_t *pending_status(const struct gateway *gw)
{
    struct conf_change changes[CONFIG_SECTIONS_MAX];
    size_t count = find(gw, changes);
    json_t *waiting = json_object();
    add_names(waiting, CORE, changes, count);
    for (size_t i = 0; i < count; i++) {
        const char *program = changes[i].section->program;
        if (program && !json_object_get(waiting, program))
            add_names(waiting, program, changes, count);
    }
    return waiting;
}

bool pending_any(const struct gateway *gw)
{
    struct conf_change changes[CONFIG_SECTIONS_MAX];
    size_t count = find(gw, changes), i = 0;
    while (i < count && !waits_for(&changes[i], CORE))
        i++;
    return i < count;
}

void pending_describe(const struct gateway *gw, char *ret_text, size_t size)
{
    json_t *waiting = pending_status(gw), *names, *name;
    const char *program, *before = "; changed, and waiting for a restart of ";
    size_t i, used = (size_t)snprintf(ret_text, size, "receivers are as the file says now");
    json_object_foreach(waiting, program, names)
    {
        json_array_foreach(names, i, name)
        {
            if (used >= size)
                break;
            used += (size_t)snprintf(ret_text + used, size - used, "%s%s%s%s",
                                     i == 0 ? before : ", ", i == 0 ? program : "",
                                     i == 0 ? ": " : "", json_string_value(name));
        }
        before = "; of ";
    }
    if (json_object_size(waiting) == 0 && used < size)
        snprintf(ret_text + used, size - used, "; no other section has changed");
    json_decref(waiting);
}
