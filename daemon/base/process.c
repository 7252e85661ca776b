/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define EXITING 0x4 /* PF_EXITING of include/linux/sched.h */

bool process_has_ended(long pid)
{
    char path[64], text[512], state = 'R';
    unsigned flags = 0;
    unsigned long pending = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *stat = fopen(path, "re");
    size_t length = stat ? fread(text, 1, sizeof text - 1, stat) : 0;
    if (stat)
        fclose(stat);
    text[length] = '\0';
    const char *name_end = strrchr(text, ')');
    int fields = name_end ? sscanf(name_end + 1,
                                   " %c %*d %*d %*d %*d %*d %u %*s %*s %*s %*s %*s %*s %*s %*s "
                                   "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu",
                                   &state, &flags, &pending)
                          : 0;
    if (fields >= 1 && (state == 'Z' || state == 'X'))
        return true;
    bool is_doomed = (flags & EXITING) || (pending & 1ul << (SIGKILL - 1));
    return fields == 3 && state == 'D' && is_doomed;
}
