/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line, one fact, to standard error, the module's name first. Under systemd
 * (JOURNAL_STREAM set) each line begins with the syslog priority in <n>, which the journal reads;
 * on a terminal it begins with the UTC time instead.
 *
 * Any thread may log: a line is one write, and nobody waits for it: where whoever reads the log
 * stands still, lines are lost and counted, and the next that finds room is preceded by one that
 * says how many. Standard error that is a file is the exception: it is written as its disk lets it.
 * The level and that count are the only mutable globals of the house.
 */
#ifndef TOCSIN_BASE_LOG_H
#define TOCSIN_BASE_LOG_H

#include <stddef.h>

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* Lines above this level are not written. The default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

void log_line(enum log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(module, ...)   log_line(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warning(module, ...) log_line(LOG_LEVEL_WARNING, module, __VA_ARGS__)
#define log_info(module, ...)    log_line(LOG_LEVEL_INFO, module, __VA_ARGS__)
#define log_debug(module, ...)   log_line(LOG_LEVEL_DEBUG, module, __VA_ARGS__)

/*
 * Copies text from outside into `buffer`, in double quotes, control bytes, quotes and backslashes
 * escaped, cut to fit; returns `buffer`. NULL text gives "". UTF-8 passes through.
 */
const char *log_quote(char *buffer, size_t size, const char *text);

#endif
