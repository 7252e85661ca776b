/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin: the technician's command. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"

static const char help[] =
    "usage: tocsin [--socket PATH] COMMAND …\n"
    "  status   what is open, what works, what does not\n"
    "  watch    everything that happens, as it happens\n"
    "  press    press a simulated button\n"
    "  release  release a simulated button\n"
    "  card     show a card to a simulated reader\n"
    "  drill    begin or end a drill\n"
    "  test     walk through the buttons, and record it\n"
    "  cancel   tell the receivers that an alarm was none\n"
    "  reset    close open alarms (by a person at the gateway)\n"
    "  store    what is damaged of the store, and that it was seen\n"
    "  reload   read the configuration again\n"
    "  events   list, show or export stored events, or give up what is refused\n"
    "  check    find every mistake in a configuration file\n"
    "  keygen   make a signing key\n"
    "  verify   check an exported bundle offline\n"
    "  limits   how many of what there may be, and why\n"
    "  version  print the version\n"
    "\n"
    "tocsin COMMAND --help and man tocsin-COMMAND say more.\n";
static const struct program_switch switches[] = {{"socket", PROGRAM_LONG, true}, {0}};
static const struct program program = {
    .name = "tocsin", .help = help, .switches = switches, .stops = true};

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"status", run_status},   {"watch", run_watch},   {"press", run_press},
    {"release", run_release}, {"card", run_card},     {"drill", run_drill},
    {"test", run_test},       {"cancel", run_cancel}, {"reset", run_reset},
    {"store", run_store},     {"reload", run_reload}, {"events", run_events},
    {"check", run_check},     {"keygen", run_keygen}, {"verify", run_verify},
    {"limits", run_limits},
};

static int run_command(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, argv[0]) != 0)
            continue;
        optind = 0; /* the command reads a command line of its own */
        return commands[i].run(argc, argv);
    }
    return program_no_command(&program, argv[0]);
}

static int run_help(int argc, char **argv)
{
    char of_command[] = "--help", *line[] = {argc > 1 ? argv[1] : NULL, of_command, NULL};
    if (argc > 1)
        return run_command(2, line);
    fputs(help, stdout);
    return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
    for (int letter; (letter = program_option(&program, argc, argv)) != PROGRAM_END;) {
        if (letter != PROGRAM_LONG)
            return program_status(letter);
        client_set_socket(optarg);
    }
    if (optind == argc)
        return program_no_command(&program, NULL);
    int at = optind;
    if (strcmp(argv[at], "version") == 0) {
        printf("tocsin " TOCSIN_VERSION "\n");
        return EXIT_SUCCESS;
    }
    if (strcmp(argv[at], "help") == 0)
        return run_help(argc - at, argv + at);
    return run_command(argc - at, argv + at);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    /* Names are UTF-8 whatever the shell's locale is. */
    if (strcmp(setlocale(LC_CTYPE, NULL), "C") == 0)
        setlocale(LC_CTYPE, "C.UTF-8");
    return program_main("tocsin", run, argc, argv);
}
