/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of what is not committed yet: its files on a real file system, read by another one
 * as after a kill; and its records, byte by byte. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_world.h"
#include "run_suite.h"

START_TEST(all_of_an_event_comes_back)
{
    struct fixture *f = begin();
    struct event *event = make_event(7, EVENT_CLASS_MANIFEST, 150);
    struct outbox_upload upload = {
        .length_bytes = 12, .clip = "c1", .camera = "gate", .path = "/c"};
    const struct record record = {.event = event,
                                  .row = {"incidents", "{\"open\":1}"},
                                  .receivers = "police education ",
                                  .upload = &upload,
                                  .upload_receivers = "police "};
    memset(upload.sha256, 9, sizeof upload.sha256);
    journal_put(f->journal, &record);
    reopen(f);
    ck_assert_str_eq(seqs(f), "7 ");
    ck_assert_str_eq(f->text[0], "incidents");
    ck_assert_str_eq(f->text[1], "{\"open\":1}");
    ck_assert_str_eq(f->text[2], "police education ");
    ck_assert_str_eq(f->text[3], "police ");
    ck_assert_str_eq(f->text[4], event->bytes);
    ck_assert_mem_eq(&f->upload, &upload, sizeof upload);
    ck_assert_uint_eq(f->found.damaged + f->found.torn_bytes, 0);
    event_unref(event);
    put(f, 8);
    reopen(f);
    ck_assert_str_eq(seqs(f), "7 8 ");
    ck_assert_str_eq(f->text[0], "(none)");
    ck_assert_ptr_null(f->last.upload);
    end(f);
}
END_TEST

START_TEST(the_events_fields_come_back)
{
    struct event *event = make_event(3, EVENT_CLASS_FOLLOWUP, 77);
    const struct record record = {.event = event, .receivers = "", .upload_receivers = ""};
    struct record read;
    struct outbox_upload upload;
    size_t size = record_size(&record), told = 0;
    unsigned char *bytes = malloc(size);
    record_write(&record, bytes);
    ck_assert_int_eq(record_read(bytes, size, &read, &upload, &told), RECORD_GOOD);
    ck_assert_uint_eq(told, size);
    ck_assert_uint_eq(size % 8, 0);
    ck_assert_uint_eq(read.event->references, 1);
    ck_assert_str_eq(read.event->id, event->id);
    ck_assert_str_eq(read.event->type, event->type);
    ck_assert_str_eq(read.event->alarm, event->alarm);
    ck_assert_int_eq(read.event->class, EVENT_CLASS_FOLLOWUP);
    ck_assert_int_eq(read.event->wall_ms, event->wall_ms);
    ck_assert_uint_eq(read.event->length, 77);
    ck_assert_mem_eq(read.event->digest, event->digest, EVENT_DIGEST_BYTES);
    event_unref(read.event);
    event_unref(event);
    free(bytes);
}
END_TEST

START_TEST(no_flipped_bit_is_believed)
{
    struct event *event = make_event(3, EVENT_CLASS_PRESS, 77);
    struct outbox_upload made = {.clip = "c1"}, upload;
    const struct record record = {.event = event,
                                  .row = {"a", "b"},
                                  .receivers = "police ",
                                  .upload = &made,
                                  .upload_receivers = "police "};
    struct record read;
    size_t size = record_size(&record), told;
    unsigned char *bytes = malloc(size);
    for (size_t bit = 0; bit < size * 8; bit++) {
        record_write(&record, bytes);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        ck_assert_int_ne(record_read(bytes, size, &read, &upload, &told), RECORD_GOOD);
    }
    free(bytes);
    event_unref(event);
}
END_TEST

/* Whoever writes the file can make a checksum; not a digest that says something else. */
START_TEST(bytes_that_are_not_of_the_digest_are_not_believed)
{
    struct event *event = make_event(3, EVENT_CLASS_PRESS, 77);
    const struct record record = {.event = event, .receivers = "", .upload_receivers = ""};
    struct record read;
    struct outbox_upload upload;
    size_t size = record_size(&record), told;
    unsigned char *bytes = malloc(size);
    event->bytes[20] = 'y';
    record_write(&record, bytes);
    ck_assert_int_eq(record_read(bytes, size, &read, &upload, &told), RECORD_DAMAGED);
    free(bytes);
    event_unref(event);
}
END_TEST

static enum record_state read_back(const struct record *record)
{
    struct record read;
    struct outbox_upload upload;
    size_t size = record_size(record), told;
    unsigned char *bytes = malloc(size);
    record_write(record, bytes);
    enum record_state state = record_read(bytes, size, &read, &upload, &told);
    if (state == RECORD_GOOD)
        event_unref(read.event);
    free(bytes);
    return state;
}

