/* SPDX-License-Identifier: Apache-2.0 */
/* The store: what is damaged, and that a person has seen it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "cli/when.h"

static const char help[] =
    "usage: tocsin store status [--json]\n"
    "       tocsin store accept --by NAME [--note TEXT] [--remove]\n"
    "\n"
    "status  what was found damaged and since when, files that were put aside, room on the disk,\n"
    "        and which event the store's second witness (outbox.head) has seen there\n"
    "accept  ends the fault \"store-damaged\": NAME has seen it. --remove: the files that were "
    "put\n"
    "        aside are removed too; nothing else ever removes them\n";

enum { BY = PROGRAM_LONG, NOTE, REMOVE, JSON };

static const struct program program = {.name = "tocsin store", .help = help, .stops = true};
static const struct program_switch status_switches[] = {{"json", JSON, false}, {0}};
static const struct program_switch accept_switches[] = {
    {"by", BY, true}, {"note", NOTE, true}, {"remove", REMOVE, false}, {0}};

static double number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void print_damage(const json_t *found)
{
    size_t i;
    const json_t *one;
    char time[WHEN_TEXT_SIZE];
    if (json_array_size(found) == 0)
        printf("damage     none that nobody has seen\n");
    json_array_foreach(found, i, one)
    {
        const char *at = json_string_value(json_object_get(one, "at"));
        when_write(at ? at : "", time);
        printf("DAMAGED    %s  ", time);
        text_print(one, "what", 0);
        printf("\n");
    }
    if (json_array_size(found) > 0)
        printf("           until: tocsin store accept --by NAME\n");
}

/* False if one that was to be removed is there still. */
static bool print_files(const json_t *files, bool is_removal)
{
    size_t i;
    const json_t *one;
    char bytes[32];
    bool good = true;
    json_array_foreach(json_object_get(files, "aside"), i, one)
    {
        bool removed = json_is_true(json_object_get(one, "removed"));
        good &= removed || !is_removal;
        printf("%s ", removed ? "removed   " : is_removal ? "NOT REMOVED" : "put aside ");
        text_print(files, "folder", 0);
        printf("/");
        text_print(one, "file", 0);
        printf(", %s bytes\n",
               text_thousands((long long)number(one, "bytes"), bytes, sizeof bytes));
    }
    if (i == 0)
        printf("put aside  nothing\n");
    return good;
}

static void print_witness(const json_t *witness, const json_t *store)
{
    const char *reason = json_string_value(json_object_get(store, "witness_reason"));
    if (json_object_get(witness, "unreadable")) {
        printf("CANNOT BE READ: ");
        text_print(witness, "unreadable", 0);
        printf("\n");
    } else if (json_is_object(witness)) {
        printf("has seen event %.0f in the store\n", number(witness, "seq"));
    } else {
        printf("has seen nothing yet\n");
    }
    if (!reason || !reason[0])
        return;
    printf("           CANNOT BE WRITTEN: ");
    text_print(store, "witness_reason", 0);
    printf("\n");
}

static void print_status(const json_t *store, const json_t *files)
{
    char text[32];
    printf("store      %s, last event %.0f, %.0f only in memory ",
           json_string_value(json_object_get(store, "state")), number(store, "head_seq"),
           number(store, "in_memory"));
    text_print(store, "reason", 0);
    printf("\n");
    print_damage(json_object_get(store, "damage"));
    if (!files)
        return;
    print_files(files, false);
    printf("room       %s MiB free in ",
           text_thousands((long long)(number(files, "free_bytes") / (1 << 20)), text, sizeof text));
    text_print(files, "folder", 0);
    printf("\nwitness    ");
    print_witness(json_object_get(files, "witness"), store);
}

static int show(int argc, char **argv)
{
    static const struct program p = {
        .name = "tocsin store status", .help = help, .switches = status_switches};
    bool as_json = false;
    for (int letter; (letter = program_option(&p, argc, argv)) != PROGRAM_END;) {
        if (letter != JSON)
            return program_status(letter);
        as_json = true;
    }
    if (program_operands(&p, argc, argv, 0) != 0)
        return EXIT_USAGE;
    json_t *status = client_ask(json_pack("{ss}", "command", "status"));
    if (!status)
        return EXIT_FAILURE;
    json_t *store = json_object_get(status, "store");
    json_t *files = client_ask(json_pack("{ss}", "command", "store.files"));
    if (as_json) {
        json_object_update(store, files);
        json_object_del(store, "ok");
        json_dumpf(store, stdout, JSON_INDENT(2));
        printf("\n");
    } else {
        print_status(store, files);
    }
    int result = files ? EXIT_SUCCESS : EXIT_FAILURE;
    json_decref(files);
    json_decref(status);
    return result;
}

static int remove_files(json_t *by)
{
    json_t *files = client_ask(json_pack("{ss,sO}", "command", "store.remove", "by", by));
    bool good = files && print_files(files, true);
    json_decref(files);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int accept_damage(int argc, char **argv)
{
    static const struct program p = {
        .name = "tocsin store accept", .help = help, .switches = accept_switches};
    json_t *request = json_pack("{ss}", "command", "store.accept");
    bool is_removal = false;
    int letter;
    while ((letter = program_option(&p, argc, argv)) >= PROGRAM_LONG) {
        if (letter == REMOVE)
            is_removal = true;
        else
            json_object_set_new(request, letter == BY ? "by" : "note", json_string(optarg));
    }
    int status = EXIT_FAILURE;
    json_t *answer = NULL;
    if (letter != PROGRAM_END)
        status = program_status(letter);
    else if (program_operands(&p, argc, argv, 0) != 0)
        status = EXIT_USAGE;
    else if (!json_object_get(request, "by"))
        status = program_usage(&p, "no --by: say who has seen it");
    else
        answer = client_ask(json_incref(request));
    if (!answer) {
        json_decref(request);
        return status;
    }
    printf("%s\n", json_is_true(json_object_get(answer, "accepted"))
                       ? "the damage is seen: the fault store-damaged ends"
                       : "there is no damage that nobody has seen");
    text_print_kept(answer);
    json_decref(answer);
    status = is_removal ? remove_files(json_object_get(request, "by")) : EXIT_SUCCESS;
    json_decref(request);
    return status;
}

int run_store(int argc, char **argv)
{
    int option = program_option(&program, argc, argv), at = optind;
    if (option != PROGRAM_END)
        return program_status(option);
    if (at == argc)
        return program_usage(&program, "neither status nor accept");
    optind = 0; /* its options are read afresh */
    if (strcmp(argv[at], "status") == 0)
        return show(argc - at, argv + at);
    if (strcmp(argv[at], "accept") == 0)
        return accept_damage(argc - at, argv + at);
    return program_usage(&program, "%s: neither status nor accept", argv[at]);
}
