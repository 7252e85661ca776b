/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/plural.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "cli/when.h"

static const char help[] =
    "usage: tocsin status [--json] [--duress]\n"
    "\n"
    "Shows lamps, open alarms, a running drill or test, faults, inputs, "
    "outputs, cameras, receivers,\n"
    "store, room on the disks and clock. Duress alarms are shown only with --duress: never "
    "where others see the screen.\n";

static const struct program_switch switches[] = {
    {"json", PROGRAM_LONG, false}, {"duress", PROGRAM_LONG + 1, false}, {0}};
static const struct program program = {.name = "tocsin status", .help = help, .switches = switches};

static double number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static const char *word(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void print_alarms(const json_t *list, bool known)
{
    size_t i, j;
    const json_t *alarm, *receiver;
    char age[32];
    if (!known)
        printf(
            "alarms     not known: of before a restart there may be others; see the fault below\n");
    else if (json_array_size(list) == 0)
        printf("alarms     none open\n");
    json_array_foreach(list, i, alarm)
    {
        const char *class = word(alarm, json_object_get(alarm, "class") ? "class" : "nature");
        printf("%-10s ", strcmp(class, "drill") == 0  ? "drill"
                         : strcmp(class, "test") == 0 ? "test"
                                                      : "ALARM");
        text_print(alarm, "place", 0);
        printf(" · ");
        text_print(alarm, "name", 0);
        printf(" · %s, pressed %.0f time%s%s", word(alarm, "kind"), number(alarm, "presses"),
               plural((long long)number(alarm, "presses")),
               json_is_true(json_object_get(alarm, "pressed")) ? ", STILL PRESSED" : "");
        if (json_is_true(json_object_get(alarm, "cancelled")))
            printf(", cancelled at the gate");
        if (number(alarm, "level") > 1)
            printf(", group %.0f is asked", number(alarm, "level"));
        if (json_object_get(alarm, "age_ms"))
            printf(", %s ago", text_age(number(alarm, "age_ms"), age, sizeof age));
        printf("\n           %s\n", word(alarm, "alarm"));
        json_array_foreach(json_object_get(alarm, "receivers"), j, receiver)
            printf("           %s: %s%s\n", word(receiver, "id"), word(receiver, "state"),
                   json_is_true(json_object_get(receiver, "closed")) ? ", closed there" : "");
    }
}

static void print_list(const char *title, const json_t *list, const char *state)
{
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one)
    {
        printf("%-10s ", i == 0 ? title : "");
        text_print(one, "id", 16);
        printf(" ");
        text_print(one, "name", 24);
        if (strcmp(state, "pressed") == 0)
            printf(" %-10s", !json_is_true(json_object_get(one, "known"))    ? "FAULT"
                             : json_is_true(json_object_get(one, "pressed")) ? "PRESSED"
                                                                             : "at rest");
        else
            printf(" %-10s", word(one, state));
        printf(" ");
        text_print(one, strcmp(state, "pressed") == 0 ? "fault" : "reason", 0);
        printf("\n");
    }
}

static void print_receivers(const json_t *list)
{
    size_t i;
    const json_t *one;
    char age[32];
    json_array_foreach(list, i, one)
    {
        const json_t *last = json_object_get(one, "last_receipt_ms_ago");
        printf("%-10s ", i == 0 ? "receivers" : "");
        text_print(one, "id", 16);
        printf(" ");
        text_print(one, "name", 24);
        printf(" %-10s last receipt %s", word(one, "state"),
               json_is_number(last) ? text_age(json_number_value(last), age, sizeof age) : "never");
        double clips = number(one, "uploads") + number(one, "uploads_held");
        printf("%s, %.0f event%s and %.0f clip%s waiting ", json_is_number(last) ? " ago" : "",
               number(one, "backlog"), plural((long long)number(one, "backlog")), clips,
               plural((long long)clips));
        if (number(one, "refused") > 0)
            printf("(%.0f refused: tocsin events list --refused) ", number(one, "refused"));
        text_print(one, "reason", 0);
        printf("\n");
    }
}

/* What stands in the file and is not in force. */
static void print_file(const json_t *c)
{
    const char *state = word(c, "state");
    char time[WHEN_TEXT_SIZE];
    if (strcmp(state, "changed") == 0) {
        when_write(word(c, "changed"), time);
        printf("config     ");
        text_print(c, "file", 0);
        printf(" was changed%s%s and is not in force: tocsin check, then tocsin reload\n",
               time[0] ? " at " : "", time);
    } else if (strcmp(state, "unreadable") == 0) {
        printf("config     what is in force can no longer be read: ");
        text_print(c, "reason", 0);
        printf("\n");
    }
    if (word(c, "not_kept")[0]) {
        printf("config     could not be kept for a start without its file: ");
        text_print(c, "not_kept", 0);
        printf("\n");
    }
}

/* What a reload has read and nobody has taken over. */
static void print_waiting(const json_t *programs)
{
    size_t i;
    const char *which;
    const json_t *name;
    json_t *names;
    json_object_foreach((json_t *)programs, which, names)
    {
        printf("config     changed, and waiting for a restart of %s: ", which);
        json_array_foreach(names, i, name) printf("%s%s", i ? ", " : "", json_string_value(name));
        printf("\n");
    }
}

