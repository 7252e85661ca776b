/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define FILES 2
#define MAGIC "TOCSINJ1" /* another digit when the layout of head or records changes */

/* At the beginning of each file, always within one page: never half of it. */
struct file_head {
    char magic[8];
    uint64_t checksum; /* of all that follows */
    uint64_t seq;
    int64_t wall_ms;
    unsigned char digest[EVENT_DIGEST_BYTES];
    char boot[CLOCK_BOOT_ID_SIZE + 3];
};

#define HEAD_BYTES     sizeof(struct file_head)
#define AFTER_CHECKSUM offsetof(struct file_head, seq)

static_assert(HEAD_BYTES % 8 == 0, "records stand as malloc's memory does");

struct file {
    char path[4096];
    int fd; /* -1: not open */
    size_t length;
    uint64_t last_seq; /* the newest of its events */
};

struct journal {
    struct file files[FILES];
    struct file *active;
    struct journal_head head;
    char boot[CLOCK_BOOT_ID_SIZE]; /* "" if it cannot be known */
    size_t limit_bytes;
    unsigned char *buffer; /* for the record that is written */
    size_t buffer_size;
    bool full;
    char reason[400];
};

static bool works(const struct journal *j)
{
    return j && j->files[0].fd >= 0 && j->files[1].fd >= 0;
}

static void fail(struct journal *j, const char *path, const char *doing, int code)
{
    snprintf(j->reason, sizeof j->reason, "%.200s: %s: %s", path, doing, strerror(code));
}

/* A file of ours alone, or none. */
static int open_ours(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid())
        return fd;
    close(fd);
    return -EPERM;
}

/* What is no file of ours there (a link, a pipe, another user's) makes room for one. */
static int open_or_replace(const char *path)
{
    int fd = open_ours(path);
    if (fd < 0 && unlink(path) == 0)
        fd = open_ours(path);
    return fd;
}

static void close_files(struct journal *j)
{
    for (size_t i = 0; i < FILES; i++) {
        if (j->files[i].fd >= 0)
            close(j->files[i].fd);
        j->files[i].fd = -1;
    }
}

static bool open_files(struct journal *j)
{
    for (size_t i = 0; i < FILES; i++) {
        struct file *f = &j->files[i];
        f->fd = open_or_replace(f->path);
        f->length = 0;
        f->last_seq = 0;
        if (f->fd < 0) {
            fail(j, f->path, "open", -f->fd);
            close_files(j);
            return false;
        }
    }
    j->active = &j->files[0];
    return true;
}

struct journal *journal_create(const char *dir, size_t limit_bytes)
{
    struct journal *j = calloc(1, sizeof *j);
    struct err e;
    if (!j)
        return NULL;
    j->limit_bytes = limit_bytes;
    if (clock_boot_id(j->boot, &e) != 0)
        j->boot[0] = '\0';
    for (size_t i = 0; i < FILES; i++) {
        snprintf(j->files[i].path, sizeof j->files[i].path, "%s/journal.%zu", dir, i);
        j->files[i].fd = -1;
    }
    open_files(j);
    return j;
}

