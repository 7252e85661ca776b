/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/journal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox/journal_file.h"

#define FILES      2
#define PAGE_BYTES 4096       /* or several of these */
#define MAGIC      "TOCSINJ2" /* another digit when the layout of head or records changes */

/* At the beginning of each file, always within one page: never half of it. */
struct file_head {
    char magic[8];
    uint64_t checksum; /* of all that follows */
    uint64_t seq;
    int64_t wall_ms;
    uint64_t store; /* a checksum of the path of the database that its events are for */
    unsigned char digest[EVENT_DIGEST_BYTES];
    char boot[CLOCK_BOOT_ID_SIZE];
    unsigned char is_covered, is_apart; /* 0 in those of older versions */
    char zero;
};

#define HEAD_BYTES     sizeof(struct file_head)
#define AFTER_CHECKSUM offsetof(struct file_head, seq)

static_assert(HEAD_BYTES % 8 == 0, "records stand as malloc's memory does");

struct file {
    char path[4096];
    int fd;        /* negative: not open */
    bool has_head; /* of this boot, when it was read */
    size_t length;
    uint64_t last_seq; /* the newest of its events */
};

struct journal {
    uint64_t store;
    struct file files[FILES];
    struct file *active;
    struct journal_head head;
    bool is_covered, is_apart;
    char boot[CLOCK_BOOT_ID_SIZE]; /* "" if it cannot be known */
    size_t limit_bytes;
    unsigned char *buffer; /* for the record that is written */
    size_t buffer_size;
    bool full, put_aside;
    char reason[392];
};

static bool works(const struct journal *j)
{
    return j && j->files[0].fd >= 0 && j->files[1].fd >= 0;
}

static void fail(struct journal *j, const char *path, const char *doing, int code)
{
    snprintf(j->reason, sizeof j->reason, "%.200s: %s: %s", path, doing, strerror(code));
}

static void close_files(struct journal *j)
{
    for (size_t i = 0; i < FILES; i++) {
        if (j->files[i].fd >= 0)
            close(j->files[i].fd);
        j->files[i].fd = -1;
    }
}

