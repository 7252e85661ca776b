/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin verify: an exported bundle, checked offline. What a bundle is: bundle.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/plural.h"
#include "cli/bundle.h"
#include "cli/commands.h"
#include "cli/text.h"

static const char help[] =
    "usage: tocsin verify --key FILE|FOLDER … [--receipt-key FILE|FOLDER …] [--clips FOLDER]\n"
    "                     [--part] BUNDLE\n"
    "\n"
    "Checks a bundle made by tocsin events export (- reads standard input): that every event is\n"
    "signed by one of the gateway's public keys (--key), or led by the chain to one that is; that\n"
    "the chain has no gap, no repeat and no fork; that receipts are signed by a receiver's key\n"
    "(--receipt-key); and that clips (FOLDER/<manifest event id>.mp4) are what their manifests\n"
    "say, naming the camera and the second that is not. A folder of keys holds *.pem files.\n"
    "--part: the bundle is a part (events export --alarm); numbers may be missing between its\n"
    "events. Exit 0: all good; 1: not.\n";

enum { OPTION_KEY = PROGRAM_LONG, OPTION_RECEIPT_KEY, OPTION_CLIPS, OPTION_PART };

static const struct program_switch switches[] = {{"key", OPTION_KEY, true},
                                                 {"receipt-key", OPTION_RECEIPT_KEY, true},
                                                 {"clips", OPTION_CLIPS, true},
                                                 {"part", OPTION_PART, false},
                                                 {0}};
static const struct program program = {.name = "tocsin verify", .help = help, .switches = switches};

static void on_problem(void *arg, size_t line, const char *event, const char *text)
{
    char clean[700];
    text_clean(text, clean, sizeof clean);
    for (char *c = clean; *c; c++) {
        if (*c == '\n') /* one line a problem, whatever a bundle holds */
            *c = '?';
    }
    printf("%s:%zu: event %s: %s\n", (const char *)arg, line, event, clean);
}

static int select_pem(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 4, ".pem") == 0;
}

static int add_folder(struct key_ring *ring, const char *folder, struct err *e)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, select_pem, alphasort), result = 0;
    if (count < 0)
        return err_system(e, errno, "%s", folder);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (result == 0)
            result = keys_add_file(ring, path, e);
        free(entries[i]);
    }
    free(entries);
    if (result == 0 && count == 0)
        result = err_set(e, ENOENT, "%s: holds no key (*.pem)", folder);
    return result;
}

static int add_keys(struct key_ring *ring, const char *path)
{
    struct stat st;
    struct err e;
    int result = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? add_folder(ring, path, &e)
                                                             : keys_add_file(ring, path, &e);
    if (result != 0)
        fprintf(stderr, "tocsin: %s\n", e.text);
    return result;
}

static void print_summary(const struct bundle *b)
{
    printf("%u event%s: %u signed, %u proven by the chain", b->events, plural(b->events),
           b->signed_events, b->chained_events);
    if (b->gaps > 0)
        printf(", %u gap%s between them", b->gaps, plural(b->gaps));
    printf("; %u receipt%s and %u clip%s verified", b->receipts, plural(b->receipts), b->clip_count,
           plural(b->clip_count));
    if (b->unchecked_receipts > 0)
        printf(", %u receipt%s not checked for want of --receipt-key", b->unchecked_receipts,
               plural(b->unchecked_receipts));
    printf("; %u problem%s\n", b->problems, plural(b->problems));
}

static int check_file(struct bundle *b, const char *path)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    if (!f) {
        fprintf(stderr, "tocsin: %s: %s\n", path, strerror(errno));
        return EXIT_FAILURE;
    }
    while ((length = getline(&line, &room, f)) > 0)
        bundle_take(b, line, (size_t)length);
    bool whole = !ferror(f);
    free(line);
    if (f != stdin)
        fclose(f);
    if (!whole) {
        fprintf(stderr, "tocsin: %s: cannot be read to its end\n", path);
        return EXIT_FAILURE;
    }
    bundle_end(b);
    print_summary(b);
    if (b->events == 0)
        fprintf(stderr, "tocsin: %s: holds no event\n", path);
    return b->problems == 0 && b->events > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* True if all was well; else with the exit status. */
static bool read_options(int argc, char **argv, struct bundle *b, int *ret_status)
{
    *ret_status = EXIT_FAILURE;
    for (int letter; (letter = program_option(&program, argc, argv)) != PROGRAM_END;) {
        switch (letter) {
        case OPTION_KEY:
        case OPTION_RECEIPT_KEY:
            if (add_keys(letter == OPTION_KEY ? &b->keys : &b->receipt_keys, optarg) != 0)
                return false;
            break;
        case OPTION_CLIPS:
            b->clips = optarg;
            break;
        case OPTION_PART:
            b->part = true;
            break;
        default:
            *ret_status = program_status(letter);
            return false;
        }
    }
    return true;
}

static int run(int argc, char **argv, struct bundle *b)
{
    int status;
    if (!read_options(argc, argv, b, &status))
        return status;
    if (optind == argc)
        return program_usage(&program, "no BUNDLE");
    if (program_operands(&program, argc, argv, 1) != 0)
        return EXIT_USAGE;
    if (b->keys.count == 0)
        return program_usage(&program, "no --key");
    b->arg = argv[optind];
    return check_file(b, argv[optind]);
}

int run_verify(int argc, char **argv)
{
    struct bundle b = {.on_problem = on_problem};
    int result = run(argc, argv, &b);
    keys_finish(&b.keys);
    keys_finish(&b.receipt_keys);
    return result;
}
