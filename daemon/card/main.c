/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-card [--picture] FILE: writes the guard's card, or the picture of the patterns. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/program.h"
#include "card/card.h"

static const char help[] =
    "usage: tocsin-card [--picture] FILE\n"
    "\n"
    "Writes the guard's card into FILE as SVG, one page A4; run by the build, not installed.\n"
    "\n"
    "  --picture      the picture of the lamp's patterns instead\n"
    "  -V, --version  print the version\n"
    "  -h, --help     print this\n";
static const struct program_switch switches[] = {{"picture", PROGRAM_LONG, false}, {0}};
static const struct program program = {.name = "tocsin-card", .help = help, .switches = switches};

static int draw(const char *path, bool picture, struct err *e)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return err_system(e, errno, "%s", path);
    int result = picture ? card_write_picture(out, e) : card_write_page(out, e);
    if (fclose(out) != 0 && result == 0)
        result = err_system(e, errno, "the drawing cannot be written");
    if (result == 0)
        return 0;
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) /* half a card is none; a device stays */
        remove(path);
    return err_prefix(e, result, "%s", path);
}

static int run(int argc, char **argv)
{
    bool picture = false;
    for (int letter; (letter = program_option(&program, argc, argv)) != PROGRAM_END;) {
        if (letter != PROGRAM_LONG)
            return program_status(letter);
        picture = true;
    }
    if (optind == argc)
        return program_usage(&program, "no FILE");
    if (program_operands(&program, argc, argv, 1) != 0)
        return EXIT_USAGE;
    struct err e;
    if (draw(argv[optind], picture, &e) == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "tocsin-card: %s\n", e.text);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    return program_main("tocsin-card", run, argc, argv);
}
