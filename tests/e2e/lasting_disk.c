/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tmpfs that passes for a disk: preloaded into a program, it lets statfs say ext4. A full disk is
 * made of a small tmpfs, and what is tested of it is not that it forgets.
 */
#include <dlfcn.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include "preload_mark.h"

int statfs(const char *path, struct statfs *ret_fs)
{
    int (*real)(const char *, struct statfs *) =
        (int (*)(const char *, struct statfs *))dlsym(RTLD_NEXT, "statfs");
    int result = real(path, ret_fs);
    if (result == 0 && ret_fs->f_type == TMPFS_MAGIC) {
        preload_mark();
        ret_fs->f_type = EXT4_SUPER_MAGIC;
    }
    return result;
}
