/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_outbox.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_outbox fake_outbox;

void fake_outbox_begin(void)
{
    fake_outbox = (struct fake_outbox){0};
}

void fake_outbox_end(void)
{
    for (size_t i = 0; i < fake_outbox.count; i++)
        event_unref(fake_outbox.calls[i].event);
}

static struct fake_call *add(enum fake_call_kind kind)
{
    ck_assert_uint_lt(fake_outbox.count, FAKE_CALLS_MAX);
    struct fake_call *call = &fake_outbox.calls[fake_outbox.count++];
    *call = (struct fake_call){.kind = kind};
    return call;
}

static void copy(char *ret_text, size_t size, const char *text)
{
    snprintf(ret_text, size, "%s", text ? text : "");
}

unsigned fake_outbox_answer(void)
{
    unsigned answered = 0;
    const size_t asked = fake_outbox.count;
    for (size_t i = 0; i < fake_outbox.count; i++) {
        struct fake_call *call = &fake_outbox.calls[i];
        /* What was answered may ask on and on: a page at a time. */
        if (call->answered || (call->read && i >= asked))
            continue;
        call->answered = true;
        answered++;
        if (call->done)
            call->done(call->arg);
        if (call->loaded)
            call->loaded(call->arg, call->event);
        if (call->found)
            call->found(call->arg,
                        &(struct outbox_clip){call->seq, call->alarm_unknown, call->pending});
        if (call->read) {
            struct outbox_uploads waiting = fake_outbox.waiting;
            fake_outbox.waiting = (struct outbox_uploads){0};
            call->read(call->arg, &waiting);
        }
    }
    return answered;
}

const struct fake_call *fake_outbox_last(enum fake_call_kind kind)
{
    for (size_t i = fake_outbox.count; i-- > 0;) {
        if (fake_outbox.calls[i].kind == kind)
            return &fake_outbox.calls[i];
    }
    return NULL;
}

size_t fake_outbox_count(enum fake_call_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < fake_outbox.count; i++)
        count += fake_outbox.calls[i].kind == kind;
    return count;
}

static void add_row(struct outbox_found *found, const char *name, const char *text)
{
    if (text)
        found->rows[found->row_count++] = (struct outbox_found_row){strdup(name), strdup(text)};
}

int outbox_open(uv_loop_t *loop, const struct outbox_options *options,
                const struct outbox_host *host, struct outbox **ret_outbox,
                struct outbox_found *ret_found, struct err *e)
{
    (void)loop;
    (void)e;
    ck_assert(options->makes_dir); /* who has it made waits for no disk */
    fake_outbox.host = *host;
    *ret_found =
        (struct outbox_found){.last_seq = fake_outbox.last_seq,
                              .used_seq = fake_outbox.used_seq,
                              .numbers_unknown = fake_outbox.far_seq > 0,
                              .restored = fake_outbox.restored,
                              .restored_count = fake_outbox.restored_count,
                              .newest_wall_ms = fake_outbox.newest_wall_ms,
                              .damage = fake_outbox.damage ? strdup(fake_outbox.damage) : NULL};
    memcpy(ret_found->head, fake_outbox.head, sizeof ret_found->head);
    snprintf(ret_found->unknown, sizeof ret_found->unknown, "%s",
             fake_outbox.unknown ? fake_outbox.unknown : "");
    ret_found->rows = calloc(2, sizeof *ret_found->rows);
    add_row(ret_found, "age", fake_outbox.age);
    add_row(ret_found, "damage", fake_outbox.damage_row);
    *ret_outbox = (struct outbox *)&fake_outbox;
    return 0;
}

const char *outbox_found_text(const struct outbox_found *found, const char *row)
{
    for (size_t i = 0; i < found->row_count; i++) {
        if (strcmp(found->rows[i].name, row) == 0)
            return found->rows[i].text;
    }
    return NULL;
}

void outbox_found_finish(struct outbox_found *found)
{
    for (size_t i = 0; i < found->row_count; i++) {
        free(found->rows[i].name);
        free(found->rows[i].text);
    }
    free(found->rows);
    free(found->damage);
    *found = (struct outbox_found){0};
}

void outbox_begin_numbers(struct outbox *ob, struct outbox_head *head)
{
    (void)ob;
    head->used_seq = fake_outbox.far_seq;
}

uint64_t outbox_numbers_above(uint64_t seq)
{
    fake_outbox.above_asked = seq;
    return fake_outbox.above_seq;
}

void outbox_joined(struct outbox *ob)
{
    (void)ob;
    add(FAKE_JOINED);
}

void outbox_store(struct outbox *ob, struct event *event, const struct outbox_row *row,
                  const struct outbox_upload *upload, uint32_t upload_receivers,
                  outbox_done_handler done, void *arg)
{
    struct fake_call *call = add(FAKE_STORE);
    (void)ob;
    call->seq = event->seq;
    call->event = event_ref(event);
    copy(call->row, sizeof call->row, row ? row->name : NULL);
    copy(call->clip, sizeof call->clip, upload ? upload->clip : NULL);
    call->upload_receivers = upload_receivers;
    call->done = done;
    call->arg = arg;
}

void outbox_store_again(struct outbox *ob, const struct outbox_restored *restored,
                        outbox_done_handler done, void *arg)
{
    outbox_store(ob, restored->event, NULL, NULL, 0, done, arg);
}

