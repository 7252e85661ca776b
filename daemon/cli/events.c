/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/event_table.h"
#include "cli/text.h"
#include "cli/when.h"
#include "conf/value.h"
#include "iface/limits.h"

#define LIST_DEFAULT 50
#define LIST_MOST    LIMIT_LISTED

static const char help[] =
    "usage: tocsin events list [--since WHEN] [--before SEQ] [--limit N] [--alarm ALARM] [--json]\n"
    "       tocsin events list --refused [--limit N] [--json]\n"
    "       tocsin events show ID|SEQ\n"
    "       tocsin events export [--alarm ALARM] [--after SEQ]\n"
    "       tocsin events give-up SEQ --by NAME --note TEXT [--receiver ID] [--alarm ALARM]\n"
    "\n"
    "list: stored events, the newest first, one a line, in this machine's time, with who has "
    "them,\n"
    "and how many there are.\n"
    "  --since WHEN   only those since then: 2h (so long ago), 22:41 (today), 2026-11-26, or\n"
    "                 \"2026-11-26 22:41\"\n"
    "  --before SEQ   only those before that one: the next page\n"
    "  --limit N      at most so many (default 50, most 500)\n"
    "  --alarm ALARM  only those of one alarm\n"
    "  --json         {\"events\":[…],\"total\":N}\n"
    "  --refused      instead those that a receiver refuses, why and since when, a line for each\n"
    "                 event and receiver\n"
    "show: one event whole, with its receipts, as JSON.\n"
    "export: a bundle on standard output, one JSON object a line, for tocsin verify. With --alarm\n"
    "it is a part: tocsin verify --part.\n"
    "  --after SEQ    only those after that one\n"
    "give-up: an event that a receiver refuses for ever is not sent to it any more. Everybody is "
    "told.\n"
    "  --by NAME      who does it\n"
    "  --note TEXT    why\n"
    "  --receiver ID  at which receiver, where several refuse it\n"
    "  --alarm ALARM  of which alarm it is: for the events of real ones\n";

enum {
    OPTION_SINCE = PROGRAM_LONG,
    OPTION_SEQ,
    OPTION_LIMIT,
    OPTION_ALARM,
    OPTION_JSON,
    OPTION_REFUSED
};

static const struct program program = {.name = "tocsin events", .help = help, .stops = true};
static const struct program_switch list_switches[] = {{"since", OPTION_SINCE, true},
                                                      {"before", OPTION_SEQ, true},
                                                      {"limit", OPTION_LIMIT, true},
                                                      {"alarm", OPTION_ALARM, true},
                                                      {"json", OPTION_JSON, false},
                                                      {"refused", OPTION_REFUSED, false},
                                                      {0}};
static const struct program_switch export_switches[] = {
    {"alarm", OPTION_ALARM, true}, {"after", OPTION_SEQ, true}, {0}};

/* What one command line says. */
struct arguments {
    const struct program *program;
    json_t *request;
    const char *seq_name; /* of the request: "before" or "after" */
    int64_t limit;
    bool as_json;
    bool is_of_refused;
};

/* The number of an option, from `least` to `most`; false after a message. */
static bool take_number(const struct arguments *a, const char *option, int64_t least, int64_t most,
                        int64_t *ret_number)
{
    if (value_int(optarg, ret_number) == 0 && *ret_number >= least && *ret_number <= most)
        return true;
    if (most == INT64_MAX)
        program_usage(a->program, "--%s %s: not the seq of an event", option, optarg);
    else
        program_usage(a->program, "--%s %s: not a number from %lld to %lld", option, optarg,
                      (long long)least, (long long)most);
    return false;
}

static bool take_since(const struct arguments *a)
{
    int64_t since_ms;
    int result = when_read(optarg, (int64_t)time(NULL) * 1000, &since_ms);
    if (result == -ERANGE) {
        program_usage(a->program,
                      "--since %s: that is still to come; 22:41 is of today, see --help", optarg);
        return false;
    }
    if (result != 0) {
        program_usage(a->program,
                      "--since %s: neither 2h, 22:41, 2026-11-26 nor \"2026-11-26 "
                      "22:41\"",
                      optarg);
        return false;
    }
    json_object_set_new(a->request, "since_ms", json_integer(since_ms > 0 ? since_ms : 0));
    return true;
}

static bool take_option(int letter, struct arguments *a)
{
    int64_t seq;
    switch (letter) {
    case OPTION_SINCE:
        return take_since(a);
    case OPTION_SEQ:
        if (!take_number(a, a->seq_name, strcmp(a->seq_name, "before") == 0, INT64_MAX, &seq))
            return false;
        json_object_set_new(a->request, a->seq_name, json_integer(seq));
        return true;
    case OPTION_LIMIT:
        return take_number(a, "limit", 1, LIST_MOST, &a->limit);
    case OPTION_ALARM:
        json_object_set_new(a->request, "alarm", json_string(optarg));
        return true;
    case OPTION_REFUSED:
        a->is_of_refused = true;
        return true;
    default:
        a->as_json = true;
        return true;
    }
}

/* 0, or PROGRAM_DONE or PROGRAM_WRONG. */
static int read_options(struct arguments *a, int argc, char **argv)
{
    for (int letter; (letter = program_option(a->program, argc, argv)) != PROGRAM_END;) {
        if (letter < PROGRAM_LONG)
            return letter;
        if (!take_option(letter, a))
            return PROGRAM_WRONG;
    }
    return 0;
}