START_TEST(what_does_not_hold_together_is_not_believed)
{
    struct event *event = make_event(3, EVENT_CLASS_PRESS, 77);
    struct record record = {.event = event, .receivers = "police ", .upload_receivers = ""};
    struct outbox_upload upload = {.clip = "c"};
    char long_name[OUTBOX_ROW_NAME_SIZE + 1];
    ck_assert_int_eq(read_back(&record), RECORD_GOOD);
    event->seq = 0;
    ck_assert_int_eq(read_back(&record), RECORD_DAMAGED);
    event->seq = EVENT_SEQ_MAX + 1;
    ck_assert_int_eq(read_back(&record), RECORD_DAMAGED);
    event->seq = EVENT_SEQ_MAX;
    ck_assert_int_eq(read_back(&record), RECORD_GOOD);
    event->class = EVENT_CLASS_HEARTBEAT;
    ck_assert_int_eq(read_back(&record), RECORD_DAMAGED);
    event->class = EVENT_CLASS_PRESS;
    event->id[3] = 'X';
    ck_assert_int_eq(read_back(&record), RECORD_DAMAGED);
    event->id[3] = '0';
    memset(event->type, 'x', sizeof event->type);
    ck_assert_int_eq(read_back(&record), RECORD_DAMAGED);
    strcpy(event->type, "t");
    record.receivers = "police"; /* no space behind it */
    ck_assert_int_eq(read_back(&record), RECORD_DAMAGED);
    record.receivers = "";
    ck_assert_int_eq(read_back(&record), RECORD_GOOD);
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    record.row = (struct outbox_row){long_name, "text"};
    ck_assert_int_eq(read_back(&record), RECORD_DAMAGED);
    record.row = (struct outbox_row){long_name + 1, "text"};
    ck_assert_int_eq(read_back(&record), RECORD_GOOD);
    record.upload = &upload;
    ck_assert_int_eq(read_back(&record), RECORD_GOOD);
    memset(upload.path, 'p', sizeof upload.path);
    ck_assert_int_eq(read_back(&record), RECORD_DAMAGED);
    event_unref(event);
}
END_TEST

START_TEST(it_is_emptied_when_all_of_it_is_committed)
{
    struct fixture *f = begin();
    put(f, 1);
    put(f, 2);
    journal_note_committed(f->journal, 1);
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 2 "); /* what is committed does no harm */
    journal_note_committed(f->journal, 2);
    ck_assert_int_eq(size_of(f, 0), HEAD_BYTES);
    reopen(f);
    ck_assert_str_eq(seqs(f), "");
    end(f);
}
END_TEST

START_TEST(it_does_not_grow_under_events_that_never_cease)
{
    struct fixture *f = begin();
    bool both = false;
    for (uint64_t seq = 1; seq <= 2000; seq++) {
        put(f, seq);
        if (seq > 3)
            journal_note_committed(f->journal, seq - 3);
        ck_assert_str_eq(journal_reason(f->journal), "");
        ck_assert_int_lt(size_of_both(f), (long)LIMIT / 4);
        both |= size_of(f, 0) > HEAD_BYTES && size_of(f, 1) > HEAD_BYTES;
    }
    ck_assert(both);
    reopen(f);
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++)
        kept += f->seqs[i] > 1997;
    ck_assert_uint_eq(kept, 3);
    end(f);
}
END_TEST

START_TEST(presses_have_a_quarter_of_it_for_themselves)
{
    struct fixture *f = begin();
    uint64_t seq = 1;
    while (journal_reason(f->journal)[0] == '\0' && seq < 1000)
        put_sized(f, seq++, EVENT_CLASS_FOLLOWUP, 1000);
    uint64_t refused = seq - 1;
    ck_assert_ptr_nonnull(strstr(journal_reason(f->journal), "full"));
    ck_assert_int_le(size_of_both(f), (long)LIMIT / 4 * 3);
    ck_assert_int_gt(size_of_both(f), (long)LIMIT / 4 * 3 - 2000);
    put_sized(f, seq++, EVENT_CLASS_PRESS, 1000);
    put_sized(f, seq++, EVENT_CLASS_MANIFEST, 1000);
    ck_assert_ptr_nonnull(strstr(journal_reason(f->journal), "full")); /* not cleared by a press */
    reopen(f);
    ck_assert_uint_eq(f->seqs[f->count - 1], refused + 1);
    ck_assert_uint_eq(f->count, refused);
    /* and no more than all of it */
    for (int i = 0; i < 100; i++)
        put_sized(f, seq++, EVENT_CLASS_PRESS, 1000);
    ck_assert_int_le(size_of_both(f), (long)LIMIT);
    ck_assert_int_gt(size_of_both(f), (long)LIMIT - 2000);
    /* the number of what did not fit is known all the same */
    reopen(f);
    ck_assert_uint_eq(f->found.head.seq, seq - 1);
    ck_assert(f->found.head_is_newest);
    end(f);
}
END_TEST

START_TEST(there_is_room_again_when_it_was_committed)
{
    struct fixture *f = begin();
    uint64_t seq = 1;
    while (journal_reason(f->journal)[0] == '\0' && seq < 1000)
        put_sized(f, seq++, EVENT_CLASS_FOLLOWUP, 1000);
    journal_note_committed(f->journal, seq - 1);
    ck_assert_str_eq(journal_reason(f->journal), "");
    put(f, seq);
    reopen(f);
    char wanted[30];
    snprintf(wanted, sizeof wanted, "%llu ", (unsigned long long)seq);
    ck_assert_str_eq(seqs(f), wanted);
    end(f);
}
END_TEST

