/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was put aside of damaged databases (salvage.h): nobody but a person removes it. Store
 * thread only.
 */
#ifndef TOCSIN_OUTBOX_LEFTOVERS_H
#define TOCSIN_OUTBOX_LEFTOVERS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

/*
 * Members of JSON: "aside", a list of {"file", "bytes", "removed"}; "folder"; "free_bytes" there;
 * and "witness" {"seq", "newest_seq", "ceiling"} as its file says now, null if it says nothing.
 * With `remove` those files are removed first; one that could not be is listed as not removed.
 */
int leftovers_write(const char *store_path, bool remove, FILE *out, struct err *e);

#endif
