/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_patrol.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_folder.h"

static const struct option post_table[] = {
    {.key = "id",
     .type = OPTION_ID,
     .offset = offsetof(struct post, id),
     .required = 1,
     .help = "Id."},
    {.key = "walled_up",
     .type = OPTION_BOOL,
     .offset = offsetof(struct post, walled_up),
     .fallback = "false",
     .help = "Nobody comes by."},
    OPTION_TABLE_END,
};

static bool is_reached(const void *item)
{
    const struct post *post = item;
    return !post->walled_up;
}

static void note_posts(const struct section_view *view)
{
    size_t count;
    const struct post *all = section_items(view, &count);
    for (size_t i = 0; i < count; i++) {
        if (!section_is_named(view, all[i].id))
            section_note(view, i, NULL, "no round of %zu comes by", section_count(view, "patrol"));
    }
}

const struct section posts = {.name = "posts",
                              .help = "Places.",
                              .options = post_table,
                              .size = sizeof(struct post),
                              .most = 3,
                              .entry = "post",
                              .offers = is_reached,
                              .note = note_posts};

static const char *const order_words[] = {
    [PATROL_AS_LISTED] = "as-listed", [PATROL_ANY] = "any", NULL};

static const struct option round_table[] = {
    {.key = "id",
     .type = OPTION_ID,
     .offset = offsetof(struct round, id),
     .required = 1,
     .help = "Id."},
    {.key = "order",
     OPTION_ENUM(struct round, order, order_words),
     .fallback = "any",
     .help = "Which post comes first."},
    {.key = "begin",
     .type = OPTION_DURATION,
     .offset = offsetof(struct round, begin_ms),
     .fallback = "22h",
     .max = 86400000,
     .help = "Time of day."},
    {.key = "end",
     .type = OPTION_DURATION,
     .offset = offsetof(struct round, end_ms),
     .fallback = "23h",
     .max = 86400000,
     .help = "Time of day."},
    {.key = "posts",
     .type = OPTION_LIST,
     .offset = offsetof(struct round, posts),
     .max = 3,
     .refers = "posts",
     .help = "Where it goes."},
    {.key = "start",
     .type = OPTION_STRING,
     .offset = offsetof(struct round, start),
     .refers = "posts",
     .help = "Where it begins."},
    {.key = "after",
     .type = OPTION_STRING,
     .offset = offsetof(struct round, after),
     .refers = "patrol",
     .help = "Which round goes before it."},
    OPTION_TABLE_END,
};

static void check_rounds(const struct section_view *view)
{
    size_t count;
    const struct round *rounds = section_items(view, &count);
    const char *start = count > 0 ? section_text(view, 0, "start") : NULL;
    for (size_t i = 0; i < count; i++) {
        if (rounds[i].end_ms < rounds[i].begin_ms)
            section_mistake(view, i, "end", "is before begin%s",
                            section_has(view, i, "begin") ? "" : ", which has its default");
    }
    if (start && strcmp(start, "nowhere") == 0)
        section_mistake(view, 0, NULL, "goes nowhere");
    if (count > 0 && section_count(view, "posts") == 0)
        section_mistake(view, SECTION_WHOLE, NULL, "needs posts");
    if (count > 0 && section_count(view, "cellar") != 0)
        section_mistake(view, SECTION_WHOLE, NULL, "knows a section that nobody has");
}

const struct section patrol = {.name = "patrol",
                               .help = "Rounds.",
                               .options = round_table,
                               .size = sizeof(struct round),
                               .most = 4,
                               .needed = "or nobody goes",
                               .entry = "round",
                               SECTION_DRIVER(struct round, driver),
                               SECTION_PLACE(struct round, at),
                               .check = check_rounds};

static const char *const day_words[] = {"mon", "tue", "wed", NULL};

