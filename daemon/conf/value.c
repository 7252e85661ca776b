/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iface/limits.h"

struct measure {
    const char *name;
    int64_t factor;
};

static const struct measure durations[] = {{"ms", 1},      {"s", 1000},     {"min", 60000},
                                           {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct measure sizes[] = {
    {"", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", INT64_C(1073741824)}, {NULL, 0}};

/* Of as many as stand there; what is behind them is left. */
static int read_digits(const char *text, int64_t *ret_value)
{
    errno = 0;
    int64_t number = strtoll(text, NULL, 10);
    if (errno == ERANGE)
        return -ERANGE;
    *ret_value = number;
    return 0;
}

int value_bool(const char *text, bool *ret_value)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return -EINVAL;
    *ret_value = text[0] == 't';
    return 0;
}

int value_int(const char *text, int64_t *ret_value)
{
    const char *digits = text + (text[0] == '-');
    if (!isdigit((unsigned char)*digits) || strspn(digits, "0123456789") != strlen(digits))
        return -EINVAL;
    return read_digits(text, ret_value);
}

int value_decimal(const char *text, double *ret_value)
{
    const char *digits = text + (text[0] == '-');
    const char *dot = strchr(digits, '.');
    if (!isdigit((unsigned char)*digits) || strspn(digits, "0123456789.") != strlen(digits) ||
        (dot && (strchr(dot + 1, '.') || dot[1] == '\0')))
        return -EINVAL;
    *ret_value = strtod(text, NULL);
    return 0;
}

static int with_measure(const char *text, const struct measure *measures, int64_t *ret_value)
{
    size_t digits = strspn(text, "0123456789");
    const struct measure *m = measures;
    int64_t number;
    while (m->name && strcmp(text + digits, m->name) != 0)
        m++;
    if (digits == 0 || !m->name)
        return -EINVAL;
    if (read_digits(text, &number) != 0 || number > INT64_MAX / m->factor)
        return -ERANGE;
    *ret_value = number * m->factor;
    return 0;
}

int value_duration(const char *text, int64_t *ret_ms)
{
    return with_measure(text, durations, ret_ms);
}

int value_size(const char *text, int64_t *ret_bytes)
{
    return with_measure(text, sizes, ret_bytes);
}

bool value_is_id(const char *text)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_.";
    size_t length = strlen(text);
    return length > 0 && length <= LIMIT_ID_BYTES && strspn(text, legal) == length &&
           !strchr("-_.", text[0]);
}

static void format(int64_t value, const struct measure *measures, char *ret_text, size_t size)
{
    const struct measure *best = measures;
    for (const struct measure *m = measures; m->name && value != 0; m++) {
        if (value % m->factor == 0)
            best = m;
    }
    snprintf(ret_text, size, "%" PRId64 "%s", value / best->factor, best->name);
}

void value_format_duration(int64_t ms, char *ret_text, size_t size)
{
    format(ms, durations, ret_text, size);
}

void value_format_size(int64_t bytes, char *ret_text, size_t size)
{
    format(bytes, sizes, ret_text, size);
}
