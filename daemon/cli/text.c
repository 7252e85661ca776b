/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void text_clean(const char *text, char *ret_text, size_t size)
{
    size_t used = 0;
    for (const unsigned char *c = (const unsigned char *)(text ? text : ""); *c; c++) {
        if (used + 1 >= size)
            break;
        /* C1 control characters are C2 80 to C2 9F in UTF-8. */
        bool c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f;
        ret_text[used++] = (*c < 0x20 && *c != '\n') || *c == 0x7f || c1 ? '?' : (char)*c;
        c += c1;
    }
    ret_text[used] = '\0';
}

void text_print_error(const char *text)
{
    size_t size = text ? strlen(text) + 1 : 1;
    char *clean = malloc(size);
    if (!clean)
        abort();
    text_clean(text, clean, size);
    fprintf(stderr, "tocsin: %s\n", clean);
    free(clean);
}

int text_columns(const char *text)
{
    int columns = 0;
    mbstate_t state = {0};
    for (wchar_t c; *text;) {
        size_t length = mbrtowc(&c, text, strlen(text), &state);
        if (length == (size_t)-1 || length == (size_t)-2)
            return columns + (int)strlen(text);
        int width = wcwidth(c);
        columns += width > 0 ? width : 0;
        text += length;
    }
    return columns;
}

void text_print(const json_t *object, const char *name, int columns)
{
    char text[400];
    text_clean(json_string_value(json_object_get(object, name)), text, sizeof text);
    int pad = columns - text_columns(text);
    printf("%s%*s", text, pad > 0 ? pad : 0, "");
}

const char *text_age(double ms, char *buffer, size_t size)
{
    if (ms < 1000)
        snprintf(buffer, size, "%.0f ms", ms);
    else if (ms < 120000)
        snprintf(buffer, size, "%.0f s", ms / 1000);
    else if (ms < 7200000)
        snprintf(buffer, size, "%.0f min", ms / 60000);
    else
        snprintf(buffer, size, "%.1f h", ms / 3600000);
    return buffer;
}

const char *text_thousands(long long number, char *buffer, size_t size)
{
    char digits[24];
    size_t used = 0;
    int length = snprintf(digits, sizeof digits, "%lld", number);
    for (int i = 0; i < length && used + 2 < size; i++) {
        if (i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0)
            buffer[used++] = ',';
        buffer[used++] = digits[i];
    }
    buffer[used] = '\0';
    return buffer;
}

void text_print_kept(const json_t *answer)
{
    const char *kept = json_string_value(json_object_get(answer, "kept"));
    if (kept && strcmp(kept, "stored") != 0)
        printf(TEXT_IN_MEMORY ": a power cut now may undo it (tocsin status)\n");
}
