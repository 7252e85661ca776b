/* SPDX-License-Identifier: Apache-2.0 */
/* The receiver behind the https uplink, for cases that look more closely. */
#ifndef TOCSIN_TESTS_WORLD_UPLINK_HTTPS_H
#define TOCSIN_TESTS_WORLD_UPLINK_HTTPS_H

#include "drivers/uplink/https/options.h"
#include "mock_receiver.h"

/* How long an attempt may take: on a busy machine, and where no answer will come. The uplink reads
 * its option at each attempt: a case changes it before the one that it means. */
#define LATE_MS 30000
#define SOON_MS 300

extern struct mock receiver;

/* The options that work; a case changes its own copy. `url` is made for the receiver's port. */
extern struct https_options good_options;

/* The answer to every event from now on; dials are always answered. */
extern struct mock_reply event_reply;

/* Another certificate for the receiver, another port. */
void receiver_restart(const char *certificate);

/* The path of a key file, good until the end of the test. */
char *key_file(const char *name);

#endif
