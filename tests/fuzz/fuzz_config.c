/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration file of any bytes: read whole or refused with at least one message that is one
 * line of UTF-8, and nothing leaks. Read again it is the same, and what is good is so for a program
 * that would excuse an entry. Files it names are not looked for.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/source.h"
#include "fake_drivers.h"
#include "sections/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/tocsin-fuzz-config-XXXXXX";

static void remove_file(void)
{
    unlink(path);
}

static void check_message(void *arg, const char *line)
{
    size_t *count = arg;
    int at_line, at_column;
    if (strchr(line, '\n') || source_check(line, strlen(line), &at_line, &at_column)) {
        fprintf(stderr, "not a line of text: %s\n", line);
        abort();
    }
    (*count)++;
}

static struct config *load(const struct config_drivers *drivers)
{
    struct config *config = NULL;
    struct err e;
    size_t count = 0;
    int result = config_load(path, drivers, check_message, &count, &config, &e);
    if ((result == 0) != (config != NULL) || (result == 0) != (count == 0))
        abort();
    for (size_t i = 0; config && i < config->notes.count; i++)
        check_message(&count, config->notes.items[i]);
    return config;
}

static bool differ(const struct config *a, const struct config *b)
{
    struct conf_change changes[CONFIG_SECTIONS_MAX];
    return config_changed_sections(a, b, changes) > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    if (file < 0) {
        file = mkstemp(path);
        atexit(remove_file);
    }
    if (file < 0 || ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size)
        abort();
    struct config_drivers strict = fake_drivers, lenient;
    strict.check_files = false;
    lenient = strict;
    lenient.secrets_may_wait = lenient.entries_may_fail = true;
    struct config *config = load(&strict), *again = config ? load(&strict) : NULL;
    struct config *excused = load(&lenient);
    if (config && (!again || !excused || differ(config, again) || differ(excused, config)))
        abort();
    config_destroy(config);
    config_destroy(again);
    config_destroy(excused);
    return 0;
}
