/* SPDX-License-Identifier: Apache-2.0 */
/* The journal that a dead worker left: read by the supervisor, which trusts no worker. The file it
 * speaks of is always the same few bytes. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "video/journal.h"

#define ID "019a0000-0000-7000-8000-000000000002"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64] = "";

static void remove_folder(void)
{
    char path[160];
    static const char *const names[] = {"/" ID ".journal", "/" ID ".mp4", "/" ID ".mp4.part"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void put(const char *name, const void *data, size_t size)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message message;
    struct err e;
    char camera[MESSAGE_ID_SIZE];
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/fuzz_journal.XXXXXX");
        if (!mkdtemp(folder))
            abort();
        atexit(remove_folder);
    }
    put(ID ".journal", data, size);
    put(ID ".mp4.part", "twelve bytes", 12);
    journal_camera(folder, ID, camera);
    if (journal_recover(folder, ID, &message, &e) == 0) {
        char *line = message_format(&message);
        if (!line || message.clip.length_bytes > 12)
            abort();
        free(line);
        message_finish(&message);
    }
    return 0;
}
