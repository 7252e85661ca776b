/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in a file before it is YAML: characters, lines and columns, and what people type by
 * mistake (tabs, full-width signs, files saved as GBK). Pure. Lines and columns count from 1,
 * columns in characters, as an editor shows them.
 */
#ifndef TOCSIN_CONF_SOURCE_H
#define TOCSIN_CONF_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes of a UTF-8 byte order mark `text` begins with: 3 or 0. */
size_t source_mark_bytes(const char *text, size_t length);

/*
 * The first place that is not UTF-8 text: bytes of another encoding, control characters, Unicode's
 * own line ends (editors and YAML count lines differently after one). Returns what is wrong, or
 * NULL when all is text.
 */
const char *source_check(const char *text, size_t length, int *ret_line, int *ret_column);

/*
 * What in line `line` or the two before it looks like a slip of the keyboard (a full-width colon, a
 * tab, a space of another width); NULL when nothing does. `ret_line` gets its line.
 */
const char *source_find_slip(const char *text, size_t length, int line, int *ret_line);

/* The first line, up to `line`, whose double quotation marks do not pair up; 0 if there is none. */
int source_find_odd_quotes(const char *text, size_t length, int line);

/* The sentence for a technician about a problem in libyaml's words; NULL when there is none.
 * `ret_from_start` is set when the place to look at is where the construct begins. */
const char *source_explain(const char *problem, const char *context, bool *ret_from_start);

#endif
