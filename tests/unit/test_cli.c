/* SPDX-License-Identifier: Apache-2.0 */
/* What the tocsin command says in words: times, numbers, the table of events, and of a tocsind that
 * does not answer. */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/event_table.h"
#include "cli/text.h"
#include "cli/when.h"
#include "run_suite.h"

/* 2026-11-26T14:41:07.123Z, which is 22:41 in Shanghai. */
#define NOW_MS 1795704067123

static void live_in(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static const struct said {
    const char *zone, *text;
    int64_t ms;
} said[] = {
    {"CST-8", "2h", NOW_MS - 7200000},
    {"CST-8", "22:30", 1795703400000},
    {"CST-8", "22:30:01", 1795703401000},
    {"CST-8", "2026-11-26", 1795622400000},
    {"CST-8", "2026-11-26 22:30", 1795703400000},
    {"CST-8", "2026-11-26 22:30:01", 1795703401000},
    {"CST-8", "2026-11-26T22:30", 1795703400000},
    {"CST-8", "2026-11-26T22:30:01", 1795703401000},
    {"UTC0", "14:30", 1795703400000},
    {"UTC0", "2024-02-29", 1709164800000},
};

START_TEST(a_time_is_read_as_people_say_it_where_they_are)
{
    int64_t ms = 0;
    live_in(said[_i].zone);
    ck_assert_int_eq(when_read(said[_i].text, NOW_MS, &ms), 0);
    ck_assert_int_eq(ms, said[_i].ms);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
    static const char *const texts[] = {
        "",           "x",        "yesterday",        "25:00",         "22:30 x", "2026-13-01",
        "2026-02-31", "26-11-26", "2026-11-26 25:00", "2026-11-26  x", "2026",    "12"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t ms = 5;
        ck_assert_msg(when_read(texts[i], NOW_MS, &ms) == -EINVAL, "%s is taken", texts[i]);
        ck_assert_int_eq(ms, 5);
    }
}
END_TEST

START_TEST(a_time_that_is_still_to_come_is_no_since)
{
    int64_t ms = 5;
    live_in("CST-8");
    ck_assert_int_eq(when_read("22:42", NOW_MS, &ms), -ERANGE);
    ck_assert_int_eq(when_read("2026-11-27", NOW_MS, &ms), -ERANGE);
    ck_assert_int_eq(ms, 5);
}
END_TEST

START_TEST(a_time_is_written_with_the_offset_of_here)
{
    static const char *const written[][3] = {
        {"CST-8", "2026-11-26T14:41:07.123Z", "2026-11-26 22:41:07.123 +08:00"},
        {"NST3:30", "2026-11-26T14:41:07.003Z", "2026-11-26 11:11:07.003 -03:30"},
        {"UTC0", "2026-11-26T14:41:07.000Z", "2026-11-26 14:41:07.000 +00:00"},
        {"UTC0", "not a time", "not a time"},
    };
    char text[WHEN_TEXT_SIZE];
    live_in(written[_i][0]);
    when_write(written[_i][1], text);
    ck_assert_str_eq(text, written[_i][2]);
}
END_TEST

START_TEST(a_long_number_is_in_groups_of_three)
{
    static const struct {
        long long number;
        const char *text;
    } numbers[] = {
        {0, "0"},          {7, "7"},      {999, "999"}, {1000, "1,000"}, {1234567, "1,234,567"},
        {-1234, "-1,234"}, {-123, "-123"}};
    char text[32];
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        ck_assert_str_eq(text_thousands(numbers[i].number, text, sizeof text), numbers[i].text);
}
END_TEST

/* What event_table_print puts on standard output. */
static const char *printed(const char *events, long long total, size_t limit)
{
    static char text[4000];
    int caught = memfd_create("caught", 0);
    json_t *list = json_loads(events, 0, NULL);
    ck_assert_ptr_nonnull(list);
    dup2(caught, STDOUT_FILENO);
    if (limit > 0)
        event_table_print(list, total, limit);
    else
        event_table_print_refused(list, total);
    fflush(stdout);
    json_decref(list);
    ssize_t length = pread(caught, text, sizeof text - 1, 0);
    ck_assert_int_ge(length, 0);
    text[length] = '\0';
    return text;
}

START_TEST(a_column_is_there_when_an_event_has_something_for_it)
{
    live_in("CST-8");
    ck_assert_str_eq(
        printed("[{\"seq\":12,\"time\":\"2026-11-26T14:41:07.123Z\",\"type\":\"tocsin.fault\","
                "\"receiver\":\"police\",\"reason\":\"no\\nanswer\",\"receivers\":[]},"
                "{\"seq\":3,\"time\":\"2026-11-26T14:41:07.000Z\",\"type\":\"tocsin.alarm.raised\","
                "\"input\":\"gate-button\",\"receivers\":[{\"id\":\"police\",\"state\":\"stored\"},"
                "{\"id\":\"edu\",\"state\":\"pending\"}]}]",
                1234, 50),
        "SEQ  TIME                            EVENT                BUTTON       RECEIVER  "
        "WHO HAS IT                 REASON\n"
        "12   2026-11-26 22:41:07.123 +08:00  tocsin.fault                      police    "
        "                           no answer\n"
        "3    2026-11-26 22:41:07.000 +08:00  tocsin.alarm.raised  gate-button            "
        "police=stored edu=pending\n"
        "2 of 1,234\n");
}
END_TEST

START_TEST(what_is_refused_has_its_reason_in_its_line)
{
    live_in("CST-8");
    ck_assert_str_eq(
        printed("[{\"seq\":12,\"type\":\"tocsin.alarm.raised\",\"alarm\":\"a1\",\"receiver\":"
                "\"police\",\"since\":\"2026-11-26T14:41:07.000Z\",\"attempts\":7,"
                "\"reason\":\"HTTP 404:\\u001b "
                "no\\nsuch\"},{\"seq\":3,\"type\":\"tocsin.fault.raised\","
                "\"alarm\":\"\",\"receiver\":\"edu\",\"since\":\"2026-11-26T14:41:08.000Z\","
                "\"attempts\":2,\"reason\":\"no\"}]",
                3, 0),
        "SEQ  EVENT                ALARM  RECEIVER  SINCE                           TRIES  "
        "REASON\n"
        "12   tocsin.alarm.raised  a1     police    2026-11-26 22:41:07.000 +08:00  7      "
        "HTTP 404:? no such\n"
        "3    tocsin.fault.raised         edu       2026-11-26 22:41:08.000 +08:00  2      no\n"
        "2 of 3\n");
}
END_TEST

START_TEST(chinese_takes_two_columns_and_nothing_moves_the_cursor)
{
    live_in("UTC0");
    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    ck_assert_str_eq(
        printed("[{\"seq\":2,\"type\":\"a\",\"camera\":\"大门\",\"reason\":\"\\u001b[2J\"},"
                "{\"seq\":1,\"type\":\"b\",\"camera\":\"c\",\"reason\":\"x\",\"times\":1440}]",
                2, 2),
        "SEQ  EVENT  CAMERA  REASON\n"
        "2    a      大门    ?[2J\n"
        "1    b      c       x (1440 times)\n"
        "2 of 2\n");
}
END_TEST

START_TEST(what_is_left_out_is_said_with_how_to_get_it)
{
    live_in("UTC0");
    const char *text = printed("[{\"seq\":9,\"type\":\"a\"},{\"seq\":8,\"type\":\"b\"}]", 9, 2);
    ck_assert_ptr_nonnull(strstr(text, "\n2 of 9\nolder ones, if any: --before 8\n"));
}
END_TEST

START_TEST(no_event_is_said)
{
    ck_assert_str_eq(printed("[]", 0, 50), "0 of 0\n");
}
END_TEST

/* The linker gives us the socket: this tocsind is silent for longer than anybody waits. */
static bool is_silent;
ssize_t __real_recv(int fd, void *room, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *room, size_t size, int flags);

ssize_t __wrap_recv(int fd, void *room, size_t size, int flags)
{
    errno = EAGAIN;
    return is_silent ? -1 : __real_recv(fd, room, size, flags);
}

/* What is said on standard error when tocsind says `line` to whoever comes, and closes. */
static const char *told(const char *line)
{
    static char text[1000];
    char folder[TEST_FOLDER_SIZE];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int caught = memfd_create("caught", 0), listener = socket(AF_UNIX, SOCK_STREAM, 0);
    test_folder(folder, sizeof folder);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s", folder);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    client_set_socket(address.sun_path);
    struct client *c = client_open(json_pack("{ss}", "command", "status"));
    ck_assert_ptr_nonnull(c);
    int there = accept(listener, NULL, NULL);
    ck_assert_int_eq(write(there, line, strlen(line)), (ssize_t)strlen(line));
    close(there); /* unread: that is an error to the other side once it has read the line */
    dup2(caught, STDERR_FILENO);
    json_t *answer = client_answer(c);
    fflush(stderr);
    json_decref(answer);
    client_close(c);
    close(listener);
    unlink(address.sun_path);
    rmdir(folder);
    ssize_t length = pread(caught, text, sizeof text - 1, 0);
    ck_assert_int_ge(length, 0);
    text[length] = '\0';
    return text;
}

START_TEST(who_is_refused_unasked_is_shown_why)
{
    ck_assert_str_eq(told("{\"ok\":false,\"error\":\"too many clients\"}\n"),
                     "tocsin: too many clients\n");
}
END_TEST

START_TEST(no_answer_is_said_and_a_silence_is_nothing_else)
{
    ck_assert_str_eq(told(""), "tocsin: tocsind closed the connection without an answer\n");
    ck_assert_str_eq(told("{\"ok\":true}\n"), "");
    is_silent = true;
    ck_assert_str_eq(told(""), "tocsin: tocsind did not answer within 20 s\n");
}
END_TEST

/* Else --refused --alarm would list those of every alarm. */
START_TEST(what_is_refused_is_chosen_by_nothing_else)
{
    static const char *const with[][2] = {{"--alarm", "a1"}, {"--before", "7"}, {"--since", "2h"}};
    char usage[300] = "";
    char *argv[] = {"tocsin events",     "list", "--refused", (char *)with[_i][0],
                    (char *)with[_i][1], NULL};
    FILE *errors = tmpfile();
    int kept = dup(STDERR_FILENO);
    client_set_socket("/nowhere/control.sock");
    dup2(fileno(errors), STDERR_FILENO);
    int status = run_events(5, argv);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    rewind(errors);
    ck_assert_ptr_nonnull(fgets(usage, sizeof usage, errors));
    ck_assert_ptr_nonnull(strstr(usage, "--refused goes with --limit and --json alone"));
    ck_assert_int_eq(status, EXIT_USAGE);
    fclose(errors);
    close(kept);
}
END_TEST

static void on_alarm(int number)
{
    (void)number;
}

static bool time_flies;

int __real_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *limit,
                 const sigset_t *mask);
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *limit,
                 const sigset_t *mask);
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *limit,
                 const sigset_t *mask)
{
    return __real_ppoll(fds, count, time_flies && limit ? &(struct timespec){0} : limit, mask);
}

