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
#include "base/encode.h"

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

/* The bytes of a character at `p` that would move a terminal's cursor or end a line (ASCII's and
 * Unicode's controls, U+2028, U+2029); 0 for every other. */
static size_t hidden_bytes(const unsigned char *p)
{
    if (*p < 0x20 || *p == 0x7f)
        return 1;
    if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
        return 2;
    return p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9) ? 3 : 0;
}

const char *log_quote(char *buffer, size_t size, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0, hidden = 0;
    if (size < 3)
        return "";
    buffer[used++] = '"';
    for (const unsigned char *p = (const unsigned char *)(text ? text : ""); *p; p++) {
        if (used + 6 > size) {
            buffer[used] = '\0';
            encode_trim_utf8(buffer);
            used = strlen(buffer);
            break;
        }
        if (*p == '"' || *p == '\\') {
            buffer[used++] = '\\';
            buffer[used++] = (char)*p;
        } else if (hidden > 0 || (hidden = hidden_bytes(p)) > 0) {
            hidden--;
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
