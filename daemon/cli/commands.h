/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tocsin command: one function a sub-command, in the file of its name or of its kin. They run
 * in the technician's shell, may wait (with limits), and return the exit status: 0, 1 an error, 2
 * usage, 78 a bad configuration.
 */
#ifndef TOCSIN_CLI_COMMANDS_H
#define TOCSIN_CLI_COMMANDS_H

#include <jansson.h>

#include "base/program.h"

int run_status(int argc, char **argv);
int run_watch(int argc, char **argv);
int run_press(int argc, char **argv);
int run_release(int argc, char **argv);
int run_card(int argc, char **argv);
int run_drill(int argc, char **argv);
int run_test(int argc, char **argv);
int run_cancel(int argc, char **argv);
int run_reset(int argc, char **argv);
int run_store(int argc, char **argv);
int run_reload(int argc, char **argv);
int run_events(int argc, char **argv);
/* A part of run_events: `request` names the command. */
int run_give_up(json_t *request, const char *help, int argc, char **argv);
int run_check(int argc, char **argv);
int run_keygen(int argc, char **argv);
int run_verify(int argc, char **argv);
int run_limits(int argc, char **argv);

#endif
