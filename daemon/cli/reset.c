/* SPDX-License-Identifier: Apache-2.0 */
/* What a person at the gateway says of open alarms: reset and cancel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/text.h"

static const char reset_help[] = "usage: tocsin reset [ALARM] [--by NAME] [--note TEXT]\n"
                                 "\n"
                                 "Closes the open alarm ALARM, or all of them but those of "
                                 "duress. Your user name is\nrecorded, and NAME beside it.\n";
static const char cancel_help[] = "usage: tocsin cancel [ALARM] [--by NAME] --note TEXT\n"
                                  "\n"
                                  "Tells the receivers that the alarm ALARM, or every new one, was "
                                  "none, with who says so and why.\n"
                                  "It stays open, and nothing is withdrawn: they decide. Only "
                                  "within alarms.cancel_window of the\n"
                                  "press; a duress alarm is not cancelled.\n";

/* The request of the command argv[0]; NULL with the exit status when there is nothing to ask. */
static json_t *read_request(int argc, char **argv, const char *help, int *ret_status)
{
    json_t *request = json_pack("{ss}", "command", argv[0]);
    for (int i = 1; i < argc; i++) {
        const char *name = strcmp(argv[i], "--by") == 0     ? "by"
                           : strcmp(argv[i], "--note") == 0 ? "note"
                                                            : NULL;
        bool is_help = strcmp(argv[i], "--help") == 0;
        if (!is_help && name && i + 1 < argc) {
            json_object_set_new(request, name, json_string(argv[++i]));
        } else if (!is_help && argv[i][0] != '-' && !json_object_get(request, "alarm")) {
            json_object_set_new(request, "alarm", json_string(argv[i]));
        } else {
            json_decref(request);
            *ret_status = is_help ? cli_help(help) : cli_usage(argv[0], argv[i]);
            return NULL;
        }
    }
    return request;
}

int run_reset(int argc, char **argv)
{
    int status;
    json_t *request = read_request(argc, argv, reset_help, &status);
    if (!request)
        return status;
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

int run_cancel(int argc, char **argv)
{
    int status;
    json_t *request = read_request(argc, argv, cancel_help, &status);
    if (!request)
        return status;
    json_t *answer = client_ask(request);
    if (!answer)
        return EXIT_FAILURE;
    printf("told the receivers that %lld alarm(s) were none; they stay open\n",
           (long long)json_integer_value(json_object_get(answer, "cancelled")));
    json_decref(answer);
    return EXIT_SUCCESS;
}
