/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"

static void append(struct err *e, const char *text)
{
    size_t used = strnlen(e->text, sizeof e->text);
    int more = snprintf(e->text + used, sizeof e->text - used, ": %s", text);
    (void)more; /* a message too long is cut: its beginning says the most */
    encode_trim_utf8(e->text);
    encode_make_utf8(e->text);
}

int err_set(struct err *e, int code, const char *format, ...)
{
    if (e) {
        va_list args;
        va_start(args, format);
        vsnprintf(e->text, sizeof e->text, format, args);
        va_end(args);
        encode_trim_utf8(e->text);
        encode_make_utf8(e->text);
    }
    return -code;
}

int err_system(struct err *e, int code, const char *format, ...)
{
    if (e) {
        va_list args;
        va_start(args, format);
        vsnprintf(e->text, sizeof e->text, format, args);
        va_end(args);
        append(e, strerrordesc_np(code));
    }
    return -code;
}

int err_prefix(struct err *e, int result, const char *format, ...)
{
    if (!e)
        return result;
    struct err cause = *e;
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    append(e, cause.text);
    return result;
}
