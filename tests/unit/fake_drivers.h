/* SPDX-License-Identifier: Apache-2.0 */
/* Driver descriptions that hold one option of every type: what the configuration's tests read with,
 * so that a new key of a real driver changes no expectation. */
#ifndef TOCSIN_TESTS_FAKE_DRIVERS_H
#define TOCSIN_TESTS_FAKE_DRIVERS_H

#include "sections/config.h"

enum fake_level {
    FAKE_HIGH,
    FAKE_LOW,
};

struct fake_line {
    char *chip;
    int64_t line;
    enum fake_level active;
    int64_t poll_ms;
};

struct fake_camera {
    char *url;
    char *user;
    char *password;
};

struct fake_uplink {
    char *url;
    char *ca_file;
    struct option_list receipt_keys;
    double share;
    int64_t buffer_bytes;
    bool warm;
};

struct fake_signer {
    char *key_file;
};

extern const struct config_drivers fake_drivers; /* check_files is set */

#endif
