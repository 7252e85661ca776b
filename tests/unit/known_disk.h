/* SPDX-License-Identifier: Apache-2.0 */
/* What a folder is on is what the test says (the linker hands lasting_forgets to this file), so
 * that no test depends on what this machine's /tmp is. */
#ifndef TOCSIN_TESTS_KNOWN_DISK_H
#define TOCSIN_TESTS_KNOWN_DISK_H

/* NULL: a disk that lasts. */
extern const char *known_disk_forgets;

/* Called by whoever asks next, once; NULL: nothing is. */
extern void (*known_disk_meanwhile)(void);

#endif
