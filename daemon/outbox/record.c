/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/keyed_hash.h"
#include "outbox/store.h"

#define MAGIC        0x52434a54u /* "TJCR" */
#define LENGTH_MAX   (64u << 20)
#define UPLOAD_BYTES sizeof(struct outbox_upload)

/* Then, without anything between: the upload if there is one; the row's name and text, both names,
 * each with its NUL; the event's bytes; zeros up to a multiple of eight. */
struct head {
    uint32_t magic;
    uint32_t size;     /* of the whole record */
    uint64_t checksum; /* of all that follows */
    uint64_t seq;
    int64_t wall_ms;
    uint32_t class;
    uint32_t has_upload, has_row;
    uint32_t row_name, row_text, receivers, upload_receivers, bytes; /* lengths, NULs included */
    char id[UUID_TEXT_SIZE], type[EVENT_TYPE_SIZE], alarm[UUID_TEXT_SIZE];
    unsigned char digest[EVENT_DIGEST_BYTES];
};

#define AFTER_CHECKSUM offsetof(struct head, seq)

uint64_t record_checksum(const void *data, size_t length)
{
    static const unsigned char key[KEYED_HASH_KEY_BYTES] = "tocsin's journal";
    return keyed_hash(key, data, length);
}

static uint32_t text_bytes(const char *text)
{
    return (uint32_t)(text ? strlen(text) : 0) + 1;
}

static struct head describe(const struct record *r)
{
    struct head head = {.magic = MAGIC,
                        .has_upload = r->upload != NULL,
                        .has_row = r->row.name != NULL,
                        .row_name = text_bytes(r->row.name),
                        .row_text = text_bytes(r->row.text),
                        .receivers = text_bytes(r->receivers),
                        .upload_receivers = text_bytes(r->upload_receivers),
                        .bytes = (uint32_t)r->event->length};
    return head;
}

static uint64_t whole_size(const struct head *head)
{
    uint64_t size = sizeof *head + (head->has_upload ? UPLOAD_BYTES : 0);
    size += (uint64_t)head->row_name + head->row_text + head->receivers + head->upload_receivers;
    size += head->bytes;
    return (size + 7) / 8 * 8;
}

size_t record_size(const struct record *record)
{
    struct head head = describe(record);
    return whole_size(&head);
}

static unsigned char *put(unsigned char *at, const void *data, size_t length)
{
    if (length > 0)
        memcpy(at, data, length);
    return at + length;
}

static unsigned char *put_text(unsigned char *at, const char *text)
{
    return put(at, text ? text : "", text_bytes(text));
}

void record_write(const struct record *record, unsigned char *at)
{
    const struct event *event = record->event;
    struct head head = describe(record);
    head.size = (uint32_t)whole_size(&head);
    head.seq = event->seq;
    head.wall_ms = event->wall_ms;
    head.class = event->class;
    memcpy(head.id, event->id, sizeof head.id);
    memcpy(head.type, event->type, sizeof head.type);
    memcpy(head.alarm, event->alarm, sizeof head.alarm);
    memcpy(head.digest, event->digest, sizeof head.digest);
    unsigned char *next = put(at, &head, sizeof head);
    if (record->upload)
        next = put(next, record->upload, UPLOAD_BYTES);
    next = put_text(next, record->row.name);
    next = put_text(next, record->row.text);
    next = put_text(next, record->receivers);
    next = put_text(next, record->upload_receivers);
    next = put(next, event->bytes, event->length);
    memset(next, 0, (size_t)(at + head.size - next));
    head.checksum = record_checksum(at + AFTER_CHECKSUM, head.size - AFTER_CHECKSUM);
    memcpy(at, &head, sizeof head);
}

static bool is_text(const char *text, size_t size)
{
    return size > 0 && memchr(text, '\0', size) == text + size - 1;
}

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool head_is_sound(const struct head *head)
{
    return head->seq > 0 && head->seq <= EVENT_SEQ_MAX && head->class <= EVENT_CLASS_MANIFEST &&
           head->has_upload <= 1 && head->has_row <= 1 && head->bytes > 0 &&
           ends(head->id, sizeof head->id) && uuid_is_valid(head->id) &&
           ends(head->type, sizeof head->type) && ends(head->alarm, sizeof head->alarm);
}

