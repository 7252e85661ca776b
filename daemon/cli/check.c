/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin check: every mistake of a configuration file, in one run.
 *
 * The files that it names are read as the service would read them: when root asks, as the service's
 * user, because what root can read says nothing about what the service can.
 */
#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "drivers/camera/types.h"
#include "drivers/indicator/indicators.h"
#include "drivers/input/inputs.h"
#include "drivers/output/outputs.h"
#include "drivers/signer/signers.h"
#include "drivers/uplink/uplinks.h"
#include "sections/config.h"

#define SERVICE_USER "tocsin"

static const char help[] =
    "usage: tocsin check [--json] [--user USER] [FILE]\n"
    "\n"
    "Reads FILE (default /etc/tocsin/tocsin.yaml) and prints every mistake as\n"
    "file:line:column: path: what is wrong (what is legal).\n"
    "\n"
    "  --json       one JSON object on standard output instead\n"
    "  --user USER  read it, and the files that it names, as USER; when root asks, the\n"
    "               default is the service's user, tocsin, if there is one\n"
    "\n"
    "Exit 0: good, 1: could not become USER, 2: usage, 78: mistakes.\n";

static const struct program_switch switches[] = {
    {"json", PROGRAM_LONG, false}, {"user", PROGRAM_LONG + 1, true}, {0}};
static const struct program program = {.name = "tocsin check", .help = help, .switches = switches};

struct check {
    const char *path;
    const char *user; /* NULL: as who asks */
    bool json;
    json_t *problems; /* of --json */
    size_t problem_count;
};

/* "file:line:column: text" as an object; the file is known. */
static json_t *to_object(const struct check *c, const char *text)
{
    int line = 0, column = 0, used = 0;
    size_t length = strlen(c->path);
    if (strncmp(text, c->path, length) == 0 &&
        sscanf(text + length, ":%d:%d: %n", &line, &column, &used) == 2 && used > 0)
        text += length + (size_t)used;
    return json_pack("{sisiss}", "line", line, "column", column, "text", text);
}

static void take_problem(void *arg, const char *line)
{
    struct check *c = arg;
    c->problem_count++;
    if (c->json)
        json_array_append_new(c->problems, to_object(c, line));
    else
        fprintf(stderr, "%s\n", line);
}

/* For good: the process has nothing else to do. */
static int become(const char *user, struct err *e)
{
    const struct passwd *entry = getpwnam(user);
    if (!entry)
        return err_set(e, ENOENT, "there is no user %s on this machine", user);
    if (entry->pw_uid == geteuid())
        return 0;
    if (initgroups(user, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
        setuid(entry->pw_uid) != 0)
        return err_system(e, errno, "cannot become the user %s", user);
    return 0;
}

/* The key itself: a file that is there may still hold none. */
static struct signer *check_signer(struct check *c, const struct config *config)
{
    struct signer *signer = NULL;
    struct err e;
    char line[1200];
    const struct config_driver *driver = &config->signing.driver;
    if (signer_driver_of(driver->type)->open(driver->options, &signer, &e) == 0)
        return signer;
    snprintf(line, sizeof line, "%s:%d:%d: signing: %s", c->path, config->signing.at.line,
             config->signing.at.column, e.text);
    take_problem(c, line);
    return NULL;
}

static void print_count(const char *before, size_t count, const char *one)
{
    printf("%s%zu %s%s", before, count, one, count == 1 ? "" : "s");
}

static void print_good(const struct check *c, const struct config *config,
                       const struct signer *signer)
{
    for (size_t i = 0; i < config->notes.count; i++)
        fprintf(stderr, "%s\n", config->notes.items[i]);
    printf("%s: good: ", c->path);
    print_count("", config->inputs.count, "input");
    print_count(", ", config->cameras.count, "camera");
    print_count(", ", config->receivers.count, "receiver");
    print_count(", ", config->indicators.count, "lamp");
    printf("; signing key %s (%s)", signer->keyid, signer->algorithm);
    if (c->user)
        printf("; read as user %s", c->user);
    putchar('\n');
}

static void print_json(const struct check *c, const struct config *config,
                       const struct signer *signer)
{
    json_t *all =
        json_pack("{sssbsO}", "file", c->path, "good", signer != NULL, "mistakes", c->problems);
    json_t *notes = json_array();
    for (size_t i = 0; config && i < config->notes.count; i++)
        json_array_append_new(notes, to_object(c, config->notes.items[i]));
    json_object_set_new(all, "notes", notes);
    if (signer)
        json_object_update_new(all, json_pack("{sIsIsIsIssss}", "inputs",
                                              (json_int_t)config->inputs.count, "cameras",
                                              (json_int_t)config->cameras.count, "receivers",
                                              (json_int_t)config->receivers.count, "lamps",
                                              (json_int_t)config->indicators.count, "keyid",
                                              signer->keyid, "algorithm", signer->algorithm));
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

/* The file could not be read at all: what to do depends on who tried. */
static void tell_unreadable(struct check *c, int result, const char *text)
{
    char line[1200];
    if (result == -EACCES && c->user)
        snprintf(line, sizeof line,
                 "%s (read as the user %s: chgrp tocsin-config and chmod 0640 "
                 "it, or see --user)",
                 text, c->user);
    else
        snprintf(line, sizeof line, "%s", text);
    take_problem(c, line);
}

static int check_file(struct check *c)
{
    static const struct config_drivers drivers = {.inputs = input_types,
                                                  .indicators = indicator_types,
                                                  .outputs = output_types,
                                                  .cameras = camera_types,
                                                  .signers = signer_types,
                                                  .uplinks = uplink_types,
                                                  .check_files = true,
                                                  .try_files = true};
    struct config *config = NULL;
    struct signer *signer = NULL;
    struct err e;
    int result = config_load(c->path, &drivers, take_problem, c, &config, &e);
    if (result == 0)
        signer = check_signer(c, config);
    else if (c->problem_count == 0)
        tell_unreadable(c, result, e.text);
    else if (!c->json)
        fprintf(stderr, "%s\n", e.text);
    if (c->json)
        print_json(c, config, signer);
    else if (signer)
        print_good(c, config, signer);
    int status = signer ? EXIT_SUCCESS : EXIT_BAD_CONFIG;
    if (signer)
        signer->driver->close(signer);
    config_destroy(config);
    return status;
}

int run_check(int argc, char **argv)
{
    struct check c = {.path = "/etc/tocsin/tocsin.yaml"};
    struct err e;
    for (int letter; (letter = program_option(&program, argc, argv)) != PROGRAM_END;) {
        switch (letter) {
        case PROGRAM_LONG:
            c.json = true;
            break;
        case PROGRAM_LONG + 1:
            c.user = optarg;
            break;
        default:
            return program_status(letter);
        }
    }
    if (program_operands(&program, argc, argv, 1) != 0)
        return EXIT_USAGE;
    if (optind < argc)
        c.path = argv[optind];
    if (!c.user && geteuid() == 0 && getpwnam(SERVICE_USER))
        c.user = SERVICE_USER;
    if (c.user && become(c.user, &e) != 0) {
        fprintf(stderr, "tocsin check: %s\n", e.text);
        return EXIT_FAILURE;
    }
    c.problems = json_array();
    int status = check_file(&c);
    json_decref(c.problems);
    return status;
}
