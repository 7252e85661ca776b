/* SPDX-License-Identifier: Apache-2.0 */
/* A GPIO chip of the kernel's own simulator (gpio-sim), made and moved through configfs and sysfs.
 */
#ifndef TOCSIN_TESTS_FALSE_CHIP_H
#define TOCSIN_TESTS_FALSE_CHIP_H

#include <stdbool.h>

/* A chip with this label and its first lines so named (ends with NULL); all lines low. */
void false_chip_make(const char *label, const char *const *lines);
void false_chip_remove(void);

void false_chip_set(unsigned offset, bool high);

/* The chip goes away from the kernel, and comes back with its lines low. */
void false_chip_unplug(void);
void false_chip_plug(void);

#endif
