/* SPDX-License-Identifier: Apache-2.0 */
/* The commands tocsin drill and tocsin test. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "conf/value.h"

static const char drill_help[] =
    "usage: tocsin drill begin [--for DURATION] [--by NAME] [--note TEXT] [INPUT …]\n"
    "       tocsin drill end [--by NAME]\n"
    "\n"
    "In a drill presses of the buttons INPUT (default: every one but those for duress) are told "
    "as\n"
    "drills, never as alarms. It begins when the receivers have receipted its announcement, and "
    "ends\n"
    "by itself after DURATION (10min; default and most: exercises.drill_limit), or with a real "
    "alarm.\n"
    "Real all the same: every other button, a press that is held for long (exercises.long_press),\n"
    "and the duress pattern.\n";
static const char test_help[] =
    "usage: tocsin test [--for DURATION] [--by NAME] [--note TEXT] [INPUT …]\n"
    "\n"
    "Walks through the buttons INPUT (default: all): press each once, shortly. Their presses are\n"
    "told as tests, never as alarms, and who tested which button when is recorded. Ends when all "
    "were\n"
    "pressed, after DURATION, with Ctrl-C or Ctrl-Z, or when this command ends in whatever way; "
    "the\n"
    "exit status is 0 only if all were pressed. As in a drill, a press that is held for long is a "
    "real\n"
    "alarm.\n";

enum { OPTION_FOR = PROGRAM_LONG, OPTION_BY, OPTION_NOTE };

static const struct program_switch switches[] = {
    {"for", OPTION_FOR, true}, {"by", OPTION_BY, true}, {"note", OPTION_NOTE, true}, {0}};
static const struct program drill = {
    .name = "tocsin drill", .help = drill_help, .switches = switches};
static const struct program test = {.name = "tocsin test", .help = test_help, .switches = switches};

/* Reads the options that both have in common into the request; 0, or PROGRAM_DONE or _WRONG. */
static int read_options(const struct program *p, int argc, char **argv, json_t *request)
{
    for (int letter; (letter = program_option(p, argc, argv)) != PROGRAM_END;) {
        int64_t length_ms;
        int wrong;
        switch (letter) {
        case OPTION_FOR:
            if ((wrong = value_duration(optarg, &length_ms)) != 0) {
                program_usage(p, "--for %s: %s", optarg,
                              wrong == -ERANGE ? "too long"
                                               : "not a duration such as 90s or 10min");
                return PROGRAM_WRONG;
            }
            json_object_set_new(request, "length_ms", json_integer(length_ms));
            break;
        case OPTION_BY:
            json_object_set_new(request, "by", json_string(optarg));
            break;
        case OPTION_NOTE:
            json_object_set_new(request, "note", json_string(optarg));
            break;
        default:
            return letter;
        }
    }
    return 0;
}

/* The operands from `from` on are the buttons; none means every one. */
static void add_inputs(json_t *request, int from, int argc, char **argv)
{
    json_t *inputs = json_array();
    for (int i = from; i < argc; i++)
        json_array_append_new(inputs, json_string(argv[i]));
    if (json_array_size(inputs) > 0)
        json_object_set(request, "inputs", inputs);
    json_decref(inputs);
}

static void print_list(const json_t *list)
{
    size_t i;
    const json_t *one;
    char text[100];
    json_array_foreach(list, i, one)
    {
        text_clean(json_string_value(one), text, sizeof text);
        printf("%s%s", i ? ", " : "", text);
    }
}

/* What nobody has signed for is not called receipted. */
static void print_unsigned(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "unsigned");
    if (json_array_size(list) == 0)
        return;
    printf("ITS ANNOUNCEMENT WAS ACCEPTED, BUT NOT SIGNED FOR, by ");
    print_list(list);
    printf(": telephone them if they must know\n");
}

static void print_drill(const json_t *answer, bool begun)
{
    char length[32];
    if (begun) {
        printf("the drill has begun, for %s: ",
               text_age(json_number_value(json_object_get(answer, "length_ms")), length,
                        sizeof length));
        print_list(json_object_get(answer, "inputs"));
        printf("\n");
        print_unsigned(answer);
    } else {
        printf("the drill is over\n");
    }
    text_print_kept(answer);
}

