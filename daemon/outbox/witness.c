/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/witness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/encode.h"
#include "outbox/numbers.h"
#include "outbox/record.h"

#define FILE_BYTES 1024
#define RANGES     3 /* that are told one by one */
#define PATH_SIZE  4200
#define HEX        "%64[0-9a-f]"
/* A person may read it; the last line is of all that stands before it. */
#define HEADING  "tocsin outbox head 1\n"
#define LAYOUT   HEADING "stored %" PRIu64 " %s %" PRId64 "\nnewest %" PRIu64 " %s %" PRId64 "\n"
#define CEILING  "ceiling %" PRIu64 "\n"
#define CHECKSUM "checksum %016" PRIx64 "\n"

static int print(const struct witness *w, uint64_t ceiling, char ret_text[FILE_BYTES])
{
    char stored[ENCODE_HEX_SIZE(EVENT_DIGEST_BYTES)], newest[ENCODE_HEX_SIZE(EVENT_DIGEST_BYTES)];
    encode_hex(w->stored.digest, EVENT_DIGEST_BYTES, stored);
    encode_hex(w->newest.digest, EVENT_DIGEST_BYTES, newest);
    int length = snprintf(ret_text, FILE_BYTES, LAYOUT CEILING, w->stored.seq, stored,
                          w->stored.wall_ms, w->newest.seq, newest, w->newest.wall_ms, ceiling);
    uint64_t sum = record_checksum(ret_text, (size_t)length);
    return length + snprintf(ret_text + length, FILE_BYTES - (size_t)length, CHECKSUM, sum);
}

/* What was printed is read back, and must print the same again. */
static bool scan(const char *text, size_t length, struct witness *w)
{
    char stored[ENCODE_HEX_SIZE(EVENT_DIGEST_BYTES)], newest[ENCODE_HEX_SIZE(EVENT_DIGEST_BYTES)];
    char again[FILE_BYTES];
    struct witness read = *w;
    if (sscanf(text,
               HEADING "stored %" SCNu64 " " HEX " %" SCNd64 " newest %" SCNu64 " " HEX " %" SCNd64
                       " ceiling %" SCNu64,
               &read.stored.seq, stored, &read.stored.wall_ms, &read.newest.seq, newest,
               &read.newest.wall_ms, &read.ceiling) != 7)
        return false;
    if (decode_hex(stored, strlen(stored), read.stored.digest, EVENT_DIGEST_BYTES) < 0 ||
        decode_hex(newest, strlen(newest), read.newest.digest, EVENT_DIGEST_BYTES) < 0 ||
        read.newest.seq > EVENT_SEQ_MAX || read.ceiling > EVENT_SEQ_MAX)
        return false;
    if (print(&read, read.ceiling, again) != (int)length || memcmp(again, text, length) != 0)
        return false;
    *w = read;
    return true;
}

static void name_file(const char *store_path, char ret_path[PATH_SIZE])
{
    const char *slash = strrchr(store_path, '/');
    int folder = slash ? (int)(slash - store_path) + 1 : 0;
    snprintf(ret_path, PATH_SIZE, "%.*s" WITNESS_FILE, folder, store_path);
}

int witness_open(struct witness *w, const char *store_path, struct err *e)
{
    char path[PATH_SIZE], *text = NULL;
    size_t length;
    *w = (struct witness){0};
    name_file(store_path, path);
    int result = atomic_file_read(path, FILE_BYTES, &text, &length, e);
    if (result == -ENOENT)
        return 0;
    if (result == 0 && !scan(text, length, w))
        result = err_set(e, EBADMSG, "%s: cannot be believed", path);
    free(text);
    w->is_kept = w->newest.seq > 0;
    return result;
}

/* Six letters and digits behind the name, as mkostemp(3) makes them. What a person has called so (a
 * word, a date) is neither of both kinds, nor has it a capital. */
