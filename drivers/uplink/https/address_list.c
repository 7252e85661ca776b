/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/address_list.h"

#include <stdio.h>
#include <string.h>

static size_t find(const struct address_list *l, const char *address)
{
    size_t i = 0;
    while (i < l->count && strcmp(l->items[i], address) != 0)
        i++;
    return i;
}

void address_list_add(struct address_list *l, const char *address)
{
    if (find(l, address) == l->count && l->count < ADDRESS_LIST_MAX)
        snprintf(l->items[l->count++], INET6_ADDRSTRLEN, "%s", address);
}

bool address_list_works(struct address_list *l, const char *address)
{
    char moved[INET6_ADDRSTRLEN];
    size_t at = find(l, address);
    if (at == l->count)
        return false;
    memcpy(moved, l->items[at], sizeof moved);
    memmove(l->items[1], l->items[0], at * sizeof moved);
    memcpy(l->items[0], moved, sizeof moved);
    return true;
}

void address_list_failed(struct address_list *l, const char *address)
{
    char moved[INET6_ADDRSTRLEN];
    if (l->count < 2 || strcmp(l->items[0], address) != 0)
        return;
    memcpy(moved, l->items[0], sizeof moved);
    memmove(l->items[0], l->items[1], (l->count - 1) * sizeof moved);
    memcpy(l->items[l->count - 1], moved, sizeof moved);
}

bool address_list_take(struct address_list *l, const struct resolve_result *found,
                       const char *last_good)
{
    char used[INET6_ADDRSTRLEN] = "";
    if (l->count > 0)
        memcpy(used, l->items[0], sizeof used);
    l->count = 0;
    for (size_t i = 0; i < found->count; i++)
        address_list_add(l, found->addresses[i]);
    address_list_works(l, used);
    if (last_good[0])
        address_list_add(l, last_good);
    return used[0] && strcmp(used, l->items[0]) != 0;
}

void address_list_read(struct address_list *l, char *text)
{
    for (char *line; (line = strsep(&text, "\n"));) {
        if (resolve_is_numeric(line))
            address_list_add(l, line);
    }
}

void address_list_write(const struct address_list *l, char ret_text[ADDRESS_LIST_TEXT_SIZE])
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < l->count; i++)
        used +=
            (size_t)snprintf(ret_text + used, ADDRESS_LIST_TEXT_SIZE - used, "%s\n", l->items[i]);
}
