/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that do something: press, release, reset, reload. */
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
static const char reset_help[] = "usage: tocsin reset [ALARM] [--by NAME] [--note TEXT]\n"
                                 "\n"
                                 "Closes the open alarm ALARM, or all of them. Your user name is "
                                 "recorded, and NAME beside it.\n";
static const char reload_help[] =
    "usage: tocsin reload\n"
    "\n"
    "Has tocsind read its configuration again. A file with mistakes changes nothing and is told\n"
    "here; changes of receivers take effect at once, others when tocsind is restarted.\n";

static int print_press(const json_t *answer, bool as_json)
{
    const char *heard = json_string_value(json_object_get(answer, "heard"));
    if (as_json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        printf("\n");
    } else if (heard && strcmp(heard, "stored") == 0) {
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

int run_reset(int argc, char **argv)
{
    json_t *request = json_pack("{ss}", "command", "reset");
    for (int i = 1; i < argc; i++) {
        const char *name = strcmp(argv[i], "--by") == 0     ? "by"
                           : strcmp(argv[i], "--note") == 0 ? "note"
                                                            : NULL;
        if (strcmp(argv[i], "--help") == 0) {
            json_decref(request);
            return cli_help(reset_help);
        }
        if (name && i + 1 < argc) {
            json_object_set_new(request, name, json_string(argv[++i]));
        } else if (argv[i][0] != '-' && !json_object_get(request, "alarm")) {
            json_object_set_new(request, "alarm", json_string(argv[i]));
        } else {
            json_decref(request);
            return cli_usage("reset", argv[i]);
        }
    }
    json_t *answer = client_ask(request), *one;
    if (!answer)
        return EXIT_FAILURE;
    size_t i;
    json_t *closed = json_object_get(answer, "closed");
    json_array_foreach(closed, i, one)
    {
        printf("closed %s (", json_string_value(json_object_get(one, "alarm")));
        text_print(one, "input", 0);
        printf(")%s\n", json_is_true(json_object_get(one, "still_pressed"))
                            ? ": the button is STILL PRESSED and cannot alarm until it is released"
                            : "");
    }
    if (json_array_size(closed) == 0)
        printf("no alarm is open\n");
    json_decref(answer);
    return EXIT_SUCCESS;
}

int run_reload(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return cli_help(reload_help);
    if (argc != 1)
        return cli_usage("reload", argv[1]);
    json_t *answer = client_ask(json_pack("{ss}", "command", "reload"));
    if (!answer)
        return EXIT_FAILURE;
    printf("%s\n", json_string_value(json_object_get(answer, "text")));
    json_decref(answer);
    return EXIT_SUCCESS;
}