struct watching {
    char folder[TEST_FOLDER_SIZE];
    struct sockaddr_un address;
    int listener, there;
    struct client *client;
};

static void begin_to_watch(struct watching *w)
{
    *w = (struct watching){.address = {.sun_family = AF_UNIX},
                           .listener = socket(AF_UNIX, SOCK_STREAM, 0)};
    test_folder(w->folder, sizeof w->folder);
    snprintf(w->address.sun_path, sizeof w->address.sun_path, "%s/s", w->folder);
    ck_assert_int_eq(bind(w->listener, (struct sockaddr *)&w->address, sizeof w->address), 0);
    ck_assert_int_eq(listen(w->listener, 1), 0);
    client_set_socket(w->address.sun_path);
    w->client = client_open(json_pack("{ss}", "command", "watch"));
    ck_assert_ptr_nonnull(w->client);
    w->there = accept(w->listener, NULL, NULL);
}

static void end_watching(struct watching *w)
{
    client_close(w->client);
    close(w->there);
    close(w->listener);
    unlink(w->address.sun_path);
    rmdir(w->folder);
}

/* A tocsind that was killed over a dead disk, or stopped, keeps its connections. */
START_TEST(who_watches_asks_after_a_silence_and_ends_when_nobody_answers)
{
    static const char asked[] = "{\"command\":\"watch\"}\n";
    char text[200], error[200] = "";
    struct watching w;
    begin_to_watch(&w);
    ck_assert_int_eq(recv(w.there, text, sizeof text, 0), sizeof asked - 1);
    FILE *errors = tmpfile();
    int kept = dup(STDERR_FILENO);
    dup2(fileno(errors), STDERR_FILENO);
    time_flies = true;
    bool waited = client_wait(w.client, NULL);
    dup2(kept, STDERR_FILENO);
    rewind(errors);
    ck_assert_ptr_nonnull(fgets(error, sizeof error, errors));
    ck_assert_str_eq(error, "tocsin: tocsind does not answer any more: it has said nothing for 16 "
                            "s\n");
    ck_assert(!waited);
    ck_assert_int_eq(recv(w.there, text, sizeof text, 0), sizeof asked - 1);
    ck_assert_mem_eq(text, asked, sizeof asked - 1);
    ck_assert_int_lt(recv(w.there, text, sizeof text, MSG_DONTWAIT), 0); /* once */
    ck_assert_int_eq(write(w.there, "{\"ok\":true}\n", 12), 12);
    ck_assert(client_wait(w.client, NULL)); /* one that answers goes on */
    fclose(errors);
    close(kept);
    end_watching(&w);
}
END_TEST

