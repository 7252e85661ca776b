/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every program does alike: how it reads its command line, how it ends, and what its exit
 * status says.
 *
 *     static const struct program program = {.name = "tocsind", .help = help, .switches =
 *         (const struct program_switch[]){{"config", 'c', true}, {"verbose", 'v', false}, {0}}};
 *     static int run(int argc, char **argv)
 *     {
 *         for (int letter; (letter = program_option(&program, argc, argv)) != PROGRAM_END;) {
 *             switch (letter) { case 'c': path = optarg; break; … default:
 *                 return program_status(letter); }
 *         }
 *         … the operands are argv[optind] to argv[argc - 1] …
 *     }
 *     int main(int argc, char **argv) { return program_main("tocsind", run, argc, argv); }
 *
 * Options are getopt_long's: `--config FILE`, `--config=FILE`, `-c FILE`, `-cFILE`; `--` ends them.
 * Main thread only, as getopt_long has its place in global variables.
 */
#ifndef TOCSIN_BASE_PROGRAM_H
#define TOCSIN_BASE_PROGRAM_H

#include <stdbool.h>
#include <unistd.h> /* optarg, optind */

/* Exit statuses beside EXIT_SUCCESS and EXIT_FAILURE (1, an error). */
#define EXIT_USAGE      2
#define EXIT_BAD_CONFIG 78

/* One option. A letter is its short form, too; what is to have none is numbered from here. */
#define PROGRAM_LONG 256

struct program_switch {
    const char *name; /* without hyphens; NULL ends a table */
    int letter;
    bool takes_value;
};

struct program {
    const char *name; /* as its messages begin, and as --help is asked of: "tocsin press" */
    const char *help; /* what --help (-h) prints, whole; --version (-V) is every program's, too */
    const struct program_switch *switches; /* or NULL: there are none but those two */
    bool stops; /* at the first operand: the rest is another's command line */
};

enum program_option {
    PROGRAM_END = -1,   /* all options were read */
    PROGRAM_DONE = -2,  /* --help or --version was printed */
    PROGRAM_WRONG = -3, /* what is wrong was said on stderr */
};

/* The next option's letter (`letter` of its row) with its value in `optarg`, or one of the above.
 */
int program_option(const struct program *p, int argc, char **argv);

/* The exit status after PROGRAM_DONE or PROGRAM_WRONG. */
int program_status(int option);

/* Says what is wrong with the command line and where help is; returns EXIT_USAGE. */
int program_usage(const struct program *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says that the word is none of its commands (NULL: that there is none) and which there are: the
 * first lines of its help, until an empty one. Returns EXIT_USAGE. */
int program_no_command(const struct program *p, const char *word);

/* Refuses operands beyond the first `most`: EXIT_USAGE after a message, or 0. */
int program_operands(const struct program *p, int argc, char **argv, int most);

/*
 * Runs `run` and returns the exit status. A reader of standard output that goes away does not kill
 * (SIGPIPE is ignored), and what could not be written there (full disk, closed pipe) is said: the
 * status is 1 then, if it would have been 0. A program that never wrote may have had it closed.
 */
int program_main(const char *name, int (*run)(int argc, char **argv), int argc, char **argv);

/* Whether something that was printed is already known to be lost: time to stop printing. */
bool program_is_unheard(void);

#endif
