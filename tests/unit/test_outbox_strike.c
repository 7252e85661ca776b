/* SPDX-License-Identifier: Apache-2.0 */
/* What a receiver does not take any more: struck out in pieces; clips are known all the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbox/fresh.h"
#include "outbox/strike.h"
#include "outbox_world.h"
#include "run_suite.h"

static const char *const receivers[] = {"police", "education"};

static const char *name_clip(uint64_t seq)
{
    static char id[UUID_TEXT_SIZE];
    snprintf(id, sizeof id, "01890a5d-ac96-774b-bcce-%012llu", (unsigned long long)seq);
    return id;
}

/* A manifest, with its clip for these receivers. */
static void put_clip(struct fixture *f, uint64_t seq, uint32_t to)
{
    struct outbox_upload upload = {.path = "p", .length_bytes = 1};
    struct event *event = make_event(seq, EVENT_CLASS_MANIFEST);
    strcpy(upload.clip, name_clip(seq));
    outbox_store(f->outbox, event, NULL, &upload, to, on_stored, f);
    event_unref(event);
}

static uint64_t clip_seq;
static bool clip_came;

static void on_clip(void *arg, const struct outbox_clip *clip)
{
    (void)arg;
    clip_seq = clip->seq;
    clip_came = true;
}

static uint64_t find_clip(struct fixture *f, uint64_t seq)
{
    clip_came = false;
    outbox_find_clip(f->outbox, name_clip(seq), "", on_clip, NULL);
    turn_until(f, &clip_came);
    return clip_seq;
}

/* Each question has one piece of a chore done before it. */
static void let_chores_go_on(struct fixture *f, int pieces)
{
    for (int i = 0; i < pieces; i++)
        free(ask(f, &(struct outbox_query){.kind = OUTBOX_QUERY_SHOW, .seq = 1}).text);
}

START_TEST(a_clip_is_known_though_nobody_takes_it_or_it_was_struck_out)
{
    struct fixture *f = begin();
    put_clip(f, 1, 1);
    put_clip(f, 2, 2);
    put_clip(f, 3, 0);
    outbox_set_takes(f->outbox, 1, UPLINK_TAKES_ALL, false);
    put_clip(f, 4, 2); /* the clip's receivers were asked before */
    wait_stored(f, 4);
    let_chores_go_on(f, 4);
    for (int restarts = 0; restarts < 2; restarts++) {
        for (uint64_t seq = 1; seq <= 4; seq++)
            ck_assert_uint_eq(find_clip(f, seq), seq);
        ck_assert_uint_eq(find_clip(f, 5), 0);
        close_outbox(f);
        open_outbox(f);
        ck_assert_uint_eq(f->found.upload_count, 1);
        ck_assert_uint_eq(f->found.uploads[0].seq, 1);
        ck_assert_uint_eq(f->found.pending_count, 8); /* the manifests themselves */
    }
    end(f);
}
END_TEST

START_TEST(a_clip_that_is_struck_out_keeps_no_manifest_and_goes_with_it)
{
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    char text[40];
    put_clip(f, 1, 2);
    put_clip(f, 2, 0);
    put(f, 3, NULL);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        outbox_record_delivery(f->outbox, seq, 0, 1, &result);
        outbox_record_delivery(f->outbox, seq, 1, 1, &result);
    }
    wait_stored(f, 3);
    outbox_set_takes(f->outbox, 1, UPLINK_TAKES_ALL, false);
    let_chores_go_on(f, 4);
    outbox_prune(f->outbox, 1000);
    ck_assert_str_eq(list(f, &query, text), "3 of 1");
    ck_assert_uint_eq(find_clip(f, 1), 0);
    ck_assert_uint_eq(find_clip(f, 2), 0);
    end(f);
}
END_TEST

#define MANY 100

