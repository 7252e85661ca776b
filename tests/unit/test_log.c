/* SPDX-License-Identifier: Apache-2.0 */
/* The log, where whoever reads it stands still: nobody waits, and what was lost is counted. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "run_suite.h"

static int reader, own;
static char text[1 << 20]; /* more than any pipe or socket holds */

/* The kinds of standard error that somebody reads: a shell's pipe, the journal's socket. */
static void set_up_pipe(void)
{
    int ends[2];
    own = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(ends), 0);
    reader = ends[0];
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
}

static void set_up_socket(void)
{
    int ends[2];
    own = dup(STDERR_FILENO);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    reader = ends[0];
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
}

static void tear_down(void)
{
    dup2(own, STDERR_FILENO);
    close(own);
    close(reader);
}

static const char *read_all(void)
{
    size_t used = 0;
    ck_assert_int_eq(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
    for (ssize_t got; (got = read(reader, text + used, sizeof text - 1 - used)) > 0;)
        used += (size_t)got;
    text[used] = '\0';
    return text;
}

static size_t count_of(const char *word)
{
    size_t count = 0;
    for (const char *p = text; (p = strstr(p, word)); p++)
        count++;
    return count;
}

#define LINES 5000 /* of which no reader that stands still has room for all */

static void fill(void)
{
    for (int i = 0; i < LINES; i++)
        log_info("test", "line %d %0200d", i, 0);
}

START_TEST(nobody_waits_for_a_reader_that_stands_still_and_what_it_missed_is_counted)
{
    fill();
    read_all();
    size_t there = count_of("test: line ");
    ck_assert_uint_gt(there, 0);
    ck_assert_uint_lt(there, LINES);
    ck_assert_ptr_null(strstr(text, "could not be written"));
    ck_assert_int_eq(text[strlen(text) - 1], '\n'); /* no half of a line */

    char said[100];
    snprintf(said, sizeof said, " log: %zu lines could not be written", LINES - there);
    log_info("test", "afterwards");
    log_info("test", "and again");
    read_all();
    const char *first = strstr(text, said), *then = strstr(text, " test: afterwards\n");
    ck_assert_msg(first && then && first < then, "%s", text);
    ck_assert_uint_eq(count_of("could not be written"), 1);
    ck_assert_uint_eq(count_of("test: "), 2);
}
END_TEST

START_TEST(who_is_gone_misses_nothing_and_ends_nobody)
{
    close(reader);
    reader = open("/dev/null", O_RDONLY);
    signal(SIGPIPE, SIG_IGN); /* as the daemons do */
    fill();
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(reader);
    reader = ends[0];
    log_info("test", "somebody else");
    ck_assert_ptr_null(strstr(read_all(), "could not be written"));
    close(ends[1]);
}
END_TEST

START_TEST(a_file_has_every_line)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    dup2(fileno(file), STDERR_FILENO);
    close(reader);
    reader = dup(fileno(file));
    fill();
    lseek(reader, 0, SEEK_SET);
    long long lines = 0;
    static char piece[1 << 16];
    for (ssize_t got; (got = read(reader, piece, sizeof piece)) > 0;)
        for (ssize_t i = 0; i < got; i++)
            lines += piece[i] == '\n';
    ck_assert_int_eq(lines, LINES);
    fclose(file);
}
END_TEST

static TCase *over(const char *name, void (*set_up)(void))
{
    TCase *tc = tcase_create(name);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, nobody_waits_for_a_reader_that_stands_still_and_what_it_missed_is_counted);
    tcase_add_test(tc, who_is_gone_misses_nothing_and_ends_nobody);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *pipes = over("pipe", set_up_pipe);
    tcase_add_test(pipes, a_file_has_every_line);
    suite_add_tcase(suite, pipes);
    suite_add_tcase(suite, over("socket", set_up_socket));
    return run_suite(suite);
}
