/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest, a NUL, and a clip file that is to be checked against it. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/clip_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_problem(void *arg, const char *text)
{
    unsigned *told = arg;
    if (strlen(text) > 0)
        (*told)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\0', size);
    size_t length = end ? (size_t)(end - data) : size;
    json_t *manifest = json_loadb((const char *)data, length, JSON_ALLOW_NUL, NULL);
    char path[64];
    unsigned told = 0;
    int fd = memfd_create("clip", MFD_CLOEXEC);
    if (fd < 0 || (end && write(fd, end + 1, size - length - 1) != (ssize_t)(size - length - 1)))
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (clip_check(path, manifest, on_problem, &told) != (told == 0))
        abort();
    close(fd);
    json_decref(manifest);
    return 0;
}
