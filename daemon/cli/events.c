/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/text.h"

static const char help[] =
    "usage: tocsin events list [--after SEQ] [--limit N] [--alarm ALARM] [--json]\n"
    "       tocsin events show ID|SEQ\n"
    "       tocsin events export [--alarm ALARM] [--after SEQ]\n"
    "\n"
    "list: stored events, one a line, with who has them.\n"
    "show: one event whole, with its receipts, as JSON.\n"
    "export: a bundle on standard output, one JSON object a line, for tocsin verify. With --alarm\n"
    "it is a part: tocsin verify --part.\n";

static void print_list(const json_t *events)
{
    size_t i, j;
    const json_t *event, *receiver;
    json_array_foreach(events, i, event)
    {
        printf("%6lld  ", (long long)json_integer_value(json_object_get(event, "seq")));
        text_print(event, "time", 24);
        printf("  ");
        text_print(event, "type", 24);
        printf("  ");
        text_print(event, "id", 36);
        json_array_foreach(json_object_get(event, "receivers"), j, receiver)
        {
            printf("  ");
            text_print(receiver, "id", 0);
            printf("=");
            text_print(receiver, "state", 0);
        }
        printf("\n");
    }
}

static int list(json_t *request, bool as_json)
{
    json_t *answer = client_ask(request);
    if (!answer)
        return EXIT_FAILURE;
    if (as_json) {
        json_dumpf(json_object_get(answer, "events"), stdout, JSON_INDENT(2));
        printf("\n");
    } else {
        print_list(json_object_get(answer, "events"));
    }
    json_decref(answer);
    return EXIT_SUCCESS;
}

static int show(json_t *request)
{
    json_t *answer = client_ask(request);
    if (!answer)
        return EXIT_FAILURE;
    json_dumpf(json_array_get(json_object_get(answer, "events"), 0), stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(answer);
    return EXIT_SUCCESS;
}

static int export_bundle(json_t *request)
{
    struct client *c = client_open(request);
    json_t *line = c ? client_read(c, false) : NULL;
    bool whole = false;
    if (line && !json_is_true(json_object_get(line, "ok")))
        fprintf(stderr, "tocsin: %s\n", json_string_value(json_object_get(line, "error")));
    else if (line) {
        json_decref(line);
        while ((line = client_read(c, false)) && !json_object_get(line, "end")) {
            json_dumpf(line, stdout, JSON_COMPACT);
            printf("\n");
            json_decref(line);
        }
        whole = json_is_true(json_object_get(line, "end"));
        if (!whole)
            fprintf(stderr, "tocsin: the export ended early; do not use it\n");
    }
    json_decref(line);
    client_close(c);
    return whole ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Adds the arguments to `request`; false after a message. */
static bool read_arguments(int argc, char **argv, json_t *request, bool *ret_json)
{
    for (int i = 2; i < argc; i++) {
        char *end = NULL;
        if (strcmp(argv[i], "--json") == 0) {
            *ret_json = true;
        } else if (strcmp(argv[i], "--alarm") == 0 && i + 1 < argc) {
            json_object_set_new(request, "alarm", json_string(argv[++i]));
        } else if ((strcmp(argv[i], "--after") == 0 || strcmp(argv[i], "--limit") == 0) &&
                   i + 1 < argc) {
            json_object_set_new(request, argv[i] + 2, json_integer(strtoll(argv[i + 1], &end, 10)));
            if (*end || argv[i + 1][0] == '\0')
                return false;
            i++;
        } else if (argv[i][0] != '-') {
            bool number = strspn(argv[i], "0123456789") == strlen(argv[i]);
            json_object_set_new(request, number ? "seq" : "id",
                                number ? json_integer(strtoll(argv[i], NULL, 10))
                                       : json_string(argv[i]));
        } else {
            return false;
        }
    }
    return true;
}

int run_events(int argc, char **argv)
{
    bool as_json = false;
    char command[32];
    if (argc >= 2 && strcmp(argv[1], "--help") == 0)
        return cli_help(help);
    if (argc < 2 || (strcmp(argv[1], "list") != 0 && strcmp(argv[1], "show") != 0 &&
                     strcmp(argv[1], "export") != 0))
        return cli_usage("events", argc < 2 ? "list, show or export is needed" : argv[1]);
    snprintf(command, sizeof command, "events.%s", argv[1]);
    json_t *request = json_pack("{ss}", "command", command);
    if (!read_arguments(argc, argv, request, &as_json)) {
        json_decref(request);
        return cli_usage("events", "one of the arguments is");
    }
    if (strcmp(argv[1], "list") == 0)
        return list(request, as_json);
    return strcmp(argv[1], "show") == 0 ? show(request) : export_bundle(request);
}
