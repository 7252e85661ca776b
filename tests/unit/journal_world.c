/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_world.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run_suite.h"
#include "wire/digest.h"

struct event *make_event(uint64_t seq, enum event_class class, size_t length)
{
    struct event *event = calloc(1, sizeof *event + length + 1);
    event->references = 1;
    event->seq = seq;
    event->class = class;
    event->wall_ms = 1000 + (int64_t)seq;
    uuid_v7(event->wall_ms, event->id);
    strcpy(event->type, "tocsin.alarm.raised");
    strcpy(event->alarm, "01890a5d-ac96-774b-bcce-b302099a8057");
    event->length = length;
    memset(event->bytes, 'x', length);
    sprintf(event->bytes, "{\"seq\":%llu}", (unsigned long long)seq);
    digest_sha256(event->bytes, length, event->digest);
    return event;
}

void put_sized(struct fixture *f, uint64_t seq, enum event_class class, size_t length)
{
    struct event *event = make_event(seq, class, length);
    const struct record record = {.event = event, .receivers = "police ", .upload_receivers = ""};
    journal_put(f->journal, &record);
    event_unref(event);
}

void put(struct fixture *f, uint64_t seq)
{
    put_sized(f, seq, EVENT_CLASS_PRESS, 100);
}

static void keep(struct fixture *f, int which, const char *text)
{
    snprintf(f->text[which], sizeof f->text[which], "%s", text ? text : "(none)");
}

void journal_on_record(void *arg, const struct record *record)
{
    struct fixture *f = arg;
    ck_assert_uint_lt(f->count, sizeof f->seqs / sizeof *f->seqs);
    f->seqs[f->count++] = record->event->seq;
    f->last = *record;
    if (record->upload)
        f->upload = *record->upload;
    keep(f, 0, record->row.name);
    keep(f, 1, record->row.text);
    keep(f, 2, record->receivers);
    keep(f, 3, record->upload_receivers);
    keep(f, 4, record->event->bytes);
    event_unref(record->event);
}

/* Another process reads it, and goes on. */
void reopen(struct fixture *f)
{
    journal_destroy(f->journal);
    f->journal = journal_create(f->folder, "store", LIMIT);
    f->count = 0;
    journal_read(f->journal, journal_on_record, f, &f->found);
    journal_begin(f->journal, &f->found.head);
}

struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    test_folder(f->folder, sizeof f->folder);
    reopen(f);
    ck_assert_str_eq(journal_reason(f->journal), "");
    return f;
}

void end(struct fixture *f)
{
    char command[100];
    journal_destroy(f->journal);
    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    ck_assert_int_eq(system(command), 0);
    free(f);
}

const char *path_of(const struct fixture *f, int which)
{
    static char path[80];
    snprintf(path, sizeof path, "%s/journal.%d", f->folder, which);
    return path;
}

long size_of(const struct fixture *f, int which)
{
    struct stat info;
    ck_assert_int_eq(stat(path_of(f, which), &info), 0);
    return (long)info.st_size;
}

long size_of_both(const struct fixture *f)
{
    return size_of(f, 0) + size_of(f, 1);
}

void flip(const struct fixture *f, int which, long at)
{
    unsigned char byte;
    int fd = open(path_of(f, which), O_RDWR);
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* As a disk that is full for one write. No assertion meanwhile: Check writes a file for each. */
void put_with_files_up_to(struct fixture *f, uint64_t seq, long bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = (rlim_t)bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
    put(f, seq);
    limit.rlim_cur = before;
    setrlimit(RLIMIT_FSIZE, &limit);
}

const char *seqs(const struct fixture *f)
{
    static char text[1200];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < f->count; i++)
        used += (size_t)sprintf(text + used, "%llu ", (unsigned long long)f->seqs[i]);
    return text;
}
