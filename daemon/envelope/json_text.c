/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 12 /* a place on the map to a tenth of a millimetre, and 31.2304 stays 31.2304 */
#define FLAGS  (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS))

#define ADD_LITERAL(t, literal) text_add(t, literal, sizeof(literal) - 1)

static void add_as_jansson_does(struct text *t, const json_t *value)
{
    char *bytes = json_dumps(value, FLAGS);
    if (bytes)
        text_add(t, bytes, strlen(bytes));
    else
        t->failed = true;
    free(bytes);
}

/* Stands for itself between quotation marks. */
static bool is_plain(const char *bytes, size_t length)
{
    bool is_other = false;
    for (size_t i = 0; i < length; i++)
        is_other |= (unsigned char)bytes[i] < ' ' || bytes[i] == '"' || bytes[i] == '\\';
    return !is_other;
}

static bool is_ascii(const char *bytes, size_t length)
{
    bool is_other = false;
    for (size_t i = 0; i < length; i++)
        is_other |= (unsigned char)bytes[i] > '~';
    return !is_other;
}

static void add_plain(struct text *t, const char *bytes, size_t length)
{
    ADD_LITERAL(t, "\"");
    text_add(t, bytes, length);
    ADD_LITERAL(t, "\"");
}

static void add_string(struct text *t, const json_t *string)
{
    const char *bytes = json_string_value(string);
    size_t length = json_string_length(string);
    if (is_plain(bytes, length))
        add_plain(t, bytes, length);
    else
        add_as_jansson_does(t, string);
}

void json_text_add_string(struct text *t, const char *string)
{
    size_t length = strlen(string);
    if (is_plain(string, length) && is_ascii(string, length)) {
        add_plain(t, string, length);
        return;
    }
    json_t *checked = json_string(string);
    if (checked)
        add_as_jansson_does(t, checked);
    else
        t->failed = true;
    json_decref(checked);
}

/* Jansson says 2 as 2.0, and 1e-07 in its own way. */
static void add_real(struct text *t, const json_t *real)
{
    char digits[40];
    int length = snprintf(digits, sizeof digits, "%.*g", DIGITS, json_real_value(real));
    if (strspn(digits, "-0123456789.") == (size_t)length && strchr(digits, '.'))
        text_add(t, digits, (size_t)length);
    else
        add_as_jansson_does(t, real);
}

static void add_object(struct text *t, json_t *object)
{
    const char *key;
    json_t *value;
    bool is_first = true;
    ADD_LITERAL(t, "{");
    json_object_foreach(object, key, value)
    {
        if (!is_first)
            ADD_LITERAL(t, ",");
        is_first = false;
        json_text_add_string(t, key);
        ADD_LITERAL(t, ":");
        json_text_add(t, value);
    }
    ADD_LITERAL(t, "}");
}

static void add_array(struct text *t, const json_t *array)
{
    size_t i;
    json_t *value;
    ADD_LITERAL(t, "[");
    json_array_foreach(array, i, value)
    {
        if (i > 0)
            ADD_LITERAL(t, ",");
        json_text_add(t, value);
    }
    ADD_LITERAL(t, "]");
}

void json_text_add(struct text *t, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_object(t, value);
        return;
    case JSON_ARRAY:
        add_array(t, value);
        return;
    case JSON_STRING:
        add_string(t, value);
        return;
    case JSON_INTEGER:
        text_print(t, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return;
    case JSON_REAL:
        add_real(t, value);
        return;
    case JSON_TRUE:
        ADD_LITERAL(t, "true");
        return;
    case JSON_FALSE:
        ADD_LITERAL(t, "false");
        return;
    case JSON_NULL:
        ADD_LITERAL(t, "null");
        return;
    }
}