static const struct option watch_table[] = {
    {.key = "share",
     .type = OPTION_DECIMAL,
     .offset = offsetof(struct watch, share),
     .fallback = "0.5",
     .max = 1,
     .help = "Part."},
    {.key = "bytes",
     .type = OPTION_SIZE,
     .offset = offsetof(struct watch, bytes),
     .fallback = "4KiB",
     .max = 65536,
     .help = "Memory."},
    {.key = "count",
     .type = OPTION_INT,
     .offset = offsetof(struct watch, count),
     .fallback = "1",
     .max = 9,
     .help = "Number."},
    {.key = "days",
     .type = OPTION_CHOICES,
     .offset = offsetof(struct watch, days),
     .choices = day_words,
     .help = "Days."},
    {.key = "on",
     .type = OPTION_BOOL,
     .offset = offsetof(struct watch, on),
     .fallback = "true",
     .help = "Whether."},
    {.key = "folder",
     .type = OPTION_PATH,
     .offset = offsetof(struct watch, folder),
     .help = "Where."},
    {.key = "files",
     .type = OPTION_PATHS,
     .offset = offsetof(struct watch, files),
     .max = 4,
     .help = "Which."},
    OPTION_TABLE_END,
};

const struct section watch = {
    .name = "watch", .help = "One map.", .options = watch_table, .size = sizeof(struct watch)};

static const struct option reader_table[] = {
    {.key = "port",
     .type = OPTION_STRING,
     .offset = offsetof(struct tag_reader, port),
     .required = 1,
     .help = "Port."},
    {.key = "pin",
     .type = OPTION_SECRET,
     .offset = offsetof(struct tag_reader, pin),
     .help = "Its secret."},
    {.key = "post",
     .type = OPTION_STRING,
     .offset = offsetof(struct tag_reader, post),
     .refers = "posts",
     .help = "Where it hangs."},
    OPTION_TABLE_END,
};

static const struct option no_options[] = {OPTION_TABLE_END};

const struct driver_type reader_type = {.name = "reader",
                                        .help = "Reads tags.",
                                        .options = reader_table,
                                        .options_size = sizeof(struct tag_reader)};
const struct driver_type paper_type = {
    .name = "paper", .help = "A form.", .options = no_options, .simulated = true};
const struct driver_type *const readers[] = {&reader_type, &paper_type, NULL};

const struct conf_row rows[ROWS] = {{&posts, NULL}, {&patrol, readers}, {&watch, NULL}};

static char folder[TEST_FOLDER_SIZE];
char path[80];
char *told;
struct err why;

static void write_file(const char *name, const char *text, mode_t mode)
{
    char file[120];
    snprintf(file, sizeof file, "%s/%s", folder, name);
    FILE *out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
    chmod(file, mode);
}

void patrol_set_up(void)
{
    test_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/file.yaml", folder);
    write_file("pin", "1234\n", 0640);
    write_file("pin-2", "1234\n", 0640);
    write_file("pin-3", "12345\n", 0640);
}

void patrol_tear_down(void)
{
    static const char *const names[] = {"pin", "pin-2", "pin-3", "file.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char file[120];
        snprintf(file, sizeof file, "%s/%s", folder, names[i]);
        unlink(file);
    }
    rmdir(folder);
    free(told);
    told = NULL;
}

static void take_problem(void *arg, const char *line)
{
    fprintf(arg, "%s\n", line + strlen(path) + 1);
}

struct conf *load_rows(const char *text, const struct conf_row *of, size_t count)
{
    struct conf *conf = NULL;
    size_t size;
    free(told);
    FILE *stream = open_memstream(&told, &size);
    struct conf_request request = {
        .rows = of, .row_count = count, .on_problem = take_problem, .arg = stream};
    write_file("file.yaml", text, 0640);
    int result = conf_load(path, &request, &conf, &why);
    fclose(stream);
    ck_assert_int_eq(result == 0, conf != NULL);
    return conf;
}

struct conf *load(const char *text)
{
    struct conf *conf = load_rows(text, rows, ROWS);
    ck_assert_msg(conf, "%s", told);
    return conf;
}

void expect(const char *text, const char *problems)
{
    ck_assert_ptr_null(load_rows(text, rows, ROWS));
    ck_assert_str_eq(told, problems);
}

const char good[] = "posts: [{id: gate}, {id: yard}, {id: shed, walled_up: true}]\n"
                    "patrol:\n"
                    "  - {id: late, driver: reader, port: a, pin_file: pin, post: yard,\n"
                    "     posts: [gate], start: gate, begin: 10h, end: 11h}\n"
                    "  - {id: early, driver: paper, order: as-listed}\n"
                    "watch: {days: [mon, wed], files: [x, y], folder: z}\n";
