/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether another process does anything any more. One that was killed stays, with all that it has
 * open, for as long as one of its threads waits for a disk that does not answer.
 */
#ifndef TOCSIN_BASE_PROCESS_H
#define TOCSIN_BASE_PROCESS_H

#include <stdbool.h>

/*
 * By the stat of its first thread (proc(5)): that has ended; or it was killed, or was about to end,
 * and hangs in the kernel. One that was killed and does not hang ends by itself, and lives until
 * then; so does one that is not seen. Any thread.
 */
bool process_has_ended(long pid);

#endif