/* What to do about a fault, in the language of the terminal. */
static const char *action_name(void)
{
    const char *language = getenv("LC_ALL");
    if (!language || !language[0])
        language = getenv("LANG");
    return language && strncmp(language, "zh", 2) == 0 ? "action_zh" : "action";
}

static void print_faults(const json_t *faults)
{
    size_t i;
    const json_t *one;
    char age[32];
    json_array_foreach(faults, i, one)
    {
        const char *subject = word(one, "subject");
        printf("FAULT      %s%s%s: ", word(one, "fault"), subject[0] ? " " : "", subject);
        text_print(one, "reason", 0);
        printf(" (for %s)\n           ", text_age(number(one, "age_ms"), age, sizeof age));
        text_print(one, action_name(), 0);
        printf("\n");
    }
}

static void print_over(const json_t *faults)
{
    size_t i;
    const json_t *one;
    char age[32];
    json_array_foreach(faults, i, one)
    {
        const char *subject = word(one, "subject");
        printf("over       %s%s%s, for %s: receivers are told when it stays so\n",
               word(one, "fault"), subject[0] ? " " : "", subject,
               text_age(number(one, "age_ms"), age, sizeof age));
    }
}

/* What is free where the events, or the clips, lie. */
static void print_room(const char *title, const json_t *room)
{
    static const double mib = 1 << 20;
    const json_t *bytes = json_object_get(room, "free_bytes");
    printf("%-10s ", title);
    text_print(room, "dir", 0);
    if (json_is_number(bytes))
        printf(": %.0f MiB free", json_number_value(bytes) / mib);
    else
        printf(": what is free is not known");
    if (json_object_get(room, "reserve_left"))
        printf("; the reserve has room for %.0f alarms of %.0f%s", number(room, "reserve_left"),
               number(room, "reserve_events"),
               json_is_true(json_object_get(room, "alarms_only")) ? ", and for nothing else" : "");
    if (json_object_get(room, "keep_free"))
        printf("; with less than %.0f no clip is begun", number(room, "keep_free") / mib);
    printf("\n");
}

static void print_status(const json_t *s)
{
    size_t i;
    const json_t *one;
    char age[32];
    printf("gateway    ");
    text_print(s, "site", 0);
    const char *key = word(s, "signing_key");
    printf(" (%s), version %s, up %s, signing key %s\n", word(s, "gateway"), word(s, "version"),
           text_age(number(s, "uptime_ms"), age, sizeof age), key[0] ? key : "MISSING");
    json_array_foreach(json_object_get(s, "lamps"), i, one)
        printf("lamp       %s: %s\n", word(one, "id"), word(one, "pattern"));
    print_file(json_object_get(s, "configuration"));
    print_waiting(json_object_get(s, "waiting_for_restart"));
    print_alarms(json_object_get(s, "alarms"), json_is_true(json_object_get(s, "alarms_known")));
    print_faults(json_object_get(s, "faults"));
    print_over(json_object_get(s, "faults_over"));
    if ((one = json_object_get(s, "exercise")))
        printf("%-10s %s, by %s, %s left\n", word(one, "exercise"), word(one, "phase"),
               word(one, "by"), text_age(number(one, "left_ms"), age, sizeof age));
    json_array_foreach(json_object_get(s, "outputs"), i, one)
        printf("output     %s: %s\n", word(one, "id"),
               json_is_true(json_object_get(one, "on")) ? "ON" : "off");
    print_list("inputs", json_object_get(s, "inputs"), "pressed");
    print_list("cameras", json_object_get(s, "cameras"), "state");
    print_receivers(json_object_get(s, "receivers"));
    const json_t *store = json_object_get(s, "store");
    printf("store      %s, last event %.0f, %.0f only in memory ", word(store, "state"),
           number(store, "head_seq"), number(store, "in_memory"));
    text_print(store, "reason", 0);
    printf("\n");
    print_room("room", json_object_get(store, "room"));
    const json_t *clips = json_object_get(json_object_get(s, "video"), "room");
    if (clips)
        print_room("clips", clips);
    printf("clock      %s, %s\n", word(json_object_get(s, "clock"), "quality"),
           word(json_object_get(s, "clock"), "time"));
}

int run_status(int argc, char **argv)
{
    bool as_json = false, with_duress = false;
    for (int letter; (letter = program_option(&program, argc, argv)) != PROGRAM_END;) {
        switch (letter) {
        case PROGRAM_LONG:
            as_json = true;
            break;
        case PROGRAM_LONG + 1:
            with_duress = true;
            break;
        default:
            return program_status(letter);
        }
    }
    if (program_operands(&program, argc, argv, 0) != 0)
        return EXIT_USAGE;
    json_t *status = client_ask(json_pack("{ss,sb}", "command", "status", "duress", with_duress));
    if (!status)
        return EXIT_FAILURE;
    if (as_json) {
        json_dumpf(status, stdout, JSON_INDENT(2));
        printf("\n");
    } else {
        print_status(status);
    }
    json_decref(status);
    return EXIT_SUCCESS;
}
