/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every daemon does alike before its own work: it reads its command line, and keeps what is in
 * its memory to itself. Main thread, before any other is started.
 */
#ifndef TOCSIN_BASE_DAEMON_H
#define TOCSIN_BASE_DAEMON_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/program.h"

/* --config FILE and --verbose: the `switches` of a daemon's struct program; and those with --check
 * for one that can look at a file before it is told to load it. */
extern const struct program_switch daemon_switches[], daemon_switches_check[];

/*
 * Takes the command line (no operands), sets the umask and allows no core dump. -1, with the
 * configuration's path, and whether that is only to be checked (NULL: it has no --check); or the
 * exit status with which the program ends now.
 */
int daemon_begin(const struct program *program, int argc, char **argv, mode_t mask,
                 const char **ret_config, bool *ret_check);

/* Where a daemon keeps its last configuration that worked: in the folder of its state that systemd
 * has made for it ($STATE_DIRECTORY), since the file cannot be asked for a place that must be known
 * without it. False: there is none, and nothing is kept. */
bool daemon_kept_config(char ret_path[PATH_MAX]);

#endif
