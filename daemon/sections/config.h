/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of a gateway: /etc/tocsin/tocsin.yaml as C structs. This is the one list of all
 * sections, for the three programs that read the file; each section is a file of its own.
 *
 * config_load reads the whole file, finds every mistake in one run and returns either a complete
 * configuration or none. It waits for the disk; call it at start, or from a worker thread. The
 * struct is immutable afterwards and belongs to the caller (config_destroy); everything inside
 * belongs to it. Nothing here opens a device or a socket.
 *
 * Only a program's main room sees this struct. A part is handed the sections that it reads, each as
 * the type of that section's own header, and includes nothing of the others.
 *
 * A new section is a file with its `struct section` and a row in config.c; the program asks for
 * what was read with config_section and hands it on. The members of struct config are a shorthand
 * for sections that several parts are handed, and no new one is needed.
 */
#ifndef TOCSIN_SECTIONS_CONFIG_H
#define TOCSIN_SECTIONS_CONFIG_H

#include "annunciate/section/lamps.h"
#include "annunciate/section/outputs.h"
#include "base/err.h"
#include "conf/conf.h"
#include "delivery/section/receivers.h"
#include "events/section/site.h"
#include "events/section/storage.h"
#include "gateway/section/signing.h"
#include "incidents/section/alarms.h"
#include "incidents/section/exercises.h"
#include "inputs/section/inputs.h"
#include "operate/section/control.h"
#include "video/section/cameras.h"
#include "video/section/video.h"

#define CONFIG_SECTIONS_MAX 32

/* The drivers that a program knows, by kind: see struct conf_row. */
struct config_drivers {
    const struct driver_type *const *inputs;
    const struct driver_type *const *indicators;
    const struct driver_type *const *outputs;
    const struct driver_type *const *cameras;
    const struct driver_type *const *signers;
    const struct driver_type *const *uplinks;
    /* See struct conf_request. */
    bool check_files, try_files, secrets_may_wait, entries_may_fail, unknown_is_noted;
};

struct config {
    struct conf *conf; /* owns everything below */
    const char *path;
    struct config_site site;
    struct config_signing signing;
    struct config_storage storage;
    struct config_video video;
    struct config_control control;
    struct config_alarms alarms;
    struct config_exercises exercises;
    struct config_inputs inputs;
    struct config_cameras cameras;
    struct config_receivers receivers;
    struct config_indicators indicators;
    struct config_outputs outputs;
    struct option_list notes; /* what is legal but perhaps not meant: "file:line:column: note: …" */
};

/* Every section in the order of the reference file, with its drivers; returns how many. */
size_t config_rows(const struct config_drivers *drivers,
                   struct conf_row ret_rows[CONFIG_SECTIONS_MAX]);

/* See conf_load. */
int config_load(const char *path, const struct config_drivers *drivers,
                config_problem_handler on_problem, void *arg, struct config **ret_config,
                struct err *e);

/* See conf_parse. */
int config_parse(const struct conf_text *text, const struct config_drivers *drivers,
                 config_problem_handler on_problem, void *arg, struct config **ret_config,
                 struct err *e);

/* For `on_problem`: each is an error in the log. `arg` is not looked at. */
void config_log_problem(void *arg, const char *line);

void config_destroy(struct config *config);

/* See conf_items: any section's structs. */
const void *config_section(const struct config *config, const struct section *section,
                           size_t *ret_count);

/* See conf_changed. Both were loaded by this program. */
size_t config_changed_sections(const struct config *before, const struct config *after,
                               struct conf_change ret_changes[CONFIG_SECTIONS_MAX]);

#endif