/* All of the file, as far as this journal can have written it; NULL if there is nothing. */
static unsigned char *read_whole(const struct journal *j, const struct file *f, size_t *ret_length)
{
    struct stat info;
    *ret_length = 0;
    if (fstat(f->fd, &info) != 0 || info.st_size <= 0)
        return NULL;
    size_t wanted = (uint64_t)info.st_size > j->limit_bytes ? j->limit_bytes : (size_t)info.st_size;
    unsigned char *data = malloc(wanted);
    while (data && *ret_length < wanted) {
        ssize_t got = pread(f->fd, data + *ret_length, wanted - *ret_length, (off_t)*ret_length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        *ret_length += (size_t)got;
    }
    return data;
}

static void take_newer(struct journal_head *head, uint64_t seq, const unsigned char *digest,
                       int64_t wall_ms)
{
    if (seq <= head->seq)
        return;
    head->seq = seq;
    head->wall_ms = wall_ms;
    memcpy(head->digest, digest, EVENT_DIGEST_BYTES);
}

/* Whether the head is one, and of this boot. */
static bool read_head(const struct journal *j, const unsigned char *data, size_t length,
                      struct journal_head *head)
{
    struct file_head h;
    if (length < HEAD_BYTES)
        return false;
    memcpy(&h, data, sizeof h);
    if (memcmp(h.magic, MAGIC, sizeof h.magic) != 0 || h.seq > RECORD_SEQ_MAX ||
        record_checksum(data + AFTER_CHECKSUM, HEAD_BYTES - AFTER_CHECKSUM) != h.checksum)
        return false;
    take_newer(head, h.seq, h.digest, h.wall_ms);
    h.boot[sizeof h.boot - 1] = '\0';
    return j->boot[0] && strcmp(h.boot, j->boot) == 0;
}

/* The records behind the head; what is torn does not count to the file's length. */
static void read_records(struct file *f, const unsigned char *data, size_t length,
                         journal_handler handler, void *arg, struct journal_found *found)
{
    struct outbox_upload upload;
    struct record record;
    size_t size;
    while (f->length < length) {
        enum record_state state =
            record_read(data + f->length, length - f->length, &record, &upload, &size);
        if (state == RECORD_TORN)
            break;
        f->length += size;
        if (state == RECORD_DAMAGED) {
            found->damaged++;
            continue;
        }
        const struct event *event = record.event;
        f->last_seq = event->seq > f->last_seq ? event->seq : f->last_seq;
        take_newer(&found->head, event->seq, event->digest, event->wall_ms);
        handler(arg, &record);
    }
    found->torn_bytes += length - f->length;
}

static bool read_file(const struct journal *j, struct file *f, journal_handler handler, void *arg,
                      struct journal_found *found)
{
    size_t length;
    unsigned char *data = read_whole(j, f, &length);
    bool is_newest = read_head(j, data, length, &found->head);
    if (length >= HEAD_BYTES) {
        f->length = HEAD_BYTES;
        read_records(f, data, length, handler, arg, found);
    } else {
        found->torn_bytes += length;
    }
    free(data);
    return is_newest;
}

void journal_read(struct journal *j, journal_handler handler, void *arg,
                  struct journal_found *ret_found)
{
    *ret_found = (struct journal_found){.head_is_newest = works(j)};
    for (size_t i = 0; works(j) && i < FILES; i++) {
        if (!read_file(j, &j->files[i], handler, arg, ret_found))
            ret_found->head_is_newest = false;
    }
}

static bool write_all(const struct file *f, const void *data, size_t length, size_t at)
{
    ssize_t written;
    do {
        written = pwrite(f->fd, data, length, (off_t)at);
    } while (written < 0 && errno == EINTR);
    if (written >= 0 && (size_t)written < length)
        errno = ENOSPC;
    return written == (ssize_t)length;
}

static bool write_head(struct journal *j, struct file *f)
{
    struct file_head h = {.seq = j->head.seq, .wall_ms = j->head.wall_ms};
    memcpy(h.magic, MAGIC, sizeof h.magic);
    memcpy(h.digest, j->head.digest, sizeof h.digest);
    memcpy(h.boot, j->boot, sizeof j->boot);
    h.checksum =
        record_checksum((const unsigned char *)&h + AFTER_CHECKSUM, HEAD_BYTES - AFTER_CHECKSUM);
    bool good = write_all(f, &h, sizeof h, 0);
    if (!good)
        fail(j, f->path, "write", errno);
    if (good && f->length < HEAD_BYTES)
        f->length = HEAD_BYTES;
    return good;
}

static size_t used_bytes(const struct journal *j)
{
    return j->files[0].length + j->files[1].length;
}

/* Its events are all on the disk. The head first: at no moment is there none. */
static void empty(struct journal *j, struct file *f)
{
    if (!write_head(j, f))
        return;
    if (ftruncate(f->fd, (off_t)HEAD_BYTES) != 0) {
        fail(j, f->path, "cut", errno);
        return;
    }
    f->length = HEAD_BYTES;
    if (j->full && used_bytes(j) <= j->limit_bytes / 2) {
        j->full = false;
        j->reason[0] = '\0';
    }
}

void journal_begin(struct journal *j, const struct journal_head *head)
{
    if (!j)
        return;
    j->head = *head;
    for (size_t i = 0; works(j) && i < FILES; i++) {
        struct file *f = &j->files[i];
        if (ftruncate(f->fd, (off_t)f->length) != 0)
            fail(j, f->path, "cut", errno);
        write_head(j, f);
    }
    if (j->files[1].last_seq > j->files[0].last_seq)
        j->active = &j->files[1];
}

/* The other one, if this one is long and all of that one is committed. */
static struct file *choose_file(struct journal *j)
{
    struct file *other = &j->files[j->active == &j->files[0]];
    if (j->active->length >= j->limit_bytes / 16 && other->length <= HEAD_BYTES)
        j->active = other;
    return j->active;
}

static bool fits(const struct journal *j, const struct event *event, size_t size)
{
    size_t share = event->class == EVENT_CLASS_PRESS ? j->limit_bytes : j->limit_bytes / 4 * 3;
    return used_bytes(j) + size <= share;
}

/* Room for so much; there is more than one wants as a rule. */
static unsigned char *buffer_of(struct journal *j, size_t size)
{
    size_t wanted = size < 16384 ? 16384 : size;
    if (wanted <= j->buffer_size)
        return j->buffer;
    unsigned char *grown = realloc(j->buffer, wanted);
    if (!grown)
        return NULL;
    j->buffer = grown;
    j->buffer_size = wanted;
    return grown;
}

static bool put_record(struct journal *j, const struct record *record)
{
    struct file *f = choose_file(j);
    size_t size = record_size(record);
    if (!fits(j, record->event, size)) {
        j->full = true;
        snprintf(j->reason, sizeof j->reason,
                 "%.200s: the journal is full: what comes now is in memory alone", f->path);
        return false;
    }
    unsigned char *buffer = buffer_of(j, size);
    if (!buffer) {
        fail(j, f->path, "write", ENOMEM);
        return false;
    }
    record_write(record, buffer);
    if (!write_all(f, buffer, size, f->length)) {
        fail(j, f->path, "write", errno);
        if (ftruncate(f->fd, (off_t)f->length) != 0)
            fail(j, f->path, "cut", errno);
        return false;
    }
    f->length += size;
    f->last_seq = record->event->seq;
    return true;
}

void journal_put(struct journal *j, const struct record *record)
{
    const struct event *event = record->event;
    if (!j)
        return;
    take_newer(&j->head, event->seq, event->digest, event->wall_ms);
    if (!works(j))
        return;
    if (!put_record(j, record))
        write_head(j, j->active);
    else if (!j->full)
        j->reason[0] = '\0';
}

void journal_note_committed(struct journal *j, uint64_t seq)
{
    for (size_t i = 0; works(j) && i < FILES; i++) {
        struct file *f = &j->files[i];
        if (f->length > HEAD_BYTES && f->last_seq <= seq)
            empty(j, f);
    }
}

/* Whether both files are still those of that name. */
static bool are_there(const struct journal *j)
{
    struct stat info;
    for (size_t i = 0; i < FILES; i++) {
        if (j->files[i].fd < 0 || fstat(j->files[i].fd, &info) != 0 || info.st_nlink == 0)
            return false;
    }
    return true;
}

bool journal_tick(struct journal *j)
{
    if (!j || are_there(j))
        return false;
    close_files(j);
    /* What an earlier start could not read stays for a person. */
    for (size_t i = 0; i < FILES; i++) {
        char aside[sizeof j->files[i].path + 8];
        snprintf(aside, sizeof aside, "%s.unread", j->files[i].path);
        rename(j->files[i].path, aside);
    }
    if (!open_files(j))
        return false;
    j->full = false;
    j->reason[0] = '\0';
    struct journal_head head = j->head;
    journal_begin(j, &head);
    return true;
}

const char *journal_reason(const struct journal *j)
{
    return j ? j->reason : "";
}

void journal_destroy(struct journal *j)
{
    if (!j)
        return;
    close_files(j);
    free(j->buffer);
    free(j);
}
