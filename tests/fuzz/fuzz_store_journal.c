/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of what is not committed, as whoever is the gateway's user may have written it: as a
 * file, and as one record whose size and checksum are right, so that what stands behind them is
 * reached. What is read must be fit to be written again. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outbox/journal.h"

#define SIZE_AT     4 /* of a record: where its size and its checksum stand */
#define CHECKSUM_AT 8
#define SUMMED_FROM 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64] = "";

static const char *path_of(int which)
{
    static char path[100];
    snprintf(path, sizeof path, "%s/journal.%d", folder, which);
    return path;
}

/* With what the journal has put aside as damaged. */
static void remove_folder(void)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(folder);
}

static void put(const void *data, size_t size)
{
    int fd = open(path_of(0), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

static void read_again(const struct record *record)
{
    struct record again;
    struct outbox_upload upload;
    size_t size = record_size(record), told;
    unsigned char *bytes = malloc(size);
    record_write(record, bytes);
    if (record_read(bytes, size, &again, &upload, &told) != RECORD_GOOD || told != size ||
        again.event->seq != record->event->seq)
        abort();
    event_unref(again.event);
    free(bytes);
}

static void on_record(void *arg, const struct record *record)
{
    (void)arg;
    read_again(record);
    event_unref(record->event);
}

static void read_file(const uint8_t *data, size_t size)
{
    struct journal_found found;
    put(data, size);
    struct journal *journal = journal_create(folder, "store", (size_t)1 << 20);
    journal_read(journal, on_record, NULL, &found);
    journal_begin(journal, &found.head);
    journal_note_committed(journal, found.head.seq);
    journal_destroy(journal);
}

static void read_one(const uint8_t *data, size_t size)
{
    struct record record;
    struct outbox_upload upload;
    size_t told;
    size = size / 8 * 8;
    if (size <= SUMMED_FROM)
        return;
    unsigned char *bytes = malloc(size);
    memcpy(bytes, data, size);
    uint32_t whole = (uint32_t)size;
    uint64_t checksum = record_checksum(bytes + SUMMED_FROM, size - SUMMED_FROM);
    memcpy(bytes + SIZE_AT, &whole, sizeof whole);
    memcpy(bytes + CHECKSUM_AT, &checksum, sizeof checksum);
    if (record_read(bytes, size, &record, &upload, &told) == RECORD_GOOD)
        on_record(NULL, &record);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/fuzz_store_journal.XXXXXX");
        if (!mkdtemp(folder))
            abort();
        atexit(remove_folder);
    }
    read_file(data, size);
    read_one(data, size);
    return 0;
}
