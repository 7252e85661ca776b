/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of one receiver, the one in use first. Pure; all zeroes is the empty list. */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_ADDRESS_LIST_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_ADDRESS_LIST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "loop/resolve.h"

#define ADDRESS_LIST_MAX       (RESOLVE_ADDRESSES_MAX + 1) /* and the one that worked last */
#define ADDRESS_LIST_TEXT_SIZE (ADDRESS_LIST_MAX * (INET6_ADDRSTRLEN + 1))

struct address_list {
    size_t count;
    char items[ADDRESS_LIST_MAX][INET6_ADDRSTRLEN];
};

/* At the end, unless it is there already or the list is full. */
void address_list_add(struct address_list *l, const char *address);

/* It worked: the first from now on. False if it is not in the list. */
bool address_list_works(struct address_list *l, const char *address);

/* It failed: if it is the first of several, it becomes the last. */
void address_list_failed(struct address_list *l, const char *address);

/* What a look-up found becomes the list; the first stays first if it is still named, and
 * `last_good`
 * ("": none) stays in the list. Returns whether the first is another one now. */
bool address_list_take(struct address_list *l, const struct resolve_result *found,
                       const char *last_good);

/* A line an address, as in the file of those that worked last; what is none is left out. Changes
 * `text`. */
void address_list_read(struct address_list *l, char *text);
void address_list_write(const struct address_list *l, char ret_text[ADDRESS_LIST_TEXT_SIZE]);

#endif
