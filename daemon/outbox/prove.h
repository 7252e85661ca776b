/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read of the log when a database was opened need not be on the disk: a process that was
 * killed had not synced it yet, or its sync has failed. Linux calls the pages of a failed write
 * clean: the next sync says yes, and a transaction that was told as failed is read until the power
 * goes. What is then written behind it is lost with it, and a database that it was moved into is
 * damaged. So the log is written anew, byte for byte, and synced. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_PROVE_H
#define TOCSIN_OUTBOX_PROVE_H

#include <sqlite3.h>

/* SQLITE_OK, or what the disk said: all is then as it was. */
int prove_log(sqlite3 *db);

#endif
