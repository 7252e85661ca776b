/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic_file.h"
#include "conf/load.h"
#include "conf/secret.h"
#include "conf/sections.h"

#define FILE_BYTES_MAX (1 << 20)

static int folder_of(const char *path, char ret_folder[PATH_MAX], struct err *e)
{
    char whole[PATH_MAX];
    if (!realpath(path, whole))
        return err_system(e, errno, "%s", path);
    *strrchr(whole, '/') = '\0';
    snprintf(ret_folder, PATH_MAX, "%s", whole[0] ? whole : "/");
    return 0;
}

static void load_text(const char *path, const char *folder, const char *text, size_t length,
                      const struct config_drivers *drivers, struct problems *problems,
                      struct config *config)
{
    struct node *root = tree_parse(text, length, problems);
    struct stat st;
    mode_t mode = stat(path, &st) == 0 ? st.st_mode : S_IROTH;
    if (mode & S_IWOTH)
        problems_add(problems, 1, 1, "", "others may write this file: chmod 0640 %s", path);
    struct fill fill = {.problems = problems,
                        .folder = folder,
                        .readable_by_others = mode & S_IROTH,
                        .check_files = drivers->check_files};
    if (root && root->type == NODE_MAP)
        load_config(&fill, root, drivers, config);
    else if (root)
        fill_wrong_type(&fill, root, "", "a map of sections, such as \"site:\"");
    tree_destroy(root);
}

int config_load(const char *path, const struct config_drivers *drivers,
                config_problem_handler on_problem, void *arg, struct config **ret_config,
                struct err *e)
{
    char folder[PATH_MAX], *text;
    size_t length;
    int result = folder_of(path, folder, e);
    if (result == 0)
        result = atomic_file_read(path, FILE_BYTES_MAX, &text, &length, e);
    if (result != 0)
        return result;
    struct problems problems = {.file = path};
    struct config *config = calloc(1, sizeof *config);
    if (!config || !(config->path = strdup(path)))
        abort();
    load_text(path, folder, text, length, drivers, &problems, config);
    explicit_bzero(text, length);
    free(text);
    size_t mistakes = problems.mistakes.count;
    problems_tell(&problems, on_problem, arg);
    if (mistakes == 0)
        problems_take_notes(&problems, &config->notes);
    problems_finish(&problems);
    if (mistakes > 0) {
        config_destroy(config);
        return err_set(e, EINVAL, "%s: %zu mistake%s", path, mistakes, mistakes == 1 ? "" : "s");
    }
    *ret_config = config;
    return 0;
}

static void free_driver(struct config_driver *driver)
{
    secret_forget(driver);
    if (driver->type)
        fill_free(driver->type->options, driver->options);
    free(driver->options);
}

void config_destroy(struct config *config)
{
    if (!config)
        return;
    fill_free(site_options, &config->site);
    fill_free(storage_options, &config->storage);
    fill_free(video_options, &config->video);
    fill_free(control_options, &config->control);
    fill_free(alarm_options, &config->alarms);
    fill_free(exercise_options, &config->exercises);
    free_driver(&config->signing.driver);
    for (size_t i = 0; i < config->input_count; i++) {
        fill_free(input_options, &config->inputs[i]);
        free_driver(&config->inputs[i].driver);
    }
    for (size_t i = 0; i < config->camera_count; i++) {
        fill_free(camera_options, &config->cameras[i]);
        free_driver(&config->cameras[i].driver);
    }
    for (size_t i = 0; i < config->receiver_count; i++) {
        fill_free(receiver_options, &config->receivers[i]);
        free_driver(&config->receivers[i].driver);
    }
    for (size_t i = 0; i < config->indicator_count; i++) {
        fill_free(lamp_options, &config->indicators[i]);
        free_driver(&config->indicators[i].driver);
    }
    for (size_t i = 0; i < config->output_count; i++) {
        fill_free(output_options, &config->outputs[i]);
        free_driver(&config->outputs[i].driver);
    }
    for (size_t i = 0; i < config->notes.count; i++)
        free(config->notes.items[i]);
    free(config->notes.items);
    free(config->inputs);
    free(config->cameras);
    free(config->receivers);
    free(config->indicators);
    free(config->outputs);
    free(config->path);
    free(config);
}
