/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-card [--picture] FILE: writes the guard's card, or the picture of the patterns. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "card/card.h"

int main(int argc, char **argv)
{
    bool picture = argc == 3 && strcmp(argv[1], "--picture") == 0;
    if (argc != 2 && !picture) {
        fputs("usage: tocsin-card [--picture] FILE\n", stderr);
        return 2;
    }
    const char *path = argv[argc - 1];
    struct err e;
    FILE *out = fopen(path, "w");
    if (!out) {
        perror(path);
        return 1;
    }
    int result = picture ? card_write_picture(out, &e) : card_write_page(out, &e);
    if (fclose(out) != 0 && result == 0)
        result = err_set(&e, EIO, "the drawing cannot be written");
    if (result != 0) {
        remove(path);
        fprintf(stderr, "tocsin-card: %s: %s\n", path, e.text);
    }
    return result == 0 ? 0 : 1;
}
