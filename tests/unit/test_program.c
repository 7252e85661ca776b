/* SPDX-License-Identifier: Apache-2.0 */
/* Each case runs in a process of its own, as Check does by default: getopt_long starts afresh. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/program.h"
#include "run_suite.h"

static const struct program_switch switches[] = {
    {"config", 'c', true}, {"length", PROGRAM_LONG, true}, {"verbose", 'v', false}, {0}};
static const struct program program = {.name = "bell ring",
                                       .help =
                                           "usage: bell ring …\n       bell ring twice\n\nRings.\n",
                                       .switches = switches};

/* What is written there from then on goes into a file without a name. */
static int catch_output(int fd)
{
    int caught = memfd_create("caught", 0);
    ck_assert_int_ge(caught, 0);
    ck_assert_int_eq(dup2(caught, fd), fd);
    return caught;
}

static const char *caught_text(int fd)
{
    static char text[1000];
    fflush(stdout);
    ssize_t length = pread(fd, text, sizeof text - 1, 0);
    ck_assert_int_ge(length, 0);
    text[length] = '\0';
    return text;
}

static int count(char **argv)
{
    int n = 0;
    while (argv[n])
        n++;
    return n;
}

#define LINE(...) ((char *[]){"ring", __VA_ARGS__, NULL})

static void read_one(char **argv, int letter, const char *value)
{
    ck_assert_int_eq(program_option(&program, count(argv), argv), letter);
    if (value)
        ck_assert_str_eq(optarg, value);
    ck_assert_int_eq(program_option(&program, count(argv), argv), PROGRAM_END);
}

START_TEST(a_value_stands_behind_its_option_or_behind_an_equals_sign)
{
    static char *lines[][4] = {{"ring", "--config", "a=b"},
                               {"ring", "--config=a=b"},
                               {"ring", "-c", "a=b"},
                               {"ring", "-ca=b"}};
    read_one(lines[_i], 'c', "a=b");
}
END_TEST

START_TEST(options_may_stand_behind_the_operands)
{
    char **line = LINE("gate", "--length", "5", "yard");
    read_one(line, PROGRAM_LONG, "5");
    ck_assert_int_eq(optind, 3);
    ck_assert_str_eq(line[3], "gate");
    ck_assert_str_eq(line[4], "yard");
}
END_TEST

START_TEST(a_double_hyphen_ends_the_options)
{
    char **line = LINE("-v", "--", "--config");
    read_one(line, 'v', NULL);
    ck_assert_str_eq(line[optind], "--config");
}
END_TEST

START_TEST(a_program_with_commands_leaves_theirs_alone)
{
    struct program outer = program;
    char **line = LINE("-v", "press", "--config", "x");
    outer.stops = true;
    ck_assert_int_eq(program_option(&outer, count(line), line), 'v');
    ck_assert_int_eq(program_option(&outer, count(line), line), PROGRAM_END);
    ck_assert_int_eq(optind, 2);
}
END_TEST

START_TEST(help_and_version_are_on_standard_output)
{
    static char *lines[][3] = {
        {"ring", "--help"}, {"ring", "-h"}, {"ring", "--version"}, {"ring", "-V"}};
    int out = catch_output(STDOUT_FILENO);
    ck_assert_int_eq(program_option(&program, 2, lines[_i]), PROGRAM_DONE);
    ck_assert_str_eq(caught_text(out),
                     _i < 2 ? "usage: bell ring …\n       bell ring twice\n\nRings.\n"
                            : "bell " TOCSIN_VERSION "\n");
    ck_assert_int_eq(program_status(PROGRAM_DONE), 0);
}
END_TEST

/* Which options and words there are instead. */
#define USAGE "usage: bell ring …\n       bell ring twice\n"

static const struct wrong {
    char *argv[4];
    const char *text;
} wrongs[] = {
    {{"ring", "--nonsense"}, "bell ring: --nonsense: no such option; see bell ring --help\n" USAGE},
    {{"ring", "--nonsense=3"},
     "bell ring: --nonsense=3: no such option; see bell ring --help\n" USAGE},
    {{"ring", "-x"}, "bell ring: -x: no such option; see bell ring --help\n" USAGE},
    {{"ring", "-vx"}, "bell ring: -x: no such option; see bell ring --help\n" USAGE},
    {{"ring", "--config"}, "bell ring: --config: a value is missing; see bell ring --help\n"},
    {{"ring", "-c"}, "bell ring: -c: a value is missing; see bell ring --help\n"},
    {{"ring", "--length"}, "bell ring: --length: a value is missing; see bell ring --help\n"},
    {{"ring", "--verbose=3"},
     "bell ring: --verbose=3: this option takes no value; see bell ring --help\n"},
    {{"ring", "--ver"}, "bell ring: --ver: no such option; see bell ring --help\n" USAGE},
};

START_TEST(what_is_wrong_is_said_with_the_word_and_where_help_is)
{
    const struct wrong *w = &wrongs[_i];
    int out = catch_output(STDERR_FILENO), letter;
    do
        letter = program_option(&program, count((char **)w->argv), (char **)w->argv);
    while (letter == 'v');
    ck_assert_int_eq(letter, PROGRAM_WRONG);
    ck_assert_str_eq(caught_text(out), w->text);
    ck_assert_int_eq(program_status(PROGRAM_WRONG), 2);
}
END_TEST

