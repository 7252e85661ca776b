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
    "here; changes of receivers take effect at once, others when the program that is named is\n"
    "restarted.\n";

static const struct program program = {.name = "tocsin reload", .help = help};

int run_reload(int argc, char **argv)
{
    int letter = program_option(&program, argc, argv);
    if (letter != PROGRAM_END)
        return program_status(letter);
    if (program_operands(&program, argc, argv, 0) != 0)
        return EXIT_USAGE;
    json_t *answer = client_ask(json_pack("{ss}", "command", "reload"));
    if (!answer)
        return EXIT_FAILURE;
    printf("%s\n", json_string_value(json_object_get(answer, "text")));
    json_decref(answer);
    return EXIT_SUCCESS;
}
