/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox on a real disk, with the thread and the loop as in the daemon. */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox/outbox.h"
#include "run_suite.h"
#include "wire/digest.h"

static const char *const receivers[] = {"police", "education"};

struct fixture {
    uv_loop_t loop;
    char folder[32];
    struct outbox *outbox;
    struct outbox_found found;
    unsigned stored;
    char fault[400];
    bool faulty;
};

static void on_fault(void *arg, const char *reason)
{
    struct fixture *f = arg;
    f->faulty = reason != NULL;
    if (reason)
        snprintf(f->fault, sizeof f->fault, "%s", reason);
}

static void open_outbox(struct fixture *f)
{
    struct outbox_options options = {
        .dir = f->folder, .receivers = receivers, .receiver_count = 2, .reserve_events = 100};
    struct outbox_host host = {.on_fault = on_fault, .arg = f};
    struct err e;
    uv_loop_init(&f->loop);
    ck_assert_msg(outbox_open(&f->loop, &options, &host, &f->outbox, &f->found, &e) == 0, "%s",
                  e.text);
}

static void close_outbox(struct fixture *f)
{
    ck_assert_uint_eq(outbox_close(f->outbox, 5000), 0);
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
}

static struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/tocsin-outbox-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->folder));
    open_outbox(f);
    return f;
}

static void end(struct fixture *f)
{
    char command[100];
    close_outbox(f);
    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    ck_assert_int_eq(system(command), 0);
    free(f);
}

static struct event *make_event(uint64_t seq, enum event_class class)
{
    char text[128];
    snprintf(text, sizeof text, "{\"seq\":%llu}", (unsigned long long)seq);
    struct event *event = calloc(1, sizeof *event + strlen(text) + 1);
    event->references = 1;
    event->seq = seq;
    event->class = class;
    snprintf(event->id, sizeof event->id, "01890a5d-ac96-774b-bcce-%012llu",
             (unsigned long long)seq);
    strcpy(event->type, "tocsin.alarm.raised");
    strcpy(event->alarm, "01890a5d-ac96-774b-bcce-b302099a8057");
    event->wall_ms = 1000 + (int64_t)seq;
    event->length = strlen(text);
    memcpy(event->bytes, text, event->length);
    digest_sha256(event->bytes, event->length, event->digest);
    return event;
}

static void on_stored(void *arg)
{
    ((struct fixture *)arg)->stored++;
}

static void put(struct fixture *f, uint64_t seq, const char *text)
{
    struct event *event = make_event(seq, EVENT_CLASS_PRESS);
    struct outbox_row row = {"incidents", text};
    outbox_store(f->outbox, event, text ? &row : NULL, NULL, 0, on_stored, f);
    event_unref(event);
}

static void wait_stored(struct fixture *f, unsigned count)
{
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    while (f->stored < count && clock_monotonic_ms() < deadline) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        usleep(500);
    }
    ck_assert_uint_eq(f->stored, count);
}

START_TEST(what_was_stored_is_found_after_a_restart_with_its_state)
{
    struct fixture *f = begin();
    ck_assert_uint_eq(f->found.last_seq, 0);
    for (uint64_t seq = 1; seq <= 5; seq++)
        put(f, seq, seq == 5 ? "the state" : "older");
    wait_stored(f, 5);
    struct uplink_result result = {
        .outcome = UPLINK_OUTCOME_STORED, .receipt = "{}", .receipt_length = 2};
    outbox_record_delivery(f->outbox, 2, 1, 3, &result);
    struct uplink_answer answer = {.answer_seq = 9, .state = UPLINK_ANSWER_SEEN};
    outbox_record_answer(f->outbox, 0, &answer, NULL, on_stored, f);
    wait_stored(f, 6);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 5);
    struct event *last = make_event(5, EVENT_CLASS_PRESS);
    ck_assert_mem_eq(f->found.head, last->digest, sizeof last->digest);
    event_unref(last);
    ck_assert_int_eq(f->found.newest_wall_ms, 1005);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "the state");
    ck_assert_uint_eq(f->found.pending_count, 9); /* 5 x 2, less the one that is delivered */
    ck_assert_int_eq(f->found.answer_seq[0], 9);
    ck_assert_int_eq(f->found.answer_seq[1], 0);
    end(f);
}
END_TEST

