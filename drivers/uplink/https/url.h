/* SPDX-License-Identifier: Apache-2.0 */
/* The urls of a receiver. Pure; any thread. */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_URL_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_URL_H

#include <stddef.h>

#include "base/err.h"

#define URL_HOST_SIZE 256

/* The host of https://host[:port]/path, an IPv6 address without its brackets; or what is wrong. */
int url_host(const char *url, char ret_host[URL_HOST_SIZE], struct err *e);

/* Where clips go unless it is said: `url` (one that url_host accepts) with its last part replaced.
 */
void url_of_clips(const char *url, char *ret_url, size_t size);

#endif
