/* SPDX-License-Identifier: Apache-2.0 */
/* Values as people write them, into numbers. Pure; -EINVAL when the text is none,
 * -ERANGE when it is one that is too large for the number. */
#ifndef TOCSIN_CONF_VALUE_H
#define TOCSIN_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int value_bool(const char *text, bool *ret_value);      /* true, false */
int value_int(const char *text, int64_t *ret_value);    /* decimal, optional sign */
int value_decimal(const char *text, double *ret_value); /* digits, one dot, optional sign */
int value_duration(const char *text, int64_t *ret_ms);  /* 250ms 30s 5min 2h 7d */
int value_size(const char *text, int64_t *ret_bytes);   /* 512 64KiB 8MiB 2GiB */

/* Whether it may be an id: a name of files, of lines of a protocol and of arguments in a shell. */
bool value_is_id(const char *text);

/* The shortest way to write a duration or a size, for messages and documents. */
void value_format_duration(int64_t ms, char *ret_text, size_t size);
void value_format_size(int64_t bytes, char *ret_text, size_t size);

#endif
