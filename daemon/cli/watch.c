/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/text.h"

static const char help[] =
    "usage: tocsin watch [--json]\n"
    "\n"
    "Prints one line for everything that happens, with the milliseconds since the press, until\n"
    "Ctrl-C. With --json, one JSON object a line.\n";

static void print_line(const json_t *line)
{
    const json_t *since = json_object_get(line, "since_press_ms"),
                 *seq = json_object_get(line, "seq");
    if (json_is_number(since))
        printf("%+10.1f ms  ", json_number_value(since));
    else
        printf("%13s  ", "");
    text_print(line, "what", 20);
    static const char *const names[] = {"receiver", "camera", "input", "event", "text"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!json_object_get(line, names[i]))
            continue;
        printf("  ");
        text_print(line, names[i], 0);
    }
    if (seq)
        printf("  seq %lld", (long long)json_integer_value(seq));
    printf("\n");
    fflush(stdout);
}

int run_watch(int argc, char **argv)
{
    bool as_json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return cli_help(help);
        if (strcmp(argv[i], "--json") != 0)
            return cli_usage("watch", argv[i]);
        as_json = true;
    }
    struct client *c = client_open(json_pack("{ss}", "command", "watch"));
    json_t *line = c ? client_read(c, false) : NULL;
    if (!line) {
        client_close(c);
        return EXIT_FAILURE;
    }
    json_decref(line);
    if (as_json)
        printf("{\"what\":\"watching\"}\n");
    fflush(stdout);
    while ((line = client_read(c, true))) {
        if (as_json) {
            json_dumpf(line, stdout, JSON_COMPACT);
            printf("\n");
            fflush(stdout);
        } else {
            print_line(line);
        }
        json_decref(line);
    }
    client_close(c);
    fprintf(stderr, "tocsin: tocsind has closed the connection\n");
    return EXIT_FAILURE;
}
