/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsind as a whole: one table of parts (parts.c), and loops over it. One loop, one thread.
 */
#ifndef TOCSIN_GATEWAY_GATEWAY_H
#define TOCSIN_GATEWAY_GATEWAY_H

#include <uv.h>

#include "base/err.h"

struct gateway;

/* Reads the configuration and opens every part. With one that cannot be used it starts with the one
 * that is kept at `kept_path` (NULL: none is, or will be), and says so as a fault; -EINVAL if that
 * cannot be used either. Whatever it returns, `*ret_gateway` is to be destroyed. Both paths stay
 * borrowed. */
int gateway_start(const char *config_path, const char *kept_path, struct gateway **ret_gateway,
                  struct err *e);
/* Until SIGTERM or SIGINT. */
void gateway_run(struct gateway *gw);
/* NULL is accepted. */
void gateway_destroy(struct gateway *gw);

#endif