START_TEST(rows_of_state_are_kept_by_name_and_never_cut)
{
    /* As 63 buttons with 16 receivers make it, and more. */
    size_t length = 1 << 20;
    char *large = malloc(length + 1);
    memset(large, 'x', length);
    large[length] = '\0';
    struct fixture *f = begin();
    outbox_save_row(f->outbox, &(struct outbox_row){"incidents", "old"});
    outbox_save_row(f->outbox, &(struct outbox_row){"tests", "of tests"});
    outbox_save_row(f->outbox, &(struct outbox_row){"incidents", large});
    struct uplink_answer answer = {.answer_seq = 9, .state = UPLINK_ANSWER_SEEN};
    outbox_record_answer(f->outbox, 0, &answer, &(struct outbox_row){"exercise", "{}"}, on_stored,
                         f);
    wait_stored(f, 1);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.row_count, 3);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), large);
    ck_assert_str_eq(outbox_found_text(&f->found, "tests"), "of tests");
    ck_assert_str_eq(outbox_found_text(&f->found, "exercise"), "{}");
    ck_assert_ptr_null(outbox_found_text(&f->found, "clips"));
    end(f);
    free(large);
}
END_TEST

static void on_loaded(void *arg, struct event *event)
{
    struct event **ret_event = arg;
    *ret_event = event ? event_ref(event) : NULL;
}

/* An answer, kept. */
struct heard {
    bool came, more;
    char *text;
    uint64_t last_seq;
    char error[400];
};

static void on_answer(void *arg, const struct outbox_answer *answer)
{
    struct heard *heard = arg;
    ck_assert(!heard->came);
    *heard = (struct heard){.came = true, .more = answer->more, .last_seq = answer->last_seq};
    heard->text = strndup(answer->text, answer->length);
    snprintf(heard->error, sizeof heard->error, "%s", answer->error ? answer->error : "");
}

static void turn_until(struct fixture *f, const bool *what)
{
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    while (!*what && clock_monotonic_ms() < deadline) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        usleep(200);
    }
    ck_assert(*what);
}

/* Asks and waits; the text is the test's. */
static struct heard ask(struct fixture *f, const struct outbox_query *query)
{
    struct heard heard = {0};
    outbox_query(f->outbox, query, on_answer, &heard);
    turn_until(f, &heard.came);
    return heard;
}

static json_t *ask_json(struct fixture *f, const struct outbox_query *query)
{
    struct heard heard = ask(f, query);
    char *object;
    ck_assert_str_eq(heard.error, "");
    ck_assert_int_gt(asprintf(&object, "{%s}", heard.text), 0);
    json_t *json = json_loads(object, 0, NULL);
    ck_assert_msg(json != NULL, "%s", object);
    free(object);
    free(heard.text);
    return json;
}

