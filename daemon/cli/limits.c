/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "iface/limits.h"

static const char help[] =
    "usage: tocsin limits\n"
    "\n"
    "Every bound that several programs and parts agree on: how many of what a\n"
    "configuration may hold, and why no more. Asks nobody.\n";

static const struct program program = {.name = "tocsin limits", .help = help};

static const struct {
    int value;
    const char *unit, *reason;
} limits[] = {
#define LIMIT_LINE(name, value, unit, reason) {LIMIT_##name, unit, reason},
    LIMITS(LIMIT_LINE)
#undef LIMIT_LINE
};

int run_limits(int argc, char **argv)
{
    int letter = program_option(&program, argc, argv);
    if (letter != PROGRAM_END)
        return program_status(letter);
    if (program_operands(&program, argc, argv, 0) != 0)
        return EXIT_USAGE;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        printf("%4d  %-34s %s\n", limits[i].value, limits[i].unit, limits[i].reason);
    return EXIT_SUCCESS;
}
