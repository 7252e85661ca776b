/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a folder was synced, so that a new file in it survives. The test is linked with
 * -Wl,--wrap=fsync.
 */
#ifndef TOCSIN_TESTS_FOLDER_SYNCS_H
#define TOCSIN_TESTS_FOLDER_SYNCS_H

extern unsigned folder_syncs;

#endif