/* So much from its beginning, or up to its end: how much. False (errno): it cannot be read. */
static bool read_some(const struct file *f, void *data, size_t wanted, size_t *ret_length)
{
    ssize_t got = 1;
    *ret_length = 0;
    while (*ret_length < wanted && got != 0) {
        got = pread(f->fd, (unsigned char *)data + *ret_length, wanted - *ret_length,
                    (off_t)*ret_length);
        if (got < 0 && errno != EINTR)
            return false;
        *ret_length += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* All of the file, as far as this journal can have written it; NULL if there is nothing. False
 * (errno): it cannot be read, so that nobody knows what is there. */
static bool read_whole(const struct journal *j, const struct file *f, unsigned char **ret_data,
                       size_t *ret_length)
{
    struct stat info;
    *ret_data = NULL;
    *ret_length = 0;
    if (fstat(f->fd, &info) != 0)
        return false;
    if (info.st_size <= 0)
        return true;
    size_t wanted = (uint64_t)info.st_size > j->limit_bytes ? j->limit_bytes : (size_t)info.st_size;
    *ret_data = malloc(wanted);
    if (!*ret_data)
        abort(); /* called empty, it would be cut */
    bool is_read = read_some(f, *ret_data, wanted, ret_length);
    if (!is_read)
        free(*ret_data);
    return is_read;
}

/* NULL: it is none. */
static const struct file_head *head_of(const unsigned char *data, size_t length)
{
    const struct file_head *h = (const void *)data; /* stands as malloc's memory does */
    bool is_one =
        length >= HEAD_BYTES && memcmp(h->magic, MAGIC, sizeof h->magic) == 0 &&
        h->seq <= EVENT_SEQ_MAX && memchr(h->boot, '\0', sizeof h->boot) &&
        record_checksum(data + AFTER_CHECKSUM, HEAD_BYTES - AFTER_CHECKSUM) == h->checksum;
    return is_one ? h : NULL;
}

/* Events of a gateway whose store is another one are not ours to take, nor to throw away. */
static bool holds_events_of_another(const struct journal *j, const struct file *f)
{
    struct file_head head;
    size_t length;
    struct stat info;
    if (!read_some(f, &head, sizeof head, &length) || fstat(f->fd, &info) != 0)
        return false; /* who reads it says so */
    const struct file_head *h = head_of((const unsigned char *)&head, length);
    return h && h->store != j->store && info.st_size > (off_t)HEAD_BYTES;
}

static bool open_file(struct journal *j, struct file *f)
{
    bool put_aside = false;
    f->fd = journal_file_open(f->path, &put_aside);
    f->length = 0;
    f->last_seq = 0;
    j->put_aside = j->put_aside || put_aside;
    if (f->fd == -EWOULDBLOCK)
        snprintf(j->reason, sizeof j->reason, "%.200s: another program has it open", f->path);
    else if (f->fd < 0)
        fail(j, f->path, "open", -f->fd);
    else if (holds_events_of_another(j, f))
        snprintf(j->reason, sizeof j->reason,
                 "%.200s: it holds events of a gateway with another storage.dir: give each its own "
                 "storage.journal_dir, or move the file away",
                 f->path);
    else
        return true;
    return false;
}

static bool open_files(struct journal *j)
{
    for (size_t i = 0; i < FILES; i++) {
        if (!open_file(j, &j->files[i])) {
            close_files(j);
            return false;
        }
    }
    j->active = &j->files[0];
    return true;
}

struct journal *journal_create(const char *dir, const char *store, size_t limit_bytes)
{
    struct journal *j = calloc(1, sizeof *j);
    struct err e;
    if (!j)
        return NULL;
    j->limit_bytes = limit_bytes;
    j->store = record_checksum(store, strlen(store));
    if (clock_boot_id(j->boot, &e) != 0)
        j->boot[0] = '\0';
    for (size_t i = 0; i < FILES; i++) {
        snprintf(j->files[i].path, sizeof j->files[i].path, "%s/journal.%zu", dir, i);
        j->files[i].fd = -1;
    }
    open_files(j);
    return j;
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

/* Where the next record is that can be believed, from `at` on; `length`: nowhere. */
static size_t find_record(const unsigned char *data, size_t at, size_t length)
{
    while (at < length && !record_is_whole(data + at, length - at))
        at += 8;
    return at < length ? at : length;
}

/* A kill tears the end of a file, and nothing else: between two pages, which the kernel copies one
 * after the other. What ends elsewhere was cut, and more may have stood behind it. */
static bool is_torn(enum record_state state, size_t length)
{
    return state == RECORD_TORN && length % PAGE_BYTES == 0;
}

static void note_unread(size_t bytes, bool is_end, bool is_begun, struct journal_found *found)
{
    if (is_end && is_begun)
        found->torn_bytes += bytes;
    else if (bytes > 0)
        found->damaged++;
}

/* The records from `at` on; what is none behind the last does not count to the file's length. */
static void read_records(struct file *f, const unsigned char *data, size_t at, size_t length,
                         journal_handler handler, void *arg, struct journal_found *found)
{
    struct outbox_upload upload;
    struct record record;
    size_t size;
    while (at < length) {
        enum record_state state = record_read(data + at, length - at, &record, &upload, &size);
        if (state != RECORD_GOOD) {
            size_t next = find_record(data, at + 8, length);
            note_unread(next - at, next == length, is_torn(state, length), found);
            at = next;
            continue;
        }
        const struct event *event = record.event;
        f->last_seq = event->seq > f->last_seq ? event->seq : f->last_seq;
        take_newer(&found->head, event->seq, event->digest, event->wall_ms);
        handler(arg, &record);
        f->length = at += size;
    }
}

/* For a person: what is kept of it here goes on, and is emptied as ever. */
static bool keep_damaged(const struct file *f, const unsigned char *data, size_t length)
{
    const struct file copy = {.fd = journal_file_make_beside(f->path, "damaged")};
    if (copy.fd < 0)
        return false;
    bool is_kept = write_all(&copy, data, length, 0);
    close(copy.fd);
    return is_kept;
}

/* NULL: there is none. */
static void take_head(const struct journal *j, struct file *f, const struct file_head *h,
                      struct journal_found *found)
{
    bool is_ours = h && h->store == j->store;
    f->has_head = is_ours && j->boot[0] && strcmp(h->boot, j->boot) == 0;
    if (is_ours)
        take_newer(&found->head, h->seq, h->digest, h->wall_ms);
    if (!f->has_head)
        found->head_is_newest = false;
    found->is_covered = found->is_covered && is_ours && h->is_covered;
    found->is_apart = found->is_apart || (is_ours && h->is_apart);
}

/* False (errno): it cannot be read. */
static bool read_file(const struct journal *j, struct file *f, journal_handler handler, void *arg,
                      struct journal_found *found)
{
    size_t length;
    unsigned char *data;
    if (!read_whole(j, f, &data, &length))
        return false;
    const struct file_head *h = head_of(data, length);
    unsigned damaged_before = found->damaged;
    f->length = length < HEAD_BYTES ? 0 : HEAD_BYTES;
    take_head(j, f, h, found);
    if (!h && length > HEAD_BYTES)
        found->damaged++;
    read_records(f, data, h ? HEAD_BYTES : find_record(data, 0, length), length, handler, arg,
                 found);
    if (found->damaged > damaged_before && !keep_damaged(f, data, length))
        found->is_not_kept = true;
    free(data);
    return true;
}

bool journal_told_aside(struct journal *j)
{
    bool has_put = j && j->put_aside;
    if (has_put)
        j->put_aside = false;
    return has_put;
}

/* Both files have a head before the first event comes, the first one before the second: one that
 * has none beside one of this boot had one. */
static unsigned count_emptied(const struct journal *j)
{
    const struct file *first = &j->files[0], *second = &j->files[1];
    return (first->length == 0 && second->has_head) +
           (second->length == 0 && first->has_head && first->length > HEAD_BYTES);
}

void journal_read(struct journal *j, journal_handler handler, void *arg,
                  struct journal_found *ret_found)
{
    *ret_found = (struct journal_found){.head_is_newest = works(j), .is_covered = true};
    for (size_t i = 0; works(j) && i < FILES; i++) {
        if (read_file(j, &j->files[i], handler, arg, ret_found))
            continue;
        fail(j, j->files[i].path, "read", errno); /* and journal_tick puts it aside */
        close_files(j);
    }
    /* Which numbers stood there nobody knows. */
    if (ret_found->damaged > 0 || ret_found->torn_bytes > 0 || !works(j))
        ret_found->head_is_newest = false;
    ret_found->is_covered = ret_found->is_covered && ret_found->head_is_newest;
    ret_found->put_aside = journal_told_aside(j);
    if (!j)
        return;
    ret_found->emptied = works(j) && !ret_found->put_aside ? count_emptied(j) : 0;
    j->is_covered = ret_found->is_covered;
    j->is_apart = ret_found->is_apart;
}

static bool write_head(struct journal *j, struct file *f)
{
    struct file_head h = {.seq = j->head.seq,
                          .wall_ms = j->head.wall_ms,
                          .store = j->store,
                          .is_covered = j->is_covered,
                          .is_apart = j->is_apart};
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
    f->last_seq = 0;
    j->full = j->full && used_bytes(j) > j->limit_bytes / 2;
    if (!j->full)
        j->reason[0] = '\0'; /* it takes what is written, and lacks nothing that matters */
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

static void write_heads(struct journal *j)
{
    for (size_t i = 0; works(j) && i < FILES; i++)
        write_head(j, &j->files[i]);
}

void journal_cover(struct journal *j, bool is_covered)
{
    if (!j || j->is_covered == is_covered)
        return;
    j->is_covered = is_covered;
    write_heads(j);
}

void journal_stand_apart(struct journal *j, bool is_apart)
{
    if (!j || j->is_apart == is_apart)
        return;
    j->is_apart = is_apart;
    write_heads(j);
}

bool journal_is_apart(const struct journal *j)
{
    return j && j->is_apart;
}

bool journal_is_covered(const struct journal *j)
{
    return j && j->is_covered;
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
    /* One that did not fit when it came stands behind younger ones. */
    if (record->event->seq > f->last_seq)
        f->last_seq = record->event->seq;
    return true;
}

bool journal_put(struct journal *j, const struct record *record)
{
    const struct event *event = record->event;
    if (!j)
        return true;
    take_newer(&j->head, event->seq, event->digest, event->wall_ms);
    if (!works(j))
        return false;
    if (!put_record(j, record)) {
        write_head(j, j->active);
        return false;
    }
    if (!j->full)
        j->reason[0] = '\0';
    return true;
}

void journal_note_committed(struct journal *j, uint64_t seq)
{
    for (size_t i = 0; works(j) && i < FILES; i++) {
        struct file *f = &j->files[i];
        if (f->length > HEAD_BYTES && f->last_seq <= seq)
            empty(j, f);
    }
}

static bool are_there(const struct journal *j)
{
    return works(j) && journal_file_has_name(j->files[0].fd, j->files[0].path) &&
           journal_file_has_name(j->files[1].fd, j->files[1].path);
}

/* What this journal knows is put once more: the caller has it. */
static void let_go(struct journal *j)
{
    for (size_t i = 0; i < FILES; i++) {
        struct file *f = &j->files[i];
        if (f->fd >= 0 && journal_file_has_name(f->fd, f->path) && ftruncate(f->fd, 0) != 0)
            fail(j, f->path, "cut", errno); /* then it is taken for what nobody has read */
    }
    close_files(j);
}

/* Events that nobody has read, since the file could not be opened before, stay for a person. */
static bool put_unread_aside(struct journal *j)
{
    struct stat info;
    bool has_put = false;
    for (size_t i = 0; i < FILES; i++) {
        const struct file *f = &j->files[i];
        if (fstat(f->fd, &info) != 0 || info.st_size <= (off_t)HEAD_BYTES)
            continue;
        int result = journal_file_put_aside(f->path);
        if (result == 0)
            j->put_aside = true;
        else
            fail(j, f->path, "rename", -result);
        has_put = true;
    }
    return has_put;
}

static bool begin_anew(struct journal *j)
{
    if (!open_files(j))
        return false;
    if (!put_unread_aside(j))
        return true;
    close_files(j);
    return j->reason[0] == '\0' && open_files(j);
}

bool journal_tick(struct journal *j)
{
    if (!j || are_there(j))
        return false;
    let_go(j);
    j->reason[0] = '\0';
    if (!begin_anew(j))
        return false;
    j->full = false;
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
