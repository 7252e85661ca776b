/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into a program without sanitizers, whose allocator is glibc's: an allocation fails when
 * the plan says so (failing_plan.h). */
#include <errno.h>
#include <stddef.h>

#include "failing_plan.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);
void *reallocarray(void *old, size_t count, size_t size);

static void *none(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return failing_now(FAILING_MEMORY) ? none() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return failing_now(FAILING_MEMORY) ? none() : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return failing_now(FAILING_MEMORY) ? none() : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || failing_now(FAILING_MEMORY))
        return none();
    return __libc_realloc(old, bytes);
}
