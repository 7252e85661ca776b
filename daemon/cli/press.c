/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that move a simulated line: press, release, card. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "conf/value.h"
#include "iface/limits.h"

static const char press_help[] =
    "usage: tocsin press INPUT [--hold MS] [--json]\n"
    "\n"
    "Presses a simulated button (driver: sim) for MS milliseconds (default 100, most 60000; 0:\n"
    "until tocsin release), and says what was proven: stored on this gateway, or only in memory. A "
    "real button\n"
    "cannot be pressed by a command.\n";
static const char release_help[] = "usage: tocsin release INPUT\n\nReleases a simulated button.\n";
static const char card_help[] =
    "usage: tocsin card INPUT DIGITS\n\nShows a card to a simulated reader (driver: sim-card).\n";

static const struct program_switch press_switches[] = {
    {"hold", PROGRAM_LONG, true}, {"json", PROGRAM_LONG + 1, false}, {0}};
static const struct program press = {
    .name = "tocsin press", .help = press_help, .switches = press_switches};
static const struct program release = {.name = "tocsin release", .help = release_help};
static const struct program card = {.name = "tocsin card", .help = card_help};

static int print_press(const json_t *answer, bool as_json)
{
    const char *heard = json_string_value(json_object_get(answer, "heard"));
    const char *exercise = json_string_value(json_object_get(answer, "exercise"));
    if (as_json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        printf("\n");
    } else if (!heard) {
        printf("pressed: %s\n", json_string_value(json_object_get(answer, "text")));
        text_print_kept(answer);
    } else {
        printf("heard: %s (seq %lld, %s %s)\n",
               strcmp(heard, "stored") == 0 ? "stored on this gateway" : TEXT_IN_MEMORY,
               (long long)json_integer_value(json_object_get(answer, "seq")),
               exercise ? exercise : "alarm", json_string_value(json_object_get(answer, "alarm")));
        if (exercise)
            printf("a %s: nobody is sent\n", exercise);
    }
    return EXIT_SUCCESS;
}

int run_press(int argc, char **argv)
{
    int64_t hold_ms = -1;
    bool as_json = false;
    for (int letter; (letter = program_option(&press, argc, argv)) != PROGRAM_END;) {
        switch (letter) {
        case PROGRAM_LONG:
            if (value_int(optarg, &hold_ms) != 0 || hold_ms < 0 || hold_ms > LIMIT_HOLD_MS)
                return program_usage(&press, "--hold %s: not a number of milliseconds from 0 to %d",
                                     optarg, LIMIT_HOLD_MS);
            break;
        case PROGRAM_LONG + 1:
            as_json = true;
            break;
        default:
            return program_status(letter);
        }
    }
    if (optind == argc)
        return program_usage(&press, "no INPUT");
    if (program_operands(&press, argc, argv, 1) != 0)
        return EXIT_USAGE;
    json_t *request = json_pack("{ss,ss}", "command", "press", "input", argv[optind]);
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
    int letter = program_option(&release, argc, argv);
    if (letter != PROGRAM_END)
        return program_status(letter);
    if (optind == argc)
        return program_usage(&release, "no INPUT");
    if (program_operands(&release, argc, argv, 1) != 0)
        return EXIT_USAGE;
    json_t *answer = client_ask(json_pack("{ss,ss}", "command", "release", "input", argv[optind]));
    json_decref(answer);
    return answer ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_card(int argc, char **argv)
{
    int letter = program_option(&card, argc, argv);
    if (letter != PROGRAM_END)
        return program_status(letter);
    if (argc - optind < 2)
        return program_usage(&card, "not both of INPUT and DIGITS");
    if (program_operands(&card, argc, argv, 2) != 0)
        return EXIT_USAGE;
    json_t *answer = client_ask(json_pack("{ss,ss,ss}", "command", "card", "input", argv[optind],
                                          "digits", argv[optind + 1]));
    json_decref(answer);
    return answer ? EXIT_SUCCESS : EXIT_FAILURE;
}
