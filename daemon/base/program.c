/* SPDX-License-Identifier: Apache-2.0 */
#include "base/program.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#define SWITCHES_MAX 32

int program_usage(const struct program *p, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "%s: ", p->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "; see %s --help\n", p->name);
    return EXIT_USAGE;
}

/* The option that getopt_long stumbled over, as it was written. */
static const char *faulty_word(char **argv, char letter[3])
{
    const char *word = argv[optind - 1];
    if (strncmp(word, "--", 2) == 0)
        return word;
    letter[0] = '-';
    letter[1] = (char)optopt;
    letter[2] = '\0';
    return letter;
}

/* Its first lines, until an empty one: which options and words there are. */
static void print_usage(const struct program *p)
{
    const char *end = strstr(p->help, "\n\n");
    size_t length = end ? (size_t)(end - p->help) + 1 : strlen(p->help);
    fprintf(stderr, "%.*s", (int)length, p->help);
}

int program_no_command(const struct program *p, const char *word)
{
    if (word)
        program_usage(p, "%s: no such command", word);
    else
        program_usage(p, "no COMMAND");
    print_usage(p);
    return EXIT_USAGE;
}

static void refuse(const struct program *p, int result, char **argv)
{
    char letter[3];
    const char *word = faulty_word(argv, letter);
    if (result == ':') {
        program_usage(p, "%s: a value is missing", word);
    } else if (word != letter && optopt != 0) {
        program_usage(p, "%s: this option takes no value", word);
    } else {
        program_usage(p, "%s: no such option", word);
        print_usage(p);
    }
}

/* The table as getopt_long has it. The colon has a missing value told from an unknown option, and
 * getopt_long silent. */
static void translate(const struct program *p, struct option *options, char *letters)
{
    static const struct program_switch common[] = {
        {"help", 'h', false}, {"version", 'V', false}, {NULL, 0, false}};
    const struct program_switch *const tables[] = {p->switches ? p->switches : common + 2, common};
    size_t used = 0;
    if (p->stops)
        *letters++ = '+';
    *letters++ = ':';
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const struct program_switch *s = tables[i]; s->name; s++) {
            assert(used < SWITCHES_MAX);
            options[used++] = (struct option){s->name, s->takes_value, NULL, s->letter};
            if (s->letter < PROGRAM_LONG)
                *letters++ = (char)s->letter;
            if (s->letter < PROGRAM_LONG && s->takes_value)
                *letters++ = ':';
        }
    }
    *letters = '\0';
}

int program_option(const struct program *p, int argc, char **argv)
{
    struct option options[SWITCHES_MAX + 1] = {0};
    char letters[2 * SWITCHES_MAX + 3];
    translate(p, options, letters);
    int result = getopt_long(argc, argv, letters, options, NULL);
    switch (result) {
    case 'h':
        fputs(p->help, stdout);
        return PROGRAM_DONE;
    case 'V':
        printf("%.*s " TOCSIN_VERSION "\n", (int)strcspn(p->name, " "), p->name);
        return PROGRAM_DONE;
    case '?':
    case ':':
        refuse(p, result, argv);
        return PROGRAM_WRONG;
    default:
        return result;
    }
}

int program_status(int option)
{
    return option == PROGRAM_DONE ? EXIT_SUCCESS : EXIT_USAGE;
}

int program_operands(const struct program *p, int argc, char **argv, int most)
{
    return argc - optind > most ? program_usage(p, "%s: one word too many", argv[optind + most])
                                : EXIT_SUCCESS;
}

bool program_is_unheard(void)
{
    return ferror(stdout);
}

/* Whether all that was printed has arrived; else why not, 0 where that is forgotten by now. */
static bool close_output(int *ret_why)
{
    bool pending = __fpending(stdout) > 0, failed = ferror(stdout);
    errno = 0;
    bool closed = fclose(stdout) == 0;
    *ret_why = closed ? 0 : errno;
    return !failed && (closed || (!pending && errno == EBADF));
}

int program_main(const char *name, int (*run)(int argc, char **argv), int argc, char **argv)
{
    int why;
    signal(SIGPIPE, SIG_IGN);
    int status = run(argc, argv);
    if (close_output(&why))
        return status;
    fprintf(stderr, "%s: what was to be printed could not be written%s%s\n", name, why ? ": " : "",
            why ? strerror(why) : "");
    return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}
