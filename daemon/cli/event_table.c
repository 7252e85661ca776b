/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_table.h"

#include <stdio.h>
#include <string.h>

#include "base/plural.h"
#include "cli/text.h"
#include "cli/when.h"

#define CELL_SIZE 600

typedef void (*cell_writer)(const json_t *event, const char *name, char *ret_text, size_t size);

static void write_seq(const json_t *event, const char *name, char *ret_text, size_t size)
{
    snprintf(ret_text, size, "%lld", (long long)json_integer_value(json_object_get(event, name)));
}

static void write_time(const json_t *event, const char *name, char *ret_text, size_t size)
{
    char when[WHEN_TEXT_SIZE];
    when_write(json_string_value(json_object_get(event, name)), when);
    text_clean(when, ret_text, size);
}

static void write_member(const json_t *event, const char *name, char *ret_text, size_t size)
{
    text_clean(json_string_value(json_object_get(event, name)), ret_text, size);
    for (char *c = ret_text; *c; c++) {
        if (*c == '\n') /* one line an event */
            *c = ' ';
    }
}

/* "no answer (1440 times)": what was not told one by one */
static void write_reason(const json_t *event, const char *name, char *ret_text, size_t size)
{
    write_member(event, name, ret_text, size);
    size_t used = strlen(ret_text);
    long long times = json_integer_value(json_object_get(event, "times"));
    if (times > 0)
        snprintf(ret_text + used, size - used, " (%lld time%s)", times, plural(times));
}

/* "police=stored education=pending" */
static void write_receivers(const json_t *event, const char *name, char *ret_text, size_t size)
{
    size_t i, used = 0;
    const json_t *one;
    ret_text[0] = '\0';
    json_array_foreach(json_object_get(event, name), i, one)
    {
        char id[100], state[40];
        write_member(one, "id", id, sizeof id);
        write_member(one, "state", state, sizeof state);
        int more = snprintf(ret_text + used, size - used, "%s%s=%s", i ? " " : "", id, state);
        if (more < 0 || (size_t)more >= size - used)
            break;
        used += (size_t)more;
    }
}

struct column {
    const char *title, *name;
    cell_writer write;
};

static const struct column stored[] = {
    {"SEQ", "seq", write_seq},
    {"TIME", "time", write_time},
    {"EVENT", "type", write_member},
    {"BUTTON", "input", write_member},
    {"CAMERA", "camera", write_member},
    {"RECEIVER", "receiver", write_member},
    {"WHO HAS IT", "receivers", write_receivers},
    {"REASON", "reason", write_reason},
};

static const struct column refused[] = {
    {"SEQ", "seq", write_seq},          {"EVENT", "type", write_member},
    {"ALARM", "alarm", write_member},   {"RECEIVER", "receiver", write_member},
    {"SINCE", "since", write_time},     {"TRIES", "attempts", write_seq},
    {"REASON", "reason", write_member},
};

#define COUNT(columns) (sizeof(columns) / sizeof *(columns))

/* 0 for a column that has nothing. */
static int width_of(const struct column *column, const json_t *events)
{
    size_t i;
    const json_t *event;
    int widest = 0;
    json_array_foreach(events, i, event)
    {
        char text[CELL_SIZE];
        column->write(event, column->name, text, sizeof text);
        int width = text_columns(text);
        widest = width > widest ? width : widest;
    }
    int title = text_columns(column->title);
    return widest == 0 ? 0 : widest > title ? widest : title;
}

/* Cells of a line in turn; what stands behind the last one is no blanks. */
struct row {
    int blanks;
};

static void print_cell(struct row *row, const char *text, int width)
{
    if (text[0]) {
        printf("%*s%s", row->blanks, "", text);
        row->blanks = 0;
    }
    row->blanks += width - (text[0] ? text_columns(text) : 0) + 2;
}

static void print_total(const json_t *events, long long total, size_t limit)
{
    char all[32];
    size_t count = json_array_size(events);
    const json_t *last = json_array_get(events, count - 1);
    printf("%zu of %s\n", count, text_thousands(total, all, sizeof all));
    if (count == limit && total > (long long)count)
        printf("older ones, if any: --before %lld\n",
               (long long)json_integer_value(json_object_get(last, "seq")));
}

static void print_table(const struct column *columns, size_t column_count, const json_t *events)
{
    const json_t *event;
    int widths[COUNT(stored)];
    struct row titles = {0};
    size_t i;
    for (size_t c = 0; c < column_count; c++) {
        widths[c] = width_of(&columns[c], events);
        if (widths[c] > 0)
            print_cell(&titles, columns[c].title, widths[c]);
    }
    if (json_array_size(events) > 0)
        putchar('\n');
    json_array_foreach(events, i, event)
    {
        struct row row = {0};
        for (size_t c = 0; c < column_count; c++) {
            char text[CELL_SIZE];
            columns[c].write(event, columns[c].name, text, sizeof text);
            if (widths[c] > 0)
                print_cell(&row, text, widths[c]);
        }
        putchar('\n');
    }
}

void event_table_print(const json_t *events, long long total, size_t limit)
{
    print_table(stored, COUNT(stored), events);
    print_total(events, total, limit);
}

void event_table_print_refused(const json_t *events, long long total)
{
    print_table(refused, COUNT(refused), events);
    print_total(events, total, 0);
}
