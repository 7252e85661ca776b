/* SPDX-License-Identifier: Apache-2.0 */
#include "sections/config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

size_t config_rows(const struct config_drivers *d, struct conf_row ret_rows[CONFIG_SECTIONS_MAX])
{
    /* clang-format off */
    const struct conf_row rows[] = {
        {&site_section, NULL},
        {&signing_section, d->signers},
        {&storage_section, NULL},
        {&video_section, NULL},
        {&control_section, NULL},
        {&alarms_section, NULL},
        {&exercises_section, NULL},
        {&inputs_section, d->inputs},
        {&cameras_section, d->cameras},
        {&receivers_section, d->uplinks},
        {&lamps_section, d->indicators},
        {&outputs_section, d->outputs},
    };
    /* clang-format on */
    static_assert(sizeof rows / sizeof *rows <= CONFIG_SECTIONS_MAX,
                  "whoever asks has so much room");
    memcpy(ret_rows, rows, sizeof rows);
    return sizeof rows / sizeof *rows;
}

/* The shorthands: what they point to stays the library's. */
static void set_members(struct config *c)
{
    c->path = conf_path(c->conf);
    c->notes = *conf_notes(c->conf);
    c->site = *(const struct config_site *)conf_items(c->conf, &site_section, NULL);
    c->signing = *(const struct config_signing *)conf_items(c->conf, &signing_section, NULL);
    c->storage = *(const struct config_storage *)conf_items(c->conf, &storage_section, NULL);
    c->video = *(const struct config_video *)conf_items(c->conf, &video_section, NULL);
    c->control = *(const struct config_control *)conf_items(c->conf, &control_section, NULL);
    c->alarms = *(const struct config_alarms *)conf_items(c->conf, &alarms_section, NULL);
    c->exercises = *(const struct config_exercises *)conf_items(c->conf, &exercises_section, NULL);
    c->inputs.items = conf_items(c->conf, &inputs_section, &c->inputs.count);
    c->cameras.items =
        (struct config_camera *)conf_items(c->conf, &cameras_section, &c->cameras.count);
    c->receivers.items = conf_items(c->conf, &receivers_section, &c->receivers.count);
    c->receivers.path = c->path;
    c->indicators.items = conf_items(c->conf, &lamps_section, &c->indicators.count);
    c->outputs.items = conf_items(c->conf, &outputs_section, &c->outputs.count);
}

int config_parse(const struct conf_text *text, const struct config_drivers *drivers,
                 config_problem_handler on_problem, void *arg, struct config **ret_config,
                 struct err *e)
{
    struct conf_row rows[CONFIG_SECTIONS_MAX];
    struct conf_request request = {.rows = rows,
                                   .row_count = config_rows(drivers, rows),
                                   .check_files = drivers->check_files,
                                   .try_files = drivers->try_files,
                                   .secrets_may_wait = drivers->secrets_may_wait,
                                   .entries_may_fail = drivers->entries_may_fail,
                                   .unknown_is_noted = drivers->unknown_is_noted,
                                   .on_problem = on_problem,
                                   .arg = arg};
    struct conf *conf;
    int result = conf_parse(text, &request, &conf, e);
    if (result != 0)
        return result;
    struct config *config = calloc(1, sizeof *config);
    if (!config)
        abort();
    config->conf = conf;
    set_members(config);
    *ret_config = config;
    return 0;
}

int config_load(const char *path, const struct config_drivers *drivers,
                config_problem_handler on_problem, void *arg, struct config **ret_config,
                struct err *e)
{
    struct conf_text text;
    int result = conf_read(path, &text, e);
    if (result != 0)
        return result;
    result = config_parse(&text, drivers, on_problem, arg, ret_config, e);
    conf_text_finish(&text);
    return result;
}

void config_log_problem(void *arg, const char *line)
{
    (void)arg;
    log_error("config", "%s", line);
}

void config_destroy(struct config *config)
{
    if (!config)
        return;
    conf_destroy(config->conf);
    free(config);
}

const void *config_section(const struct config *config, const struct section *section,
                           size_t *ret_count)
{
    return conf_items(config->conf, section, ret_count);
}

size_t config_changed_sections(const struct config *before, const struct config *after,
                               struct conf_change ret_changes[CONFIG_SECTIONS_MAX])
{
    return conf_changed(before->conf, after->conf, ret_changes);
}