START_TEST(events_are_loaded_listed_shown_and_exported_byte_for_byte)
{
    struct fixture *f = begin();
    struct event *loaded = NULL, *none = (struct event *)f;
    put(f, 1, NULL);
    put(f, 2, NULL);
    put(f, 3, NULL);
    outbox_load(f->outbox, 2, on_loaded, &loaded);
    outbox_load(f->outbox, 4, on_loaded, &none);
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 2};
    json_t *shown = ask_json(f, &query), *one = json_array_get(json_object_get(shown, "events"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(one, "bytes")), "{\"seq\":2}");
    ck_assert_uint_eq(json_array_size(json_object_get(one, "receivers")), 2);
    json_decref(shown);
    ck_assert_ptr_nonnull(loaded); /* asked before, and so answered before */
    ck_assert_str_eq(loaded->bytes, "{\"seq\":2}");
    ck_assert_ptr_null(none);
    event_unref(loaded);
    query = (struct outbox_query){.kind = OUTBOX_QUERY_EXPORT, .after = 1};
    struct heard exported = ask(f, &query);
    ck_assert_str_eq(
        exported.text,
        "{\"event\":\"{\\\"seq\\\":2}\",\"receipts\":["
        "{\"receiver\":\"education\",\"state\":\"pending\",\"attempts\":0,\"request\":null,"
        "\"receipt\":null,\"receipt_headers\":null},"
        "{\"receiver\":\"police\",\"state\":\"pending\",\"attempts\":0,\"request\":null,"
        "\"receipt\":null,\"receipt_headers\":null}]}\n"
        "{\"event\":\"{\\\"seq\\\":3}\",\"receipts\":["
        "{\"receiver\":\"education\",\"state\":\"pending\",\"attempts\":0,\"request\":null,"
        "\"receipt\":null,\"receipt_headers\":null},"
        "{\"receiver\":\"police\",\"state\":\"pending\",\"attempts\":0,\"request\":null,"
        "\"receipt\":null,\"receipt_headers\":null}]}\n");
    ck_assert_uint_eq(exported.last_seq, 3);
    ck_assert(!exported.more);
    free(exported.text);
    end(f);
}
END_TEST

START_TEST(an_event_that_is_not_there_is_not_another_one)
{
    struct fixture *f = begin();
    put(f, 1, NULL);
    put(f, 3, NULL);
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 2};
    struct heard heard = ask(f, &query);
    ck_assert_uint_eq(heard.last_seq, 0);
    ck_assert_str_eq(heard.text, "");
    free(heard.text);
    query = (struct outbox_query){.kind = OUTBOX_QUERY_SHOW,
                                  .id = "01890a5d-ac96-774b-bcce-000000000003"};
    heard = ask(f, &query);
    ck_assert_uint_eq(heard.last_seq, 3);
    free(heard.text);
    end(f);
}
END_TEST

static void put_at(struct fixture *f, uint64_t seq, int64_t wall_ms, const char *alarm)
{
    struct event *event = make_event(seq, EVENT_CLASS_PRESS);
    uuid_v7(wall_ms, event->id);
    event->wall_ms = wall_ms;
    snprintf(event->alarm, sizeof event->alarm, "%s", alarm);
    outbox_store(f->outbox, event, NULL, NULL, 0, on_stored, f);
    event_unref(event);
}

/* "5 4 of 7": the seqs of a list, and its total. */
static const char *list(struct fixture *f, const struct outbox_query *query, char *text)
{
    size_t i, used = 0;
    json_t *one, *answer = ask_json(f, query);
    json_array_foreach(json_object_get(answer, "events"), i, one) used +=
        (size_t)sprintf(text + used, "%d ", (int)json_integer_value(json_object_get(one, "seq")));
    sprintf(text + used, "of %d", (int)json_integer_value(json_object_get(answer, "total")));
    json_decref(answer);
    return text;
}