void outbox_note_gone(struct outbox *ob, uint64_t seq)
{
    (void)ob;
    add(FAKE_GONE)->seq = seq;
}

const char *outbox_watch_journal(struct outbox *ob)
{
    (void)ob;
    return fake_outbox.journal_reason ? fake_outbox.journal_reason : "";
}

void outbox_set_takes(struct outbox *ob, size_t receiver, uint32_t classes, bool clips)
{
    (void)ob;
    fake_outbox.takes[receiver] = classes;
    fake_outbox.takes_clips[receiver] = clips;
}

void outbox_save_row(struct outbox *ob, const struct outbox_row *row)
{
    (void)ob;
    struct fake_call *call = add(FAKE_ROW);
    copy(call->row, sizeof call->row, row->name);
    copy(fake_outbox.row_text, sizeof fake_outbox.row_text, row->text);
}

void outbox_when_written(struct outbox *ob, outbox_done_handler done, void *arg)
{
    (void)ob;
    struct fake_call *call = add(FAKE_BARRIER);
    call->done = done;
    call->arg = arg;
}

void outbox_when_kept(struct outbox *ob, outbox_done_handler done, void *arg)
{
    outbox_when_written(ob, done, arg);
}

static void record(enum fake_call_kind kind, uint64_t seq, size_t receiver, unsigned attempts,
                   const struct uplink_result *result)
{
    struct fake_call *call = add(kind);
    call->seq = seq;
    call->receiver = receiver;
    call->attempts = attempts;
    call->outcome = result->outcome;
    copy(call->receipt, sizeof call->receipt, result->receipt);
    copy(call->request, sizeof call->request, result->request_headers);
}

void outbox_record_delivery(struct outbox *ob, uint64_t seq, size_t receiver, unsigned attempts,
                            const struct uplink_result *result)
{
    (void)ob;
    record(FAKE_DELIVERY, seq, receiver, attempts, result);
}

void outbox_record_upload(struct outbox *ob, uint64_t seq, size_t receiver,
                          const struct uplink_result *result)
{
    (void)ob;
    record(FAKE_UPLOAD, seq, receiver, 0, result);
}

void outbox_record_given_up(struct outbox *ob, uint64_t seq, size_t receiver, unsigned attempts)
{
    struct fake_call *call = add(FAKE_GIVEN_UP);
    (void)ob;
    call->seq = seq;
    call->receiver = receiver;
    call->attempts = attempts;
}

void outbox_record_answer(struct outbox *ob, size_t receiver, const struct uplink_answer *answer,
                          const struct outbox_row *row, outbox_done_handler done, void *arg)
{
    struct fake_call *call = add(FAKE_ANSWER);
    (void)ob;
    call->receiver = receiver;
    call->seq = (uint64_t)answer->answer_seq;
    copy(call->row, sizeof call->row, row ? row->name : NULL);
    call->done = done;
    call->arg = arg;
}

void outbox_load(struct outbox *ob, uint64_t seq, outbox_event_handler done, void *arg)
{
    struct fake_call *call = add(FAKE_LOAD);
    (void)ob;
    call->seq = seq;
    call->loaded = done;
    call->arg = arg;
}

void outbox_find_clip(struct outbox *ob, const char *clip, const char *alarm,
                      outbox_clip_handler done, void *arg)
{
    struct fake_call *call = add(FAKE_FIND);
    (void)ob;
    copy(call->clip, sizeof call->clip, clip);
    copy(call->alarm, sizeof call->alarm, alarm);
    call->alarm_unknown = fake_outbox.knows_no_alarm;
    call->found = done;
    call->arg = arg;
}

void outbox_read_uploads(struct outbox *ob, size_t receiver, uint64_t after_seq,
                         outbox_uploads_handler done, void *arg)
{
    struct fake_call *call = add(FAKE_READ);
    (void)ob;
    call->receiver = receiver;
    call->seq = after_seq;
    call->read = done;
    call->arg = arg;
}

void outbox_query(struct outbox *ob, const struct outbox_query *query, outbox_query_handler done,
                  void *arg)
{
    (void)ob;
    fake_outbox.asked = *query;
    if (fake_outbox.keeps_questions) {
        fake_outbox.questions[fake_outbox.question_count].done = done;
        fake_outbox.questions[fake_outbox.question_count++].arg = arg;
    } else if (fake_outbox.answers)
        done(arg, fake_outbox.answers++);
    else
        done(arg, &(struct outbox_answer){.error = "this store answers no question"});
}

void fake_answer(const struct outbox_answer *answer)
{
    size_t count = fake_outbox.question_count;
    fake_outbox.question_count = 0;
    for (size_t i = 0; i < count; i++)
        fake_outbox.questions[i].done(fake_outbox.questions[i].arg, answer);
}

void outbox_prune(struct outbox *ob, uint64_t last_seq)
{
    (void)ob;
    add(FAKE_PRUNE)->seq = last_seq;
}

size_t outbox_close(struct outbox *ob, int64_t wait_ms)
{
    (void)ob;
    fake_outbox.wait_ms = wait_ms;
    if (fake_outbox.lost == 0)
        fake_outbox_answer();
    fake_outbox.closed = true;
    return fake_outbox.lost;
}