/* An older one that did not fit when it came is put once more behind younger ones: they are no less
 * uncommitted for that, nor is a file kept for what was in it before. */
START_TEST(what_is_put_once_more_takes_no_younger_one_with_it)
{
    struct fixture *f = begin();
    put_sized(f, 1, EVENT_CLASS_PRESS, 40000);
    put_sized(f, 2, EVENT_CLASS_FOLLOWUP, 12000);
    ck_assert_ptr_nonnull(strstr(journal_reason(f->journal), "full"));
    put(f, 3);
    put(f, 4);
    journal_note_committed(f->journal, 1);
    put_sized(f, 2, EVENT_CLASS_FOLLOWUP, 12000);
    ck_assert_str_eq(journal_reason(f->journal), "");
    journal_note_committed(f->journal, 2);
    reopen(f);
    ck_assert_str_eq(seqs(f), "3 4 2 ");
    journal_note_committed(f->journal, 3);
    reopen(f);
    ck_assert_uint_eq(f->count, 3);
    journal_note_committed(f->journal, 4);
    put(f, 3);
    journal_note_committed(f->journal, 3);
    ck_assert_int_eq(size_of_both(f), 2L * HEAD_BYTES);
    end(f);
}
END_TEST

START_TEST(the_newest_number_is_known_though_all_is_committed)
{
    struct fixture *f = begin();
    ck_assert(!f->found.head_is_newest); /* there was none */
    put(f, 5);
    struct event *event = make_event(6, EVENT_CLASS_PRESS, 90);
    const struct record record = {.event = event, .receivers = "", .upload_receivers = ""};
    journal_put(f->journal, &record);
    journal_note_committed(f->journal, 6);
    reopen(f);
    ck_assert_uint_eq(f->count, 0);
    ck_assert(f->found.head_is_newest);
    ck_assert_uint_eq(f->found.head.seq, 6);
    ck_assert_int_eq(f->found.head.wall_ms, 1006);
    ck_assert_mem_eq(f->found.head.digest, event->digest, EVENT_DIGEST_BYTES);
    event_unref(event);
    end(f);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_told_and_tried_again)
{
    struct fixture *f = begin();
    char later[60];
    journal_destroy(f->journal);
    snprintf(later, sizeof later, "%s/later", f->folder);
    f->journal = journal_create(later, "store", LIMIT);
    journal_read(f->journal, journal_on_record, f, &f->found);
    journal_begin(f->journal, &f->found.head);
    ck_assert_ptr_nonnull(strstr(journal_reason(f->journal), "No such file"));
    ck_assert(!f->found.head_is_newest);
    put(f, 1);
    journal_note_committed(f->journal, 1);
    ck_assert(!journal_tick(f->journal));
    ck_assert_int_eq(mkdir(later, 0700), 0);
    ck_assert(journal_tick(f->journal));
    ck_assert_str_eq(journal_reason(f->journal), "");
    ck_assert(!journal_tick(f->journal));
    put(f, 2);
    journal_destroy(f->journal);
    f->journal = journal_create(later, "store", LIMIT);
    journal_read(f->journal, journal_on_record, f, &f->found);
    ck_assert_str_eq(seqs(f), "2 ");
    ck_assert_uint_eq(f->found.head.seq, 2);
    end(f);
}
END_TEST

START_TEST(a_file_that_takes_nothing_is_told_until_it_does)
{
    struct fixture *f = begin();
    put(f, 1);
    long whole = size_of(f, 0);
    put_with_files_up_to(f, 2, whole + 40);
    ck_assert_ptr_nonnull(strstr(journal_reason(f->journal), "write"));
    ck_assert_int_eq(size_of(f, 0), whole);
    put(f, 3);
    ck_assert_str_eq(journal_reason(f->journal), "");
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 3 ");
    ck_assert_uint_eq(f->found.torn_bytes, 0);
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *tests = tcase_create("journal");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, all_of_an_event_comes_back);
    tcase_add_test(tests, the_events_fields_come_back);
    tcase_add_test(tests, no_flipped_bit_is_believed);
    tcase_add_test(tests, bytes_that_are_not_of_the_digest_are_not_believed);
    tcase_add_test(tests, what_does_not_hold_together_is_not_believed);
    tcase_add_test(tests, it_is_emptied_when_all_of_it_is_committed);
    tcase_add_test(tests, it_does_not_grow_under_events_that_never_cease);
    tcase_add_test(tests, presses_have_a_quarter_of_it_for_themselves);
    tcase_add_test(tests, there_is_room_again_when_it_was_committed);
    tcase_add_test(tests, what_is_put_once_more_takes_no_younger_one_with_it);
    tcase_add_test(tests, the_newest_number_is_known_though_all_is_committed);
    tcase_add_test(tests, a_folder_that_is_not_there_is_told_and_tried_again);
    tcase_add_test(tests, a_file_that_takes_nothing_is_told_until_it_does);
    return run_suite(suite);
}
