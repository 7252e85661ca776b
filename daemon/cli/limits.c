/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "iface/limits.h"

static const char help[] =
    "usage: tocsin limits\n"
    "\n"
    "Every bound that somebody can meet: what a configuration may hold, what the\n"
    "control socket and the way to a receiver take, how long what is waited for;\n"
    "and what is beyond it. Asks nobody.\n";

static const struct program program = {.name = "tocsin limits", .help = help};

static const struct {
    const char *group; /* a heading; NULL: a bound */
    int value;
    const char *measure, *reason;
} lines[] = {
#define LIMIT_LINE(name, value, measure, reason) {NULL, LIMIT_##name, measure, reason},
#define LIMIT_GROUP(title, rows)                 {title, 0, "", ""}, rows(LIMIT_LINE)
    LIMITS_BY_GROUP(LIMIT_GROUP)
#undef LIMIT_GROUP
#undef LIMIT_LINE
};

int run_limits(int argc, char **argv)
{
    int letter = program_option(&program, argc, argv);
    if (letter != PROGRAM_END)
        return program_status(letter);
    if (program_operands(&program, argc, argv, 0) != 0)
        return EXIT_USAGE;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (lines[i].group)
            printf("%s%s:\n", i > 0 ? "\n" : "", lines[i].group);
        else
            printf("%10d  %-46s %s\n", lines[i].value, lines[i].measure, lines[i].reason);
    }
    return EXIT_SUCCESS;
}
