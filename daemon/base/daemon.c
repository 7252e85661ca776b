/* SPDX-License-Identifier: Apache-2.0 */
#include "base/daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/log.h"

const struct program_switch daemon_switches[] = {
    {"config", 'c', true}, {"verbose", 'v', false}, {0}};
const struct program_switch daemon_switches_check[] = {
    {"config", 'c', true}, {"verbose", 'v', false}, {"check", PROGRAM_LONG, false}, {0}};

int daemon_begin(const struct program *program, int argc, char **argv, mode_t mask,
                 const char **ret_config, bool *ret_check)
{
    bool check = false;
    const char *path = "/etc/tocsin/tocsin.yaml";
    for (int letter; (letter = program_option(program, argc, argv)) != PROGRAM_END;) {
        switch (letter) {
        case 'c':
            path = optarg;
            break;
        case 'v':
            log_set_level(LOG_LEVEL_DEBUG);
            break;
        case PROGRAM_LONG:
            check = true;
            break;
        default:
            return program_status(letter);
        }
    }
    if (program_operands(program, argc, argv, 0) != 0)
        return EXIT_USAGE;
    umask(mask);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    *ret_config = path;
    if (ret_check)
        *ret_check = check;
    return -1;
}

bool daemon_kept_config(char ret_path[PATH_MAX])
{
    const char *folders = getenv("STATE_DIRECTORY");
    size_t first = folders ? strcspn(folders, ":") : 0; /* there may be several */
    int length =
        snprintf(ret_path, PATH_MAX, "%.*s/tocsin.yaml.last", (int)first, folders ? folders : "");
    return first > 0 && length < PATH_MAX;
}