static int ask_drill(json_t *request, int argc, char **argv)
{
    int option = read_options(&drill, argc, argv, request);
    if (option != 0)
        return program_status(option);
    if (optind == argc)
        return program_usage(&drill, "neither begin nor end");
    bool begin = strcmp(argv[optind], "begin") == 0;
    if (!begin && strcmp(argv[optind], "end") != 0)
        return program_usage(&drill, "%s: neither begin nor end", argv[optind]);
    json_object_set_new(request, "command", json_string(begin ? "drill.begin" : "drill.end"));
    add_inputs(request, optind + 1, argc, argv);
    json_t *answer = client_ask(json_incref(request));
    if (!answer)
        return EXIT_FAILURE;
    print_drill(answer, begin);
    json_decref(answer);
    return EXIT_SUCCESS;
}

int run_drill(int argc, char **argv)
{
    json_t *request = json_object();
    int status = ask_drill(request, argc, argv);
    json_decref(request);
    return status;
}

static void on_signal(int number)
{
    (void)number; /* it has ended the waiting: that is all */
}

/* What breaks a test off: Ctrl-C, the terminal that goes, Ctrl-Z (a test that nobody follows leaves
 * the buttons on "test"). They wait from now on until they are waited for with the mask that is
 * returned. Whoever has the command ignore one (nohup) means that. */
static sigset_t hold_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};
    struct sigaction old;
    sigset_t held, ret_mask;
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &(struct sigaction){.sa_handler = on_signal}, &old);
        if (old.sa_handler == SIG_IGN)
            sigaction(numbers[i], &old, NULL);
        sigaddset(&held, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &held, &ret_mask);
    return ret_mask;
}

static void remove_text(json_t *list, const char *text)
{
    for (size_t i = json_array_size(list); text && i-- > 0;) {
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            json_array_remove(list, i);
    }
}

/* Follows the test until every button was pressed or it is over. True if it is over there. */
static bool follow(struct client *watch, const sigset_t *mask, json_t *waiting)
{
    json_t *line;
    while (json_array_size(waiting) > 0 && client_wait(watch, mask) &&
           (line = client_read(watch, true))) {
        const char *what = json_string_value(json_object_get(line, "what"));
        const char *event = json_string_value(json_object_get(line, "event"));
        bool over = what && strcmp(what, "ended") == 0 && event && strcmp(event, "test") == 0;
        if (over) {
            printf("the test is over: ");
            text_print(line, "text", 0);
            printf("\n");
        } else if (what && strcmp(what, "tested") == 0) {
            remove_text(waiting, json_string_value(json_object_get(line, "input")));
            printf("good: ");
            text_print(line, "input", 0);
            printf("%s", json_array_size(waiting) ? "; still to be pressed: " : "");
            print_list(waiting);
            printf("\n");
        }
        fflush(stdout);
        json_decref(line);
        if (over)
            return true;
    }
    return false;
}

/* Whether the test has begun: NULL if it has not, or was broken off before that. */
static json_t *await_begin(struct client *holder, const sigset_t *mask)
{
    if (client_wait(holder, mask))
        return client_answer(holder);
    fprintf(stderr, "tocsin: broken off: the test does not begin\n");
    return NULL;
}

static int walk(json_t *request)
{
    /* It watches first, so that no press is missed. The test ends with the holder's connection. */
    struct client *watch = client_open(json_pack("{ss}", "command", "watch"));
    json_t *hello = watch ? client_answer(watch) : NULL;
    const sigset_t mask = hold_signals();
    struct client *holder = hello ? client_open(json_incref(request)) : NULL;
    json_t *begun = holder ? await_begin(holder, &mask) : NULL;
    json_decref(request);
    json_decref(hello);
    if (!begun) {
        client_close(holder);
        client_close(watch);
        return EXIT_FAILURE;
    }
    json_t *waiting = json_object_get(begun, "inputs");
    printf("the test has begun; press each once, shortly: ");
    print_list(waiting);
    printf("\n");
    print_unsigned(begun);
    text_print_kept(begun);
    fflush(stdout);
    if (!follow(watch, &mask, waiting))
        json_decref(client_ask(json_pack("{ss}", "command", "test.end")));
    client_close(holder);
    client_close(watch);
    bool all = json_array_size(waiting) == 0;
    printf("%s", all ? "every button was heard" : "NOT TESTED: ");
    print_list(waiting);
    printf("\n");
    json_decref(begun);
    return all ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_test(int argc, char **argv)
{
    json_t *request = json_pack("{ss}", "command", "test.begin");
    int option = read_options(&test, argc, argv, request);
    if (option != 0) {
        json_decref(request);
        return program_status(option);
    }
    add_inputs(request, optind, argc, argv);
    return walk(request);
}
