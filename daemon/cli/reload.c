/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"

static const char help[] =
    "usage: tocsin reload\n"
    "\n"
    "Has tocsind read its configuration again. A file with mistakes changes nothing and is told\n"
    "here; changes of receivers take effect at once, others when tocsind is restarted.\n";

int run_reload(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return cli_help(help);
    if (argc != 1)
        return cli_usage("reload", argv[1]);
    json_t *answer = client_ask(json_pack("{ss}", "command", "reload"));
    if (!answer)
        return EXIT_FAILURE;
    printf("%s\n", json_string_value(json_object_get(answer, "text")));
    json_decref(answer);
    return EXIT_SUCCESS;
}
