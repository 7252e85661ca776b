/* SPDX-License-Identifier: Apache-2.0 */
/* What may be configured of the https uplink. */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_OPTIONS_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_OPTIONS_H

#include <stdint.h>

#include "base/err.h"
#include "iface/driver.h"

enum https_receipts {
    HTTPS_RECEIPTS_SIGNED,
    HTTPS_RECEIPTS_UNSIGNED,
};

struct https_options {
    char *url;
    char *ca_file;
    char *cert_file;
    char *key_file;
    struct option_list receipt_keys;
    enum https_receipts receipts;
    char *upload_url; /* NULL: beside url */
    int64_t attempt_timeout_ms;
    struct option_list addresses;
    struct option_list name_servers;
};

extern const struct option https_option_table[];

/* What no single key shows to be wrong; looks at no file that is named and at no
 * network. */
void https_options_check(const void *options, struct driver_mistakes *ret_mistakes);
const char *https_options_note(const void *options, const char **ret_key);

#endif
