/* SPDX-License-Identifier: Apache-2.0 */
#include "failing_plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct failing_plan *plan;

__attribute__((constructor)) static void map_plan(void)
{
    const char *path = getenv("FAILING_CALLS");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED)
        plan = at;
}

bool failing_now(enum failing_kind kind)
{
    if (!plan || __atomic_load_n(&plan->kind, __ATOMIC_ACQUIRE) != kind)
        return false;
    int64_t number = __atomic_add_fetch(&plan->seen, 1, __ATOMIC_RELAXED);
    bool fails = number == plan->first || (plan->forever && number > plan->first);
    if (fails)
        __atomic_add_fetch(&plan->failed, 1, __ATOMIC_RELAXED);
    return fails;
}
