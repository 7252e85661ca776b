/* SPDX-License-Identifier: Apache-2.0 */
/* The option tables of the file's own sections; drivers bring theirs. Constant data. */
#ifndef TOCSIN_CONF_SECTIONS_H
#define TOCSIN_CONF_SECTIONS_H

#include "iface/option.h"

struct section {
    const char *name;
    const struct option *table;
    const char *help;
};

extern const struct option site_options[];
extern const struct option driver_options[]; /* of what a driver serves: one char *; required */
extern const struct option signing_options[];
extern const struct option storage_options[];
extern const struct option video_options[];
extern const struct option control_options[];
extern const struct option alarm_options[];
extern const struct option exercise_options[];
extern const struct option input_options[];
extern const struct option camera_options[];
extern const struct option receiver_options[];
extern const struct option lamp_options[];
extern const struct option output_options[];

/* Every section in the order of the reference file; ends with a NULL name. */
extern const struct section sections[];

#endif
