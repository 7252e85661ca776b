/* SPDX-License-Identifier: Apache-2.0 */
/* Milliseconds and bytes, for the ranges of options. */
#ifndef TOCSIN_CONF_MEASURES_H
#define TOCSIN_CONF_MEASURES_H

#include <stdint.h>

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    INT64_C(86400000)
#define MIB    INT64_C(1048576)

#endif
