/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and key of one receiver's connections. The files are read once, so that no dial
 * waits for a disk, and checked: what can never work is an error; what may yet work (dates) is only
 * logged. credentials_load waits for the disk, in any thread; what it has read is one thread's at a
 * time.
 */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_CREDENTIALS_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_CREDENTIALS_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/reading.h"
#include "iface/driver.h"

/* Borrowed until credentials_finish. */
struct credential_files {
    const char *ca_file, *cert_file, *key_file;
    const char *receiver; /* its id, for the log */
};

struct credentials {
    struct credential_files files;
    struct curl_blob ca, certificate, key; /* the files' bytes, borrowed by libcurl */
    bool told_bad_clock;
};

/* After a failure, too, credentials_finish frees what was read. `reading` may be NULL. */
int credentials_load(struct credentials *c, const struct credential_files *files,
                     struct reading *reading, struct err *e);
/* All that credentials_load would refuse, by the option of each. Waits for the disk. */
void credentials_try(const struct credential_files *files, struct driver_mistakes *ret_mistakes);
/* Whether the files held the same bytes. */
bool credentials_are_same(const struct credentials *a, const struct credentials *b);
/* When libcurl has let go of them. */
void credentials_finish(struct credentials *c);
/* libcurl's hook; `credentials` is the struct. The clock is known to be bad when it never was
 * synchronised since boot and stands before the day of the build: certificates are then checked for
 * everything but their dates. */
CURLcode credentials_on_tls_context(CURL *easy, void *context, void *credentials);

#endif
