/* SPDX-License-Identifier: Apache-2.0 */
/* Stored events as a table on standard output. */
#ifndef TOCSIN_CLI_EVENT_TABLE_H
#define TOCSIN_CLI_EVENT_TABLE_H

#include <jansson.h>

/* The newest first; `total` is how many there are of which these are at most `limit`. A column that
 * no event has anything for is left out. */
void event_table_print(const json_t *events, long long total, size_t limit);

/* Likewise, of those that a receiver refuses. */
void event_table_print_refused(const json_t *events, long long total);

#endif