/* Those that are refused are another command's, which chooses by nothing else. */
static bool choose_command(const struct arguments *a)
{
    static const char *const others[] = {"since_ms", "before", "alarm"};
    for (size_t i = 0; a->is_of_refused && i < sizeof others / sizeof *others; i++) {
        if (json_object_get(a->request, others[i])) {
            program_usage(a->program, "--refused goes with --limit and --json alone");
            return false;
        }
    }
    if (a->is_of_refused)
        json_object_set_new(a->request, "command", json_string("events.refused"));
    return true;
}

static void print_listed(const struct arguments *a, const json_t *answer)
{
    const json_t *events = json_object_get(answer, "events");
    long long total = json_integer_value(json_object_get(answer, "total"));
    if (a->as_json) {
        json_dumpf(answer, stdout, JSON_INDENT(2));
        printf("\n");
    } else if (a->is_of_refused) {
        event_table_print_refused(events, total);
    } else {
        event_table_print(events, total, (size_t)a->limit);
    }
}

static int list(json_t *request, int argc, char **argv)
{
    static const struct program p = {
        .name = "tocsin events list", .help = help, .switches = list_switches};
    struct arguments a = {
        .program = &p, .request = request, .seq_name = "before", .limit = LIST_DEFAULT};
    int option = read_options(&a, argc, argv);
    if (option != 0)
        return program_status(option);
    if (program_operands(&p, argc, argv, 0) != 0 || !choose_command(&a))
        return EXIT_USAGE;
    json_object_set_new(request, "limit", json_integer(a.limit));
    json_t *answer = client_ask(json_incref(request));
    if (!answer)
        return EXIT_FAILURE;
    json_object_del(answer, "ok");
    print_listed(&a, answer);
    json_decref(answer);
    return EXIT_SUCCESS;
}

static int show(json_t *request, int argc, char **argv)
{
    static const struct program p = {.name = "tocsin events show", .help = help};
    int option = program_option(&p, argc, argv);
    int64_t seq;
    if (option != PROGRAM_END)
        return program_status(option);
    if (optind == argc)
        return program_usage(&p, "no ID or SEQ");
    if (program_operands(&p, argc, argv, 1) != 0)
        return EXIT_USAGE;
    if (value_int(argv[optind], &seq) == 0)
        json_object_set_new(request, "seq", json_integer(seq));
    else
        json_object_set_new(request, "id", json_string(argv[optind]));
    json_t *answer = client_ask(json_incref(request));
    if (!answer)
        return EXIT_FAILURE;
    json_dumpf(json_array_get(json_object_get(answer, "events"), 0), stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(answer);
    return EXIT_SUCCESS;
}

/* Prints what comes until the end; whether it was the whole, and how many lines. */
static bool print_lines(struct client *c, size_t *ret_count)
{
    json_t *line = NULL;
    *ret_count = 0;
    bool over = false, whole = false;
    while (!over && !program_is_unheard() && (line = client_read(c, false))) {
        over = json_object_get(line, "end");
        whole = json_is_true(json_object_get(line, "end"));
        if (json_object_get(line, "error") && over)
            text_print_error(json_string_value(json_object_get(line, "error")));
        if (!over) {
            json_dumpf(line, stdout, JSON_COMPACT);
            printf("\n");
            ++*ret_count;
        }
        json_decref(line);
    }
    if (!whole && !program_is_unheard())
        fprintf(stderr, "tocsin: the export ended early; do not use it\n");
    return whole;
}

static int print_bundle(json_t *request)
{
    const char *alarm = json_string_value(json_object_get(request, "alarm"));
    struct client *c = client_open(json_incref(request));
    json_t *begun = c ? client_answer(c) : NULL;
    size_t count = 0;
    bool whole = begun && print_lines(c, &count);
    if (whole && count == 0 && alarm) {
        fprintf(stderr, "tocsin: no such event of alarm %s here\n", alarm);
        whole = false;
    }
    json_decref(begun);
    client_close(c);
    return whole ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int export_bundle(json_t *request, int argc, char **argv)
{
    static const struct program p = {
        .name = "tocsin events export", .help = help, .switches = export_switches};
    struct arguments a = {.program = &p, .request = request, .seq_name = "after"};
    int option = read_options(&a, argc, argv);
    if (option != 0)
        return program_status(option);
    if (program_operands(&p, argc, argv, 0) != 0)
        return EXIT_USAGE;
    return print_bundle(request);
}

static int give_up(json_t *request, int argc, char **argv)
{
    return run_give_up(request, help, argc, argv);
}

int run_events(int argc, char **argv)
{
    static const struct action {
        const char *name, *command;
        int (*run)(json_t *request, int argc, char **argv);
    } actions[] = {{"list", "events.list", list},
                   {"show", "events.show", show},
                   {"export", "events.export", export_bundle},
                   {"give-up", "events.give-up", give_up}};
    int option = program_option(&program, argc, argv), at = optind;
    if (option != PROGRAM_END)
        return program_status(option);
    if (at == argc)
        return program_usage(&program, "neither list, show, export nor give-up");
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(actions[i].name, argv[at]) != 0)
            continue;
        json_t *request = json_pack("{ss}", "command", actions[i].command);
        optind = 0; /* its options are read afresh */
        int status = actions[i].run(request, argc - at, argv + at);
        json_decref(request);
        return status;
    }
    return program_usage(&program, "%s: neither list, show, export nor give-up", argv[at]);
}