/* Presses and manifests in turn, with a clip each for both, settled. */
static void open_store(struct fixture *f, struct store *s)
{
    struct err e;
    f->stored = 0;
    for (uint64_t seq = 1; seq <= MANY; seq += 2) {
        put(f, seq, NULL);
        put_clip(f, seq + 1, 3);
    }
    wait_stored(f, MANY);
    close_outbox(f);
    *s = (struct store){.receivers = receivers, .receiver_count = 2};
    snprintf(s->path, sizeof s->path, "%s/" STORE_FILE, f->folder);
    ck_assert_msg(store_open(s, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(s->fresh, 0);
}

static void close_store(struct fixture *f, struct store *s)
{
    store_close(s);
    uv_loop_close(&f->loop);
    open_outbox(f);
}

/* All of it; how many rows were changed, and never more than a piece at once. */
static int strike(struct store *s, size_t receiver)
{
    struct strike st;
    struct err e;
    int before = sqlite3_total_changes(s->db), more;
    strike_init(&st, receiver);
    do {
        int at = sqlite3_total_changes(s->db);
        more = strike_go_on(s, &st, &e);
        ck_assert_int_ge(more, 0);
        ck_assert_int_le(sqlite3_total_changes(s->db) - at, 32);
        ck_assert(sqlite3_get_autocommit(s->db));
    } while (more);
    return sqlite3_total_changes(s->db) - before;
}

START_TEST(a_backlog_is_struck_out_in_pieces)
{
    struct fixture *f = begin();
    struct store s;
    open_store(f, &s);
    store_set_takes(&s, 1, UPLINK_TAKES(EVENT_CLASS_PRESS), false);
    ck_assert_int_eq(strike(&s, 1), MANY / 2 + MANY / 2);
    ck_assert_int_eq(strike(&s, 1), 0);
    close_store(f, &s);
    ck_assert_uint_eq(f->found.pending_count, MANY + MANY / 2);
    for (size_t i = 0; i < f->found.pending_count; i++)
        ck_assert(f->found.pending[i].receiver == 0 ||
                  f->found.pending[i].class == EVENT_CLASS_PRESS);
    ck_assert_uint_eq(f->found.upload_count, MANY / 2);
    for (size_t i = 0; i < f->found.upload_count; i++)
        ck_assert_uint_eq(f->found.uploads[i].receiver, 0);
    end(f);
}
END_TEST

START_TEST(who_takes_more_again_meanwhile_loses_nothing_more)
{
    struct fixture *f = begin();
    struct strike st;
    struct store s;
    struct err e;
    open_store(f, &s);
    store_set_takes(&s, 1, UPLINK_TAKES(EVENT_CLASS_PRESS), false);
    strike_init(&st, 1);
    ck_assert_int_eq(strike_go_on(&s, &st, &e), 1);
    store_set_takes(&s, 1, UPLINK_TAKES_ALL, true);
    while (strike_go_on(&s, &st, &e) > 0)
        ;
    close_store(f, &s);
    ck_assert_uint_eq(f->found.pending_count, 2 * MANY - 16);
    ck_assert_uint_eq(f->found.upload_count, MANY);
    end(f);
}
END_TEST

START_TEST(what_was_not_settled_yet_is_struck_out_too)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 40; seq++)
        put(f, seq, NULL);
    outbox_set_takes(f->outbox, 1, UPLINK_TAKES(EVENT_CLASS_MANIFEST), true);
    wait_stored(f, 40);
    let_chores_go_on(f, 4);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 40);
    for (size_t i = 0; i < f->found.pending_count; i++)
        ck_assert_uint_eq(f->found.pending[i].receiver, 0);
    end(f);
}
END_TEST

/* A manifest that a receiver refuses for ever. */
START_TEST(what_is_given_up_is_told_as_that_and_its_clip_waits_for_nobody)
{
    struct fixture *f = begin();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    put_clip(f, 1, 1);
    wait_stored(f, 1);
    outbox_record_given_up(f->outbox, 1, 0, 5);
    for (int restarts = 0; restarts < 2; restarts++) {
        json_t *answer = ask_json(f, &query);
        const json_t *event = json_array_get(json_object_get(answer, "events"), 0);
        const json_t *at_police = json_array_get(json_object_get(event, "receivers"), 1);
        ck_assert_str_eq(json_string_value(json_object_get(at_police, "id")), "police");
        ck_assert_str_eq(json_string_value(json_object_get(at_police, "state")), "given-up");
        ck_assert_int_eq(json_integer_value(json_object_get(at_police, "attempts")), 5);
        ck_assert(json_is_null(json_object_get(at_police, "receipt")));
        json_decref(answer);
        ck_assert_uint_eq(find_clip(f, 1), 1);
        close_outbox(f);
        open_outbox(f);
        ck_assert_uint_eq(f->found.pending_count, 1);
        ck_assert_uint_eq(f->found.pending[0].receiver, 1);
        ck_assert_uint_eq(f->found.upload_count, 0);
    }
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_strike");
    TCase *tc = tcase_create("strike");
    tcase_add_test(tc, a_clip_is_known_though_nobody_takes_it_or_it_was_struck_out);
    tcase_add_test(tc, a_clip_that_is_struck_out_keeps_no_manifest_and_goes_with_it);
    tcase_add_test(tc, a_backlog_is_struck_out_in_pieces);
    tcase_add_test(tc, who_takes_more_again_meanwhile_loses_nothing_more);
    tcase_add_test(tc, what_was_not_settled_yet_is_struck_out_too);
    tcase_add_test(tc, what_is_given_up_is_told_as_that_and_its_clip_waits_for_nobody);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