START_TEST(a_word_that_is_no_command_is_answered_with_those_that_there_are)
{
    int out = catch_output(STDERR_FILENO);
    ck_assert_int_eq(program_no_command(&program, _i == 0 ? "bong" : NULL), EXIT_USAGE);
    ck_assert_str_eq(caught_text(out),
                     _i == 0 ? "bell ring: bong: no such command; see bell ring --help\n" USAGE
                             : "bell ring: no COMMAND; see bell ring --help\n" USAGE);
}
END_TEST

START_TEST(a_word_too_many_is_named)
{
    char **line = LINE("gate", "yard", "hall");
    int out = catch_output(STDERR_FILENO);
    ck_assert_int_eq(program_option(&program, 4, line), PROGRAM_END);
    ck_assert_int_eq(program_operands(&program, 4, line, 3), 0);
    ck_assert_int_eq(program_operands(&program, 4, line, 2), EXIT_USAGE);
    ck_assert_str_eq(caught_text(out),
                     "bell ring: hall: one word too many; see bell ring --help\n");
}
END_TEST

static int print_little(int argc, char **argv)
{
    (void)argv;
    printf("ding\n");
    return argc - 1;
}

static int print_much(int argc, char **argv)
{
    for (int i = 0; i < 100000 && !program_is_unheard(); i++)
        print_little(argc, argv);
    return argc - 1;
}

static int print_nothing(int argc, char **argv)
{
    (void)argv;
    return argc - 1;
}

START_TEST(all_that_was_printed_arrives_and_the_status_stays)
{
    int out = catch_output(STDOUT_FILENO);
    ck_assert_int_eq(program_main("bell", print_little, 1, LINE(NULL)), 0);
    char text[10] = "";
    ck_assert_int_eq(pread(out, text, sizeof text, 0), 5);
    ck_assert_str_eq(text, "ding\n");
}
END_TEST

#define LOST "bell: what was to be printed could not be written"

/* Why is known only where the last piece is what failed. */
START_TEST(a_full_disk_is_said_and_is_an_error)
{
    int full = open("/dev/full", O_WRONLY), out = catch_output(STDERR_FILENO);
    dup2(full, STDOUT_FILENO);
    ck_assert_int_eq(program_main("bell", _i ? print_much : print_little, 1, LINE(NULL)), 1);
    ck_assert_str_eq(caught_text(out), _i ? LOST "\n" : LOST ": No space left on device\n");
}
END_TEST

START_TEST(a_reader_that_went_away_is_said_and_is_an_error)
{
    int ends[2], out = catch_output(STDERR_FILENO);
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    dup2(ends[1], STDOUT_FILENO);
    ck_assert_int_eq(program_main("bell", _i ? print_much : print_little, 1, LINE(NULL)), 1);
    ck_assert_str_eq(caught_text(out), _i ? LOST "\n" : LOST ": Broken pipe\n");
}
END_TEST

START_TEST(a_lost_piece_is_remembered_when_the_rest_is_written)
{
    int full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY);
    int out = catch_output(STDERR_FILENO);
    dup2(full, STDOUT_FILENO);
    printf("ding\n");
    ck_assert_int_eq(fflush(stdout), EOF);
    dup2(null, STDOUT_FILENO);
    ck_assert(program_is_unheard());
    ck_assert_int_eq(program_main("bell", print_nothing, 1, LINE(NULL)), 1);
    ck_assert_str_eq(caught_text(out), LOST "\n");
}
END_TEST

START_TEST(a_worse_status_is_kept)
{
    dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
    ck_assert_int_eq(program_main("bell", print_little, 3, LINE("x", "y")), 2);
}
END_TEST

START_TEST(a_closed_output_matters_only_to_who_prints)
{
    int out = catch_output(STDERR_FILENO);
    close(STDOUT_FILENO);
    ck_assert_int_eq(program_main("bell", _i ? print_little : print_nothing, 1, LINE(NULL)), _i);
    ck_assert_int_eq(strlen(caught_text(out)) > 0, _i);
}
END_TEST

int main(void)
{
    TCase *line = tcase_create("command line");
    tcase_add_loop_test(line, a_value_stands_behind_its_option_or_behind_an_equals_sign, 0, 4);
    tcase_add_test(line, options_may_stand_behind_the_operands);
    tcase_add_test(line, a_double_hyphen_ends_the_options);
    tcase_add_test(line, a_program_with_commands_leaves_theirs_alone);
    tcase_add_loop_test(line, help_and_version_are_on_standard_output, 0, 4);
    tcase_add_loop_test(line, what_is_wrong_is_said_with_the_word_and_where_help_is, 0,
                        (int)(sizeof wrongs / sizeof *wrongs));
    tcase_add_test(line, a_word_too_many_is_named);
    tcase_add_loop_test(line, a_word_that_is_no_command_is_answered_with_those_that_there_are, 0,
                        2);
    TCase *output = tcase_create("standard output");
    tcase_add_test(output, all_that_was_printed_arrives_and_the_status_stays);
    tcase_add_loop_test(output, a_full_disk_is_said_and_is_an_error, 0, 2);
    tcase_add_loop_test(output, a_reader_that_went_away_is_said_and_is_an_error, 0, 2);
    tcase_add_test(output, a_lost_piece_is_remembered_when_the_rest_is_written);
    tcase_add_test(output, a_worse_status_is_kept);
    tcase_add_loop_test(output, a_closed_output_matters_only_to_who_prints, 0, 2);
    Suite *suite = suite_create("program");
    suite_add_tcase(suite, line);
    suite_add_tcase(suite, output);
    return run_suite(suite);
}