START_TEST(a_list_has_the_newest_first_from_a_time_on_before_a_number_and_a_total)
{
    static const char a[] = "01890a5d-ac96-774b-bcce-b302099a8057";
    static const char b[] = "01890a5d-ac96-774b-bcce-b302099a8058";
    struct fixture *f = begin();
    char text[400];
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 3};
    ck_assert_str_eq(list(f, &query, text), "of 0");
    for (uint64_t seq = 1; seq <= 7; seq++)
        put_at(f, seq, (int64_t)seq * 60000, seq % 3 == 0 ? a : seq % 3 == 1 ? b : "");
    ck_assert_str_eq(list(f, &query, text), "7 6 5 of 7");
    query.before = 5;
    ck_assert_str_eq(list(f, &query, text), "4 3 2 of 7");
    query.before = 2;
    ck_assert_str_eq(list(f, &query, text), "1 of 7");
    query = (struct outbox_query){.kind = OUTBOX_QUERY_LIST, .limit = 10, .since_ms = 5 * 60000};
    ck_assert_str_eq(list(f, &query, text), "7 6 5 of 3");
    query.since_ms++;
    ck_assert_str_eq(list(f, &query, text), "7 6 of 2");
    query.before = 7;
    ck_assert_str_eq(list(f, &query, text), "6 of 2");
    query = (struct outbox_query){.kind = OUTBOX_QUERY_LIST, .limit = 1};
    memcpy(query.alarm, a, sizeof a);
    ck_assert_str_eq(list(f, &query, text), "6 of 2");
    query.before = 6;
    ck_assert_str_eq(list(f, &query, text), "3 of 2");
    query.before = 0;
    query.since_ms = 4 * 60000;
    ck_assert_str_eq(list(f, &query, text), "6 of 1");
    end(f);
}
END_TEST

START_TEST(a_clock_that_was_set_back_hides_nothing_from_a_list)
{
    struct fixture *f = begin();
    char text[400];
    put_at(f, 1, 9 * 60000, "");
    put_at(f, 2, 2 * 60000, ""); /* set back here */
    put_at(f, 3, 3 * 60000, "");
    put_at(f, 4, 10 * 60000, "");
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 9, .since_ms = 8 * 60000};
    ck_assert_str_eq(list(f, &query, text), "4 1 of 2");
    end(f);
}
END_TEST

static void put_data(struct fixture *f, uint64_t seq, const char *data)
{
    char text[400];
    snprintf(text, sizeof text, "{\"data\":%s}", data);
    struct event *event = calloc(1, sizeof *event + strlen(text) + 1);
    *event = (struct event){.references = 1, .seq = seq, .wall_ms = 1, .length = strlen(text)};
    uuid_v7(1, event->id);
    memcpy(event->bytes, text, event->length);
    digest_sha256(event->bytes, event->length, event->digest);
    outbox_store(f->outbox, event, NULL, NULL, 0, on_stored, f);
    event_unref(event);
}

START_TEST(a_listed_event_says_what_it_is_about)
{
    static const struct {
        const char *data, *member, *text;
    } cases[] = {
        {"{\"input\":{\"id\":\"gate\",\"name\":\"门\"}}", "input", "gate"},
        {"{\"input\":{\"id\":\"gate\",\"name\":\"门\"}}", "name", "门"},
        {"{\"camera\":{\"id\":\"yard\"}}", "camera", "yard"},
        {"{\"fault\":\"camera\",\"subject\":\"yard\",\"reason\":\"dark\"}", "camera", "yard"},
        {"{\"fault\":\"camera\",\"subject\":\"yard\",\"reason\":\"dark\"}", "reason", "dark"},
        {"{\"fault\":\"receiver\",\"subject\":\"police\"}", "receiver", "police"},
        {"{\"fault\":\"store\",\"subject\":\"x\"}", "receiver", NULL},
        {"{\"fault\":\"line\",\"subject\":\"gate\"}", "subject", "gate"},
        {"{\"fault\":\"stuck\",\"subject\":\"gate\"}", "input", "gate"},
        {"{\"fault\":\"lamp\",\"subject\":\"red\"}", "input", NULL},
        {"{\"fault\":\"input\",\"subject\":\"gate\"}", "input", NULL},
        {"[7]", "input", NULL},
    };
    struct fixture *f = begin();
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_data(f, i + 1, cases[i].data);
        json_t *answer = ask_json(f, &query);
        json_t *one = json_array_get(json_object_get(answer, "events"), 0);
        const char *text = json_string_value(json_object_get(one, cases[i].member));
        ck_assert_msg(cases[i].text ? text && strcmp(text, cases[i].text) == 0 : !text, "case %zu",
                      i);
        json_decref(answer);
    }
    end(f);
}
END_TEST

