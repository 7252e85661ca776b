/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that move a simulated line: press, release, card. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/text.h"

static const char press_help[] =
    "usage: tocsin press INPUT [--hold MS] [--json]\n"
    "\n"
    "Presses a simulated button (driver: sim) for MS milliseconds (default 100; 0: until tocsin\n"
    "release), and says what was proven: stored on this gateway, or only in memory. A real button\n"
    "cannot be pressed by a command.\n";
static const char release_help[] = "usage: tocsin release INPUT\n\nReleases a simulated button.\n";
static const char card_help[] =
    "usage: tocsin card INPUT DIGITS\n\nShows a card to a simulated reader (driver: sim-card).\n";

static int print_press(const json_t *answer, bool as_json)
{
    const char *heard = json_string_value(json_object_get(answer, "heard"));
    if (as_json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        printf("\n");
    } else if (!heard) {
        printf("pressed; no event: %s\n", json_string_value(json_object_get(answer, "text")));
    } else if (strcmp(heard, "stored") == 0) {
        printf("heard: stored on this gateway (seq %lld, alarm %s)\n",
               (long long)json_integer_value(json_object_get(answer, "seq")),
               json_string_value(json_object_get(answer, "alarm")));
    } else {
        printf("heard: in memory only, the disk did not answer in time (seq %lld, alarm %s)\n",
               (long long)json_integer_value(json_object_get(answer, "seq")),
               json_string_value(json_object_get(answer, "alarm")));
    }
    return EXIT_SUCCESS;
}

int run_press(int argc, char **argv)
{
    const char *input = NULL;
    char *end = NULL;
    long hold_ms = -1;
    bool as_json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return cli_help(press_help);
        if (strcmp(argv[i], "--json") == 0) {
            as_json = true;
        } else if (strcmp(argv[i], "--hold") == 0 && i + 1 < argc) {
            hold_ms = strtol(argv[++i], &end, 10);
            if (*end || hold_ms < 0)
                return cli_usage("press", argv[i]);
        } else if (argv[i][0] != '-' && !input) {
            input = argv[i];
        } else {
            return cli_usage("press", argv[i]);
        }
    }
    if (!input)
        return cli_usage("press", "no INPUT");
    json_t *request = json_pack("{ss,ss}", "command", "press", "input", input);
    if (request && hold_ms >= 0)
        json_object_set_new(request, "hold_ms", json_integer(hold_ms));
    json_t *answer = client_ask(request);
    if (!answer)
        return EXIT_FAILURE;
    int result = print_press(answer, as_json);
    json_decref(answer);
    return result;
}

int run_release(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return cli_help(release_help);
    if (argc != 2)
        return cli_usage("release", argc < 2 ? "no INPUT" : argv[2]);
    json_t *answer = client_ask(json_pack("{ss,ss}", "command", "release", "input", argv[1]));
    json_decref(answer);
    return answer ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_card(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return cli_help(card_help);
    if (argc != 3)
        return cli_usage("card", argc < 3 ? "not both of INPUT and DIGITS" : argv[3]);
    json_t *answer =
        client_ask(json_pack("{ss,ss,ss}", "command", "card", "input", argv[1], "digits", argv[2]));
    json_decref(answer);
    return answer ? EXIT_SUCCESS : EXIT_FAILURE;
}
