/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin: the technician's command. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static const struct command commands[] = {
    {"status", run_status, "what is open, what works, what does not"},
    {"watch", run_watch, "everything that happens, as it happens"},
    {"press", run_press, "press a simulated button"},
    {"release", run_release, "release a simulated button"},
    {"card", run_card, "show a card to a simulated reader"},
    {"drill", run_drill, "begin or end a drill"},
    {"test", run_test, "walk through the buttons, and record it"},
    {"cancel", run_cancel, "tell the receivers that an alarm was none"},
    {"reset", run_reset, "close open alarms (by a person at the gateway)"},
    {"reload", run_reload, "read the configuration again"},
    {"events", run_events, "list, show or export stored events"},
    {"check", run_check, "find every mistake in a configuration file"},
    {"keygen", run_keygen, "make a signing key"},
    {"verify", run_verify, "check an exported bundle offline"},
};

static int print_help(void)
{
    printf("usage: tocsin [--socket PATH] COMMAND …\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  %-8s %s\n", commands[i].name, commands[i].help);
    printf("  %-8s %s\n\n", "version", "print the version");
    printf("tocsin COMMAND --help and man tocsin-COMMAND say more.\n");
    return 0;
}

int cli_help(const char *text)
{
    fputs(text, stdout);
    return 0;
}

int cli_usage(const char *command, const char *word)
{
    fprintf(stderr, "tocsin %s: %s: not understood; see tocsin %s --help\n", command, word,
            command);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    /* Names are UTF-8 whatever the shell's locale is. */
    if (strcmp(setlocale(LC_CTYPE, NULL), "C") == 0)
        setlocale(LC_CTYPE, "C.UTF-8");
    int at = 1;
    while (at < argc && argv[at][0] == '-') {
        if (strcmp(argv[at], "--socket") == 0 && at + 1 < argc) {
            client_set_socket(argv[at + 1]);
            at += 2;
        } else if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            return print_help();
        } else if (strcmp(argv[at], "--version") == 0) {
            break;
        } else {
            fprintf(stderr, "tocsin: %s: no such option; see tocsin --help\n", argv[at]);
            return EXIT_USAGE;
        }
    }
    if (at == argc) {
        print_help();
        return EXIT_USAGE;
    }
    if (strcmp(argv[at], "version") == 0 || strcmp(argv[at], "--version") == 0) {
        printf("tocsin " TOCSIN_VERSION "\n");
        return 0;
    }
    if (strcmp(argv[at], "help") == 0)
        return print_help();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, argv[at]) == 0)
            return commands[i].run(argc - at, argv + at);
    }
    fprintf(stderr, "tocsin: %s: no such command; see tocsin --help\n", argv[at]);
    return EXIT_USAGE;
}