START_TEST(an_export_comes_in_bounded_pieces_that_are_the_whole)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, NULL);
    struct outbox_query query = {.kind = OUTBOX_QUERY_EXPORT};
    unsigned lines = 0, pieces = 0;
    bool more = true;
    for (; more; pieces++) {
        struct heard heard = ask(f, &query);
        size_t length = strlen(heard.text);
        ck_assert_uint_lt(length, 40000);
        ck_assert_int_eq(heard.text[length - 1], '\n');
        for (const char *at = heard.text; (at = strchr(at, '\n')); at++)
            lines++;
        ck_assert_uint_eq(heard.last_seq, lines);
        query.after = heard.last_seq;
        more = heard.more;
        free(heard.text);
    }
    ck_assert_uint_eq(lines, 400);
    ck_assert_uint_gt(pieces, 2);
    end(f);
}
END_TEST

START_TEST(evidence_that_is_no_text_does_not_take_the_answer_away)
{
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED,
                                   .receipt = "{\xff}",
                                   .receipt_length = 3,
                                   .request_headers = "q",
                                   .receipt_headers = "h"};
    put(f, 1, NULL);
    outbox_record_delivery(f->outbox, 1, 1, 3, &result);
    result = (struct uplink_result){.outcome = UPLINK_OUTCOME_UNCONFIRMED};
    outbox_record_delivery(f->outbox, 1, 0, 1, &result);
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    json_t *answer = ask_json(f, &query);
    json_t *deliveries =
        json_object_get(json_array_get(json_object_get(answer, "events"), 0), "receivers");
    char *text = json_dumps(deliveries, JSON_COMPACT);
    ck_assert_str_eq(text, "[{\"id\":\"education\",\"state\":\"stored\",\"attempts\":3,"
                           "\"request\":\"q\",\"receipt\":\"{?}\",\"receipt_headers\":\"h\"},"
                           "{\"id\":\"police\",\"state\":\"unconfirmed\",\"attempts\":1,"
                           "\"request\":null,\"receipt\":null,\"receipt_headers\":null}]");
    free(text);
    json_decref(answer);
    end(f);
}
END_TEST

START_TEST(a_disk_that_refuses_is_a_fault_and_nothing_is_lost_when_it_takes_again)
{
    struct fixture *f = begin();
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    rlim_t old = limit.rlim_cur;
    limit.rlim_cur = 1024; /* every write beyond the first page now fails with EFBIG */
    setrlimit(RLIMIT_FSIZE, &limit);
    for (uint64_t seq = 1; seq <= 20; seq++)
        put(f, seq, NULL);
    turn_until(f, &f->faulty);
    ck_assert(f->faulty);
    ck_assert_ptr_nonnull(strstr(f->fault, "outbox.db"));
    ck_assert_uint_eq(f->stored, 0);
    limit.rlim_cur = old;
    setrlimit(RLIMIT_FSIZE, &limit);
    wait_stored(f, 20);
    ck_assert(!f->faulty);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 20);
    ck_assert_uint_eq(f->found.pending_count, 40);
    end(f);
}
END_TEST

/* Writes junk over every page of the database that holds `text`; their number. */
static int damage_pages_that_hold(const struct fixture *f, const char *text)
{
    char path[64], page[4096], junk[4096];
    int fd, damaged = 0;
    /* The log still holds good copies of the newest pages, and would hide the damage. */
    snprintf(path, sizeof path, "%s/outbox.db-wal", f->folder);
    ck_assert_int_eq(unlink(path), 0);
    snprintf(path, sizeof path, "%s/outbox.db", f->folder);
    fd = open(path, O_RDWR);
    memset(junk, 0xa5, sizeof junk);
    for (off_t at = 0; pread(fd, page, sizeof page, at) == (ssize_t)sizeof page; at += 4096) {
        if (at > 0 && memmem(page, sizeof page, text, strlen(text))) {
            ck_assert_int_eq(pwrite(fd, junk, sizeof junk, at), (ssize_t)sizeof junk);
            damaged++;
        }
    }
    close(fd);
    return damaged;
}

