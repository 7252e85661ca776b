/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static atomic_int threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

void log_line(enum log_level level, const char *module, const char *format, ...)
{
    if ((int)level > atomic_load(&threshold))
        return;
    char line[1400];
    size_t used;
    if (getenv("JOURNAL_STREAM")) {
        used = (size_t)snprintf(line, sizeof line, "<%d>%s: ", (int)level, module);
    } else {
        char when[CLOCK_TEXT_SIZE];
        clock_format_utc(clock_wall_ms(), when);
        used = (size_t)snprintf(line, sizeof line, "%s %s: ", when, module);
    }
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line + used, sizeof line - used - 1, format, args);
    va_end(args);
    if (length > 0)
        used += strnlen(line + used, sizeof line - used - 1);
    line[used++] = '\n';
    /* A log that cannot be written must not stop an alarm: there is nothing better to do. */
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written;
}

const char *log_quote(char *buffer, size_t size, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;
    if (size < 3)
        return "";
    buffer[used++] = '"';
    for (const unsigned char *p = (const unsigned char *)(text ? text : ""); *p; p++) {
        if (used + 6 > size) {
            /* Not in the middle of a character: the rest of the line must stay UTF-8. */
            while ((*p & 0xc0) == 0x80 && used > 1 && (buffer[used - 1] & 0xc0) == 0x80)
                used--;
            if ((*p & 0xc0) == 0x80 && used > 1)
                used--;
            break;
        }
        if (*p == '"' || *p == '\\') {
            buffer[used++] = '\\';
            buffer[used++] = (char)*p;
        } else if (*p < 0x20 || *p == 0x7f) {
            buffer[used++] = '\\';
            buffer[used++] = 'x';
            buffer[used++] = hex[*p >> 4];
            buffer[used++] = hex[*p & 15];
        } else {
            buffer[used++] = (char)*p;
        }
    }
    buffer[used++] = '"';
    buffer[used] = '\0';
    return buffer;
}
