/* SPDX-License-Identifier: Apache-2.0 */
#include "folder_syncs.h"

#include <sys/stat.h>

unsigned folder_syncs;

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
    struct stat st;
    folder_syncs += fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    return __real_fsync(fd);
}