START_TEST(a_damaged_database_is_put_aside_and_what_can_be_read_is_kept)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 300; seq++)
        put(f, seq, "state");
    wait_stored(f, 300);
    close_outbox(f);
    ck_assert_int_gt(damage_pages_that_hold(f, "{\"seq\":15"), 0);
    f->stored = 0;
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "events could be read"));
    ck_assert_uint_eq(f->found.last_seq, 300); /* from the end that was not damaged */
    ck_assert(!f->found.state_lost);
    put(f, 1000, NULL);
    wait_stored(f, 1);
    end(f);
}
END_TEST

START_TEST(rows_of_state_that_could_not_be_read_are_told)
{
    struct fixture *f = begin();
    put(f, 1, "what was open");
    wait_stored(f, 1);
    close_outbox(f);
    ck_assert_int_gt(damage_pages_that_hold(f, "what was open"), 0);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert(f->found.state_lost);
    ck_assert_uint_eq(f->found.last_seq, 1);
    end(f);
}
END_TEST

START_TEST(a_file_that_is_no_database_keeps_no_press_out)
{
    struct fixture *f = begin();
    char path[64];
    close_outbox(f);
    snprintf(path, sizeof path, "%s/outbox.db", f->folder);
    FILE *file = fopen(path, "w");
    fputs("this was once a database, long ago, and it is no more; but it is long enough to be read "
          "as one, which needs a hundred bytes at the least",
          file);
    fclose(file);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert(f->found.state_lost);
    put(f, 1, NULL);
    wait_stored(f, 1);
    end(f);
}
END_TEST

static void on_clip(void *arg, uint64_t seq)
{
    *(uint64_t *)arg = seq;
}

START_TEST(a_clip_is_known_with_its_manifest_and_waits_for_each_receiver)
{
    struct fixture *f = begin();
    uint64_t known = 99, unknown = 99;
    struct outbox_upload upload = {.length_bytes = 5,
                                   .path = "/x",
                                   .camera = "gate",
                                   .clip = "01890a5d-ac96-774b-bcce-b302099a8059"};
    struct event *event = make_event(1, EVENT_CLASS_MANIFEST);
    outbox_store(f->outbox, event, NULL, &upload, 3, on_stored, f);
    event_unref(event);
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    outbox_record_upload(f->outbox, 1, 0, &result);
    outbox_find_clip(f->outbox, upload.clip, on_clip, &known);
    outbox_find_clip(f->outbox, "01890a5d-ac96-774b-bcce-b302099a8060", on_clip, &unknown);
    free(ask(f, &(struct outbox_query){.kind = OUTBOX_QUERY_SHOW, .seq = 1}).text);
    ck_assert_uint_eq(known, 1);
    ck_assert_uint_eq(unknown, 0);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.upload_count, 1);
    ck_assert_uint_eq(f->found.uploads[0].receiver, 1);
    ck_assert_str_eq(f->found.uploads[0].camera, "gate");
    end(f);
}
END_TEST

START_TEST(only_what_everybody_has_is_pruned_and_never_the_newest)
{
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    for (uint64_t seq = 1; seq <= 3; seq++)
        put(f, seq, NULL);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        outbox_record_delivery(f->outbox, seq, 0, 1, &result);
        if (seq != 2)
            outbox_record_delivery(f->outbox, seq, 1, 1, &result);
    }
    put(f, 4, NULL);
    outbox_prune(f->outbox, INT64_MAX);
    char text[400];
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    ck_assert_str_eq(list(f, &query, text), "4 2 of 2");
    end(f);
}
END_TEST

