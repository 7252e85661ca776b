/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin events give-up: a person does not want an event to be tried at a receiver any more. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "conf/value.h"

enum { BY = PROGRAM_LONG, NOTE, RECEIVER, ALARM };

static const struct program_switch switches[] = {{"by", BY, true},
                                                 {"note", NOTE, true},
                                                 {"receiver", RECEIVER, true},
                                                 {"alarm", ALARM, true},
                                                 {0}};

static const char *name_of(int letter)
{
    const struct program_switch *s = switches;
    while (s->letter != letter)
        s++;
    return s->name;
}

static bool has(const json_t *request, const char *name)
{
    const char *text = json_string_value(json_object_get(request, name));
    return text && text[0];
}

static int read_seq(const struct program *p, json_t *request, int argc, char **argv)
{
    int64_t seq;
    if (optind == argc)
        return program_usage(p, "no SEQ: which event? (tocsin events list --refused)");
    if (program_operands(p, argc, argv, 1) != 0)
        return EXIT_USAGE;
    if (value_int(argv[optind], &seq) != 0 || seq < 1)
        return program_usage(p, "%s: not the seq of an event", argv[optind]);
    json_object_set_new(request, "seq", json_integer(seq));
    return 0;
}

static void print_done(const json_t *answer)
{
    long long seq = json_integer_value(json_object_get(answer, "given_up"));
    bool is_old = json_is_true(json_object_get(answer, "already"));
    printf("event %lld %s given up for ", seq, is_old ? "was already" : "is");
    text_print(answer, "receiver", 0);
    if (is_old)
        printf("\n");
    else
        printf(": it will not have it; event %lld tells everybody so\n",
               (long long)json_integer_value(json_object_get(answer, "event")));
    text_print_kept(answer);
}

int run_give_up(json_t *request, const char *help, int argc, char **argv)
{
    const struct program p = {.name = "tocsin events give-up", .help = help, .switches = switches};
    int letter;
    while ((letter = program_option(&p, argc, argv)) >= PROGRAM_LONG)
        json_object_set_new(request, name_of(letter), json_string(optarg));
    if (letter != PROGRAM_END)
        return program_status(letter);
    if (read_seq(&p, request, argc, argv) != 0)
        return EXIT_USAGE;
    if (!has(request, "by") || !has(request, "note"))
        return program_usage(&p, "no %s",
                             !has(request, "by") ? "--by: say who gives it up" : "--note: say why");
    json_t *answer = client_ask(json_incref(request));
    if (!answer)
        return EXIT_FAILURE;
    print_done(answer);
    json_decref(answer);
    return EXIT_SUCCESS;
}
