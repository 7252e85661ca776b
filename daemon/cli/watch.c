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

static const struct program_switch switches[] = {{"json", PROGRAM_LONG, false}, {0}};
static const struct program program = {.name = "tocsin watch", .help = help, .switches = switches};

static void print_line(const json_t *line, bool as_json)
{
    if (as_json) {
        json_dumpf(line, stdout, JSON_COMPACT);
        printf("\n");
        fflush(stdout);
        return;
    }
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
    for (int letter; (letter = program_option(&program, argc, argv)) != PROGRAM_END;) {
        if (letter != PROGRAM_LONG)
            return program_status(letter);
        as_json = true;
    }
    if (program_operands(&program, argc, argv, 0) != 0)
        return EXIT_USAGE;
    struct client *c = client_open(json_pack("{ss}", "command", "watch"));
    json_t *line = c ? client_answer(c) : NULL;
    if (!line) {
        client_close(c);
        return EXIT_FAILURE;
    }
    json_decref(line);
    if (as_json)
        printf("{\"what\":\"watching\"}\n");
    fflush(stdout);
    bool answers = true;
    while (!program_is_unheard() && (answers = client_wait(c, NULL)) &&
           (line = client_read(c, true))) {
        if (!json_object_get(line, "ok")) /* that is the answer to whether it still answers */
            print_line(line, as_json);
        json_decref(line);
    }
    client_close(c);
    if (answers && !program_is_unheard())
        fprintf(stderr, "tocsin: tocsind has closed the connection\n");
    return EXIT_FAILURE;
}