static bool is_begun(const char *name)
{
    static const char small[] = "abcdefghijklmnopqrstuvwxyz", digits[] = "0123456789";
    size_t own = sizeof WITNESS_FILE; /* and the dot */
    if (strncmp(name, WITNESS_FILE ".", own) != 0 || strlen(name) != own + 6)
        return false;
    const char *end = name + own;
    for (size_t i = 0; i < 6; i++) {
        if (!strchr(digits, end[i]) && (end[i] < 'A' || end[i] > 'Z') && !strchr(small, end[i]))
            return false;
    }
    return strspn(end, small) < 6 && strspn(end, digits) < 6;
}

void witness_remove_begun(const char *store_path)
{
    char path[PATH_SIZE];
    const struct dirent *entry;
    struct stat info;
    name_file(store_path, path);
    *(strrchr(path, '/') ? strrchr(path, '/') + 1 : path) = '\0';
    DIR *dir = opendir(path[0] ? path : ".");
    while (dir && (entry = readdir(dir))) {
        if (is_begun(entry->d_name) &&
            fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(info.st_mode))
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir)
        closedir(dir);
}

bool witness_is_first(const struct witness *w)
{
    return !w->is_kept && w->newest.seq > 0;
}

static int contradict(struct witness *w, struct err *e, const char *how, uint64_t has)
{
    w->is_contradicted = true;
    return err_set(e, EBADMSG, "it has had event %" PRIu64 ", and %s %" PRIu64, w->stored.seq, how,
                   has);
}

int witness_check(struct witness *w, struct store *s, const struct outbox_found *found,
                  struct err *e)
{
    struct event *event = NULL;
    if (w->stored.seq == 0 || w->was_absent)
        return 0;
    if (found->last_seq < w->stored.seq)
        return contradict(w, e, "ends with", found->last_seq);
    int result = store_get_event(s, w->stored.seq, &event, e);
    if (result != 0)
        return result;
    if (!event || memcmp(event->digest, w->stored.digest, EVENT_DIGEST_BYTES) != 0)
        result = contradict(w, e, "another or none is there under", w->stored.seq);
    event_unref(event);
    return result;
}

static struct witness_head head_of(const struct outbox_found *found)
{
    struct witness_head head = {.seq = found->last_seq, .wall_ms = found->newest_wall_ms};
    memcpy(head.digest, found->head, sizeof head.digest);
    return head;
}

void witness_take(struct witness *w, const struct outbox_found *found)
{
    if (found->last_seq < w->stored.seq)
        w->is_contradicted = true;
    w->is_behind |= found->last_seq != w->stored.seq;
    w->stored = head_of(found);
}

static void take_head(const struct witness_head *head, struct outbox_found *found)
{
    if (head->seq <= found->last_seq)
        return;
    found->last_seq = head->seq;
    found->newest_wall_ms = head->wall_ms;
    memcpy(found->head, head->digest, sizeof found->head);
}

struct list {
    char text[200];
    size_t used, ranges;
};

