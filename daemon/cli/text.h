/* SPDX-License-Identifier: Apache-2.0 */
/* Text for a terminal: nothing from outside may move the cursor; Chinese takes two columns. */
#ifndef TOCSIN_CLI_TEXT_H
#define TOCSIN_CLI_TEXT_H

#include <jansson.h>
#include <stddef.h>

/* Copies with control characters replaced by '?'; newlines stay. NULL gives "". */
void text_clean(const char *text, char *ret_text, size_t size);

/* Prints a member's text, cleaned, padded to `columns` on the screen. */
void text_print(const json_t *object, const char *name, int columns);

/* "tocsin: " and a text from outside, cleaned, as a line on standard error. */
void text_print_error(const char *text);

/* What is said of something that the disk has not taken in time. */
#define TEXT_IN_MEMORY "in memory only, no disk has it as yet"

/* After an answer to an order that is in memory only: a line that says so. */
void text_print_kept(const json_t *answer);

/* How many columns of the screen a cleaned text takes. */
int text_columns(const char *text);

/* "1,234" */
const char *text_thousands(long long number, char *buffer, size_t size);

/* "3 s", "5 min", "2 h" of a number of milliseconds. */
const char *text_age(double ms, char *buffer, size_t size);

#endif
