/* SPDX-License-Identifier: Apache-2.0 */
#include "sections/start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "conf/kept.h"

struct told {
    char first[START_WHY_SIZE - 40];
    size_t count;
};

static void take_problem(void *arg, const char *line)
{
    struct told *told = arg;
    config_log_problem(NULL, line);
    if (told->count++ == 0)
        encode_copy_utf8(told->first, sizeof told->first, line);
}

static void explain(const struct told *told, const struct err *e, char ret_why[START_WHY_SIZE])
{
    if (told->count == 0)
        encode_copy_utf8(ret_why, START_WHY_SIZE, e->text);
    else if (told->count == 1)
        snprintf(ret_why, START_WHY_SIZE, "%s", told->first);
    else
        snprintf(ret_why, START_WHY_SIZE, "%s; and %zu more", told->first, told->count - 1);
}

static int read_file(const char *path, const struct config_drivers *drivers,
                     struct start *ret_start, struct err *e)
{
    struct told told = {.count = 0};
    struct conf_text text;
    int result = conf_read(path, &text, e);
    if (result == 0) {
        result = config_parse(&text, drivers, take_problem, &told, &ret_start->config, e);
        if (result == 0)
            ret_start->text = text;
        else
            conf_text_finish(&text);
    }
    if (result != 0)
        explain(&told, e, ret_start->why);
    return result;
}

static int read_kept(const char *kept, const struct config_drivers *drivers,
                     struct config **ret_config, struct err *e)
{
    struct config_drivers forgiving = *drivers;
    struct conf_text text;
    int result = kept_read(kept, &text, e);
    if (result != 0)
        return result;
    forgiving.unknown_is_noted = true;
    result = config_parse(&text, &forgiving, config_log_problem, NULL, ret_config, e);
    conf_text_finish(&text);
    return result;
}

int start_read(const char *path, const char *kept, const struct config_drivers *drivers,
               struct start *ret_start, struct err *e)
{
    struct err of_kept;
    *ret_start = (struct start){0};
    int result = read_file(path, drivers, ret_start, e);
    if (result != 0 && kept) {
        log_error("config", "%s: looking for the last configuration that worked", e->text);
        result = read_kept(kept, drivers, &ret_start->config, &of_kept);
        if (result != 0)
            log_error("config", "%s", of_kept.text);
        else
            log_error("config", "started with %s, the last configuration that worked", kept);
    }
    if (result != 0)
        return err_prefix(e, -EINVAL, "configuration");
    for (size_t i = 0; i < ret_start->config->notes.count; i++)
        log_warning("config", "%s", ret_start->config->notes.items[i]);
    return 0;
}
