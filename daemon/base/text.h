/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that grows as it is written: what a press waits for is not made by open_memstream, which
 * takes and clears eight kilobytes first. Zeros are an empty one. Any thread may call, one at a
 * time.
 */
#ifndef TOCSIN_BASE_TEXT_H
#define TOCSIN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *bytes;
    size_t length, size;
    bool failed;
};

void text_add(struct text *t, const char *bytes, size_t length);
void text_print(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text, with a NUL behind, which the caller frees; NULL if there was no memory for all of it.
 * `t` is empty then. */
char *text_take(struct text *t);

#endif