START_TEST(what_is_young_enough_is_not_pruned_and_the_old_goes_in_many_pieces)
{
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    char text[400];
    for (uint64_t seq = 1; seq <= 100; seq++) {
        put_at(f, seq, (int64_t)seq * 60000, "");
        for (size_t receiver = 0; receiver < 2; receiver++)
            outbox_record_delivery(f->outbox, seq, receiver, 1, &result);
    }
    outbox_prune(f->outbox, 90 * 60000);
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 2};
    do
        list(f, &query, text);
    while (strcmp(text, "100 99 of 11") != 0 && strcmp(text, "100 99 of 10") != 0);
    ck_assert_str_eq(list(f, &query, text), "100 99 of 11");
    end(f);
}
END_TEST

START_TEST(what_a_receiver_does_not_take_waits_for_nobody_and_may_be_pruned)
{
    struct fixture *f = begin();
    struct outbox_upload upload = {.clip = "c", .path = "p", .length_bytes = 1};
    const enum event_class classes[] = {EVENT_CLASS_PRESS, EVENT_CLASS_MANIFEST, EVENT_CLASS_PRESS,
                                        EVENT_CLASS_MANIFEST};
    for (uint64_t seq = 1; seq <= 4; seq++) {
        bool manifest = classes[seq - 1] == EVENT_CLASS_MANIFEST;
        struct event *event = make_event(seq, classes[seq - 1]);
        if (seq == 3) /* from here on; the manifest before was stored when it still took them */
            outbox_set_takes(f->outbox, 1, UPLINK_TAKES(EVENT_CLASS_PRESS), false);
        outbox_store(f->outbox, event, NULL, manifest ? &upload : NULL, seq == 2 ? 3 : manifest,
                     on_stored, f);
        event_unref(event);
    }
    wait_stored(f, 4);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 6);
    for (size_t i = 0; i < f->found.pending_count; i++)
        ck_assert(f->found.pending[i].receiver == 0 ||
                  f->found.pending[i].class == EVENT_CLASS_PRESS);
    ck_assert_uint_eq(f->found.upload_count, 2);
    for (size_t i = 0; i < f->found.upload_count; i++)
        ck_assert_uint_eq(f->found.uploads[i].receiver, 0);
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox");
    TCase *tc = tcase_create("outbox");
    tcase_add_test(tc, what_was_stored_is_found_after_a_restart_with_its_state);
    tcase_add_test(tc, rows_of_state_are_kept_by_name_and_never_cut);
    tcase_add_test(tc, events_are_loaded_listed_shown_and_exported_byte_for_byte);
    tcase_add_test(tc, an_event_that_is_not_there_is_not_another_one);
    tcase_add_test(tc, a_list_has_the_newest_first_from_a_time_on_before_a_number_and_a_total);
    tcase_add_test(tc, a_clock_that_was_set_back_hides_nothing_from_a_list);
    tcase_add_test(tc, a_listed_event_says_what_it_is_about);
    tcase_add_test(tc, an_export_comes_in_bounded_pieces_that_are_the_whole);
    tcase_add_test(tc, evidence_that_is_no_text_does_not_take_the_answer_away);
    tcase_add_test(tc, a_disk_that_refuses_is_a_fault_and_nothing_is_lost_when_it_takes_again);
    tcase_add_test(tc, a_damaged_database_is_put_aside_and_what_can_be_read_is_kept);
    tcase_add_test(tc, rows_of_state_that_could_not_be_read_are_told);
    tcase_add_test(tc, a_file_that_is_no_database_keeps_no_press_out);
    tcase_add_test(tc, a_clip_is_known_with_its_manifest_and_waits_for_each_receiver);
    tcase_add_test(tc, only_what_everybody_has_is_pruned_and_never_the_newest);
    tcase_add_test(tc, what_a_receiver_does_not_take_waits_for_nobody_and_may_be_pruned);
    tcase_add_test(tc, what_is_young_enough_is_not_pruned_and_the_old_goes_in_many_pieces);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
