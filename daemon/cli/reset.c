/* SPDX-License-Identifier: Apache-2.0 */
/* What a person at the gateway says of open alarms: reset and cancel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/text.h"

static const char reset_help[] = "usage: tocsin reset [ALARM] [--by NAME] [--note TEXT]\n"
                                 "       tocsin reset --unknown --by NAME [--note TEXT]\n"
                                 "\n"
                                 "Closes the open alarm ALARM, or all of them but those of "
                                 "duress. Your user name is\nrecorded, and NAME beside it.\n"
                                 "--unknown ends the fault \"state\" of \"incidents\": NAME has "
                                 "asked the receivers which\nalarms were open before the restart, "
                                 "and has dealt with them.\n";
static const char cancel_help[] =
    "usage: tocsin cancel [ALARM] [--by NAME] --note TEXT\n"
    "\n"
    "Has the receivers told that the alarm ALARM, or every new one, was "
    "none, with who says so and why.\n"
    "It stays open, and nothing is withdrawn: they decide. Only "
    "within alarms.cancel_window of the\n"
    "press; a duress alarm is not cancelled.\n";

enum { BY = PROGRAM_LONG, NOTE, UNKNOWN };

static const struct program_switch reset_switches[] = {
    {"by", BY, true}, {"note", NOTE, true}, {"unknown", UNKNOWN, false}, {0}};
static const struct program_switch cancel_switches[] = {
    {"by", BY, true}, {"note", NOTE, true}, {0}};
static const struct program reset = {
    .name = "tocsin reset", .help = reset_help, .switches = reset_switches};
static const struct program cancel = {
    .name = "tocsin cancel", .help = cancel_help, .switches = cancel_switches};

/* Reads what both have in common into the request; 0, or PROGRAM_DONE or PROGRAM_WRONG. */
static int read_request(const struct program *p, int argc, char **argv, json_t *request)
{
    for (int letter; (letter = program_option(p, argc, argv)) != PROGRAM_END;) {
        if (letter < PROGRAM_LONG)
            return letter;
        if (letter == UNKNOWN)
            json_object_set_new(request, "unknown", json_true());
        else
            json_object_set_new(request, letter == BY ? "by" : "note", json_string(optarg));
    }
    if (program_operands(p, argc, argv, json_object_get(request, "unknown") ? 0 : 1) != 0)
        return PROGRAM_WRONG;
    if (optind < argc)
        json_object_set_new(request, "alarm", json_string(argv[optind]));
    return 0;
}

static bool has(const json_t *request, const char *name)
{
    const char *text = json_string_value(json_object_get(request, name));
    return text && text[0];
}

/* Asks what the command line of the command argv[0] says. NULL with its status otherwise. */
static json_t *ask(const struct program *p, int argc, char **argv, int *ret_status)
{
    json_t *request = json_pack("{ss}", "command", argv[0]);
    int option = read_request(p, argc, argv, request);
    if (option == 0 && p == &cancel && !has(request, "note")) {
        program_usage(p, "no --note: say why it is none");
        option = PROGRAM_WRONG;
    } else if (option == 0 && json_object_get(request, "unknown") && !has(request, "by")) {
        program_usage(p, "no --by: say who has asked the receivers");
        option = PROGRAM_WRONG;
    }
    if (option != 0) {
        json_decref(request);
        *ret_status = program_status(option);
        return NULL;
    }
    *ret_status = EXIT_FAILURE;
    return client_ask(request);
}

int run_reset(int argc, char **argv)
{
    int status;
    json_t *answer = ask(&reset, argc, argv, &status), *one;
    if (!answer)
        return status;
    size_t i;
    json_t *closed = json_object_get(answer, "closed");
    if (json_is_true(json_object_get(answer, "settled"))) {
        printf("settled: what was open before the restart was asked elsewhere\n");
        text_print_kept(answer);
        json_decref(answer);
        return EXIT_SUCCESS;
    }
    json_array_foreach(closed, i, one)
    {
        printf("closed %s (", json_string_value(json_object_get(one, "alarm")));
        text_print(one, "input", 0);
        printf(
            ")%s%s\n",
            json_is_true(json_object_get(one, "still_pressed"))
                ? ": the button is STILL PRESSED and cannot alarm until it is released"
                : "",
            json_is_false(json_object_get(one, "received"))
                ? "; NO RECEIVER THAT SENDS HELP is known to have it: if it was real, telephone 110"
                : "");
    }
    bool has_unknown = json_is_true(json_object_get(answer, "unknown"));
    json_int_t again = json_integer_value(json_object_get(answer, "pressed_again"));
    if (again > 0)
        printf("%lld alarm%s OPEN: pressed again since you asked\n", (long long)again,
               again == 1 ? " STAYS" : "s STAY");
    else if (json_array_size(closed) == 0)
        printf("no alarm is open%s\n", has_unknown ? " that is known here" : "");
    if (has_unknown)
        printf("NOT EVERY alarm of before the start is known: tocsin status says why\n");
    text_print_kept(answer);
    json_decref(answer);
    return EXIT_SUCCESS;
}

int run_cancel(int argc, char **argv)
{
    int status;
    json_t *answer = ask(&cancel, argc, argv, &status);
    if (!answer)
        return status;
    json_int_t count = json_integer_value(json_object_get(answer, "cancelled"));
    printf("the receivers will be told that %lld alarm%s none (tocsin events list: who has been); "
           "%s open\n",
           (long long)count, count == 1 ? " was" : "s were", count == 1 ? "it stays" : "they stay");
    text_print_kept(answer);
    json_decref(answer);
    return EXIT_SUCCESS;
}
