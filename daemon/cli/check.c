/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin check: every mistake of a configuration file, in one run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "conf/config.h"
#include "drivers/camera/types.h"
#include "drivers/indicator/indicators.h"
#include "drivers/input/inputs.h"
#include "drivers/signer/signers.h"
#include "drivers/uplink/uplinks.h"

static const char help[] =
    "usage: tocsin check [FILE]\n"
    "\n"
    "Reads FILE (default /etc/tocsin/tocsin.yaml) and prints every mistake as\n"
    "file:line:column: what is wrong (what is legal). Exit 0: good, 78: mistakes.\n";

static void print_problem(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "%s\n", line);
}

int run_check(int argc, char **argv)
{
    static const struct config_drivers drivers = {.inputs = input_types,
                                                  .indicators = indicator_types,
                                                  .cameras = camera_types,
                                                  .signers = signer_types,
                                                  .uplinks = uplink_types};
    const char *path = "/etc/tocsin/tocsin.yaml";
    struct config *config;
    struct err e;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return cli_help(help);
    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        return cli_usage("check", argv[argc - 1]);
    if (argc == 2)
        path = argv[1];
    int result = config_load(path, &drivers, print_problem, NULL, &config, &e);
    if (result != 0) {
        fprintf(stderr, "%s\n", e.text);
        return EXIT_BAD_CONFIG;
    }
    printf("%s: good: %zu input(s), %zu camera(s), %zu receiver(s), %zu lamp(s)\n", path,
           config->input_count, config->camera_count, config->receiver_count,
           config->indicator_count);
    config_destroy(config);
    return EXIT_SUCCESS;
}
