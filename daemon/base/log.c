/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"

#define LOG_LINE_SIZE 1400 /* less than half of PIPE_BUF */

static atomic_int threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

/* Lines that found no room since the last one that did. */
static atomic_ulong lost;

/* A reader that stands still must not stop an alarm. Its flag for not waiting belongs to everybody
 * who has the same standard error open, so that it cannot be set. A pipe that can be written has
 * room for PIPE_BUF bytes, which is more than two lines. False if there is no room now; who is gone
 * misses nothing. */
static bool write_at_once(const char *line, size_t length)
{
    if (send(STDERR_FILENO, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return true;
    if (errno != ENOTSOCK)
        return errno == EPIPE;
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&p, 1, 0) <= 0)
        return false;
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
    return true;
}

static size_t begin(char *line, size_t size, enum log_level level, const char *module)
{
    if (getenv("JOURNAL_STREAM"))
        return (size_t)snprintf(line, size, "<%d>%s: ", (int)level, module);
    char when[CLOCK_TEXT_SIZE];
    clock_format_utc(clock_wall_ms(), when);
    return (size_t)snprintf(line, size, "%s %s: ", when, module);
}

/* The first line that finds room again says how many did not. */
static bool tell_lost(void)
{
    unsigned long count = atomic_exchange(&lost, 0);
    if (count == 0)
        return true;
    char line[200];
    size_t used = begin(line, sizeof line, LOG_LEVEL_WARNING, "log");
    used += (size_t)snprintf(line + used, sizeof line - used,
                             "%lu line%s could not be written: whoever reads the log stood still\n",
                             count, count == 1 ? "" : "s");
    if (write_at_once(line, used))
        return true;
    atomic_fetch_add(&lost, count);
    return false;
}

void log_line(enum log_level level, const char *module, const char *format, ...)
{
    if ((int)level > atomic_load(&threshold))
        return;
    char line[LOG_LINE_SIZE];
    size_t used = begin(line, sizeof line, level, module);
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line + used, sizeof line - used - 1, format, args);
    va_end(args);
    if (length > 0)
        used += strnlen(line + used, sizeof line - used - 1);
    line[used++] = '\n';
    if (!tell_lost() || !write_at_once(line, used))
        atomic_fetch_add(&lost, 1);
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