static void print_to_list(struct list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print_to_list(struct list *list, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    list->used +=
        (size_t)vsnprintf(list->text + list->used, sizeof list->text - list->used, format, args);
    va_end(args);
}

/* Where numbers have leapt far nobody can say how many of them were made. */
static void add_range(struct list *list, uint64_t first, uint64_t last)
{
    if (first > last || list->ranges++ >= RANGES)
        return;
    print_to_list(list, "%s", list->ranges > 1 ? ", " : "");
    if (!numbers_are_far(last - first)) {
        print_to_list(list, "%" PRIu64, first);
        if (last > first)
            print_to_list(list, " to %" PRIu64, last);
    } else if (first > 1) {
        print_to_list(list, "above %" PRIu64 " up to %" PRIu64, first - 1, last);
    } else {
        print_to_list(list, "up to %" PRIu64, last);
    }
}

/* Nothing is here of the numbers from `next` to the one before `seq`, which is.
 * Up to `until` they were in the store; above that they may have been left out
 * (numbers.h), which ends at a round number, a far one too: those behind the last
 * such one were given, whoever has had them. */
static void add_gap(struct list *list, uint64_t next, uint64_t seq, uint64_t until)
{
    uint64_t given = (seq - 1) / NUMBERS_STEP * NUMBERS_STEP + 1;
    if (seq == 1 || until >= seq)
        until = seq - 1;
    if (given <= until + 1 || given <= next) {
        add_range(list, next, seq - 1);
        return;
    }
    add_range(list, next, until);
    add_range(list, given, seq - 1);
}

/* Behind the last that is found: all up to `newest`, which was made. */
static void list_gone(const struct restore_twin *in_journal, size_t count, uint64_t after,
                      uint64_t until, uint64_t newest, struct list *ret_list)
{
    uint64_t next = after + 1;
    *ret_list = (struct list){.used = 0};
    for (size_t i = 0; i < count; i++) {
        uint64_t seq = in_journal[i].seq;
        if (seq < next)
            continue;
        add_gap(ret_list, next, seq, until);
        next = seq + 1;
    }
    add_range(ret_list, next, newest);
}

static bool is_head(const struct outbox_found *found, const unsigned char *digest)
{
    return memcmp(found->head, digest, EVENT_DIGEST_BYTES) == 0;
}

/* The number of the newest event that was made: that of the chain's head, or
 * below it, where a start has left numbers out and then nothing came. */
static uint64_t newest_made(const struct witness *w, const struct restore_twin *in_journal,
                            size_t count, const struct outbox_found *found)
{
    for (size_t i = 0; i < count; i++) {
        if (is_head(found, in_journal[i].digest))
            return in_journal[i].seq;
    }
    if (is_head(found, w->stored.digest))
        return w->stored.seq;
    return is_head(found, w->newest.digest) ? w->newest.seq : found->last_seq;
}

void witness_tell(struct witness *w, const struct restore_twin *in_journal, size_t count,
                  struct outbox_found *found)
{
    struct list gone;
    char *text;
    /* What was known to be gone was told. */
    bool is_known = !w->is_contradicted && w->newest.seq > w->stored.seq;
    uint64_t after = is_known ? w->newest.seq : w->stored.seq, until = w->newest.seq;
    bool was_absent = w->was_absent, is_unheard_of = was_absent && after == 0 && until == 0;
    w->was_absent = false; /* from now on there is one, which can be lost */
    take_head(&w->newest, found);
    uint64_t newest = newest_made(w, in_journal, count, found);
    w->newest = head_of(found);
    w->newest.seq = newest;
    if (is_unheard_of && !numbers_are_far(newest))
        until = newest; /* left out or not: nobody knows of any */
    list_gone(in_journal, count, after, until, newest, &gone);
    if (gone.ranges == 0)
        return;
    bool is_one = gone.ranges == 1 && !strstr(gone.text, " to ");
    int length = asprintf(&text, "of event number%s %s%s nothing is here any more: %s",
                          is_one ? "" : "s", gone.text, gone.ranges > RANGES ? " and others" : "",
                          found->damage ? found->damage
                          : was_absent  ? "the store itself was gone, and begins anew"
                                        : "they are not in the store, nor were they kept "
                                          "elsewhere");
    if (length < 0)
        abort(); /* without memory: start anew */
    free(found->damage);
    found->damage = text;
    found->state_lost = w->is_behind = w->is_contradicted = true;
}

void witness_note(struct witness *w, const struct event *event)
{
    if (event->seq <= w->stored.seq)
        return;
    w->stored = (struct witness_head){.seq = event->seq, .wall_ms = event->wall_ms};
    memcpy(w->stored.digest, event->digest, sizeof w->stored.digest);
    if (event->seq > w->newest.seq)
        w->newest = w->stored;
    w->is_behind = true;
}

int witness_write(struct witness *w, const struct store *s, struct err *e)
{
    char path[PATH_SIZE], text[FILE_BYTES];
    if (!w->is_behind && w->ceiling == s->ceiling)
        return 0;
    name_file(s->path, path);
    int length = print(w, s->ceiling, text);
    int result = atomic_file_write(path, 0600, text, (size_t)length, e);
    if (result != 0)
        return result;
    w->ceiling = s->ceiling;
    w->is_behind = false;
    w->is_kept = w->newest.seq > 0;
    return 0;
}