static bool upload_is_sound(const struct outbox_upload *u)
{
    return ends(u->manifest, sizeof u->manifest) && ends(u->clip, sizeof u->clip) &&
           ends(u->alarm, sizeof u->alarm) && ends(u->camera, sizeof u->camera) &&
           ends(u->path, sizeof u->path) && u->length_bytes >= 0;
}

/* `receivers` as fresh.h wants them, or "". */
static bool names_are_sound(const char *names, size_t size)
{
    return is_text(names, size) && size <= RECORD_NAMES_SIZE &&
           (size == 1 || names[size - 2] == ' ');
}

/* The texts, one behind the other from `at`; false if one of them is none. */
static bool take_texts(const struct head *head, const char *at, struct record *ret)
{
    const char *name = at, *text = name + head->row_name, *receivers = text + head->row_text;
    const char *clip_receivers = receivers + head->receivers;
    bool sound = is_text(name, head->row_name) && head->row_name <= OUTBOX_ROW_NAME_SIZE &&
                 is_text(text, head->row_text) && names_are_sound(receivers, head->receivers) &&
                 names_are_sound(clip_receivers, head->upload_receivers);
    if (sound && head->has_row)
        ret->row = (struct outbox_row){.name = name, .text = text};
    ret->receivers = receivers;
    ret->upload_receivers = clip_receivers;
    return sound;
}

static struct event *make_event(const struct head *head, const char *bytes)
{
    struct event *event = calloc(1, sizeof *event + head->bytes + 1);
    if (!event)
        return NULL;
    event->references = 1;
    event->seq = head->seq;
    event->class = (enum event_class)head->class;
    event->wall_ms = head->wall_ms;
    memcpy(event->id, head->id, sizeof event->id);
    memcpy(event->type, head->type, sizeof event->type);
    memcpy(event->alarm, head->alarm, sizeof event->alarm);
    memcpy(event->digest, head->digest, sizeof event->digest);
    event->length = head->bytes;
    memcpy(event->bytes, bytes, head->bytes);
    if (store_event_is_whole(event))
        return event;
    event_unref(event);
    return NULL;
}

/* What stands behind a head whose size and checksum are right. */
static bool take_body(const struct head *head, const unsigned char *body, struct record *ret,
                      struct outbox_upload *ret_upload)
{
    *ret = (struct record){.event = NULL};
    if (head->has_upload) {
        memcpy(ret_upload, body, UPLOAD_BYTES);
        body += UPLOAD_BYTES;
        ret->upload = ret_upload;
        if (!upload_is_sound(ret_upload))
            return false;
    }
    const char *texts = (const char *)body;
    if (!take_texts(head, texts, ret))
        return false;
    ret->event = make_event(head, texts + head->row_name + head->row_text + head->receivers +
                                      head->upload_receivers);
    return ret->event != NULL;
}

/* Its length, as far as it can be believed, and the checksum of all of it. */
static bool is_whole(const struct head *head, const unsigned char *bytes, size_t length)
{
    return head->magic == MAGIC && head->size <= length && whole_size(head) == head->size &&
           record_checksum(bytes + AFTER_CHECKSUM, head->size - AFTER_CHECKSUM) == head->checksum;
}

bool record_is_whole(const unsigned char *bytes, size_t length)
{
    struct head head;
    if (length < sizeof head)
        return false;
    memcpy(&head, bytes, sizeof head);
    return is_whole(&head, bytes, length);
}

static bool is_begun(const struct head *head, size_t length)
{
    return head->magic == MAGIC && head->size > length && head->size <= LENGTH_MAX;
}

enum record_state record_read(const unsigned char *bytes, size_t length, struct record *ret_record,
                              struct outbox_upload *ret_upload, size_t *ret_size)
{
    struct head head;
    if (length < sizeof head)
        return RECORD_TORN;
    memcpy(&head, bytes, sizeof head);
    if (is_begun(&head, length))
        return RECORD_TORN;
    if (!is_whole(&head, bytes, length) || !head_is_sound(&head) ||
        !take_body(&head, bytes + sizeof head, ret_record, ret_upload))
        return RECORD_DAMAGED;
    *ret_size = head.size;
    return RECORD_GOOD;
}
