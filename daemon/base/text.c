/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 2048 /* most are shorter */

/* Room for so many more bytes and a NUL. */
static bool has_room(struct text *t, size_t more)
{
    size_t wanted = t->length + more + 1, size = t->size ? t->size : FIRST_BYTES;
    if (t->failed || wanted <= t->size)
        return !t->failed;
    while (size < wanted)
        size *= 2;
    char *grown = realloc(t->bytes, size);
    t->failed = !grown;
    if (t->failed)
        return false;
    t->bytes = grown;
    t->size = size;
    return true;
}

void text_add(struct text *t, const char *bytes, size_t length)
{
    if (!has_room(t, length))
        return;
    memcpy(t->bytes + t->length, bytes, length);
    t->length += length;
}

void text_print(struct text *t, const char *format, ...)
{
    va_list arguments;
    int length = 0;
    do {
        if (!has_room(t, (size_t)length))
            return;
        va_start(arguments, format);
        length = vsnprintf(t->bytes + t->length, t->size - t->length, format, arguments);
        va_end(arguments);
    } while (length >= 0 && (size_t)length >= t->size - t->length);
    if (length < 0)
        t->failed = true;
    else
        t->length += (size_t)length;
}

char *text_take(struct text *t)
{
    char *bytes = has_room(t, 0) ? t->bytes : NULL;
    if (bytes)
        bytes[t->length] = '\0';
    else
        free(t->bytes);
    *t = (struct text){0};
    return bytes;
}