/* A test must be broken off with Ctrl-C also while half a line has come. */
START_TEST(who_waits_for_a_line_is_open_to_signals_also_when_half_of_it_has_come)
{
    struct watching w;
    sigset_t blocked, mask;
    begin_to_watch(&w);
    struct client *c = w.client;
    int there = w.there;
    ck_assert_int_eq(write(there, "{\"ok\":", 6), 6);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, &mask);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_alarm}, NULL);
    raise(SIGUSR1);
    ck_assert(!client_wait(c, &mask));
    ck_assert_int_eq(write(there, "true}\n{\"half", 12), 12);
    ck_assert(client_wait(c, &mask));
    json_t *line = client_read(c, true);
    ck_assert(json_is_true(json_object_get(line, "ok")));
    json_decref(line);
    shutdown(there, SHUT_RDWR);
    ck_assert(client_wait(c, &mask));
    ck_assert_ptr_null(client_read(c, true));
    end_watching(&w);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("cli");
    tcase_add_loop_test(tcase, a_time_is_read_as_people_say_it_where_they_are, 0,
                        (int)(sizeof said / sizeof *said));
    tcase_add_test(tcase, what_is_no_time_is_refused);
    tcase_add_test(tcase, a_time_that_is_still_to_come_is_no_since);
    tcase_add_loop_test(tcase, a_time_is_written_with_the_offset_of_here, 0, 4);
    tcase_add_test(tcase, a_long_number_is_in_groups_of_three);
    tcase_add_test(tcase, a_column_is_there_when_an_event_has_something_for_it);
    tcase_add_test(tcase, what_is_refused_has_its_reason_in_its_line);
    tcase_add_test(tcase, chinese_takes_two_columns_and_nothing_moves_the_cursor);
    tcase_add_test(tcase, what_is_left_out_is_said_with_how_to_get_it);
    tcase_add_test(tcase, no_event_is_said);
    tcase_add_loop_test(tcase, what_is_refused_is_chosen_by_nothing_else, 0, 3);
    tcase_add_test(tcase, who_is_refused_unasked_is_shown_why);
    tcase_add_test(tcase, no_answer_is_said_and_a_silence_is_nothing_else);
    tcase_add_test(tcase, who_watches_asks_after_a_silence_and_ends_when_nobody_answers);
    tcase_add_test(tcase, who_waits_for_a_line_is_open_to_signals_also_when_half_of_it_has_come);
    Suite *suite = suite_create("cli");
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
