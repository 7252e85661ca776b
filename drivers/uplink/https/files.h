/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the uplink needs of the disk: certificates and key, the receiver's keys, the addresses that
 * worked last. Read and checked at once, in any thread but the loop's (iface/uplink.h); an uplink
 * borrows it, one at a time.
 */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_FILES_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_FILES_H

#include "drivers/uplink/https/credentials.h"
#include "iface/uplink.h"
#include "wire/keys.h"

struct uplink_files {
    struct credentials credentials;
    struct key_ring receipt_keys;
    char *addresses; /* the text of that file; NULL: there is none, or none is needed */
};

/* The driver's slots of these names; `options` are struct https_options. */
int files_read(const void *options, const struct uplink_source *source,
               struct uplink_files **ret_files, struct err *e);
bool files_are_same(const struct uplink_files *a, const struct uplink_files *b);
/* All that files_read would refuse, by the option of each (iface/driver.h, check_files). */
void files_try(const void *options, struct driver_mistakes *ret_mistakes);
void files_free(struct uplink_files *files);

#endif
