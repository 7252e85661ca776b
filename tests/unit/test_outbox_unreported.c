/* SPDX-License-Identifier: Apache-2.0 */
/* What a salvage has lost is told by its numbers, whatever comes before somebody has noted it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outbox/unreported.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

/* An event that is owed cannot be read any more, and the outbox is closed. */
static void lose(struct fixture *f, const char *event)
{
    remove_log(f);
    damage(f, event);
}

/* A start finds it, and is killed before anybody has noted it: what it would have told. */
static char *find_and_forget(struct fixture *f)
{
    f->forgets_damage = true;
    open_outbox(f);
    ck_assert_ptr_nonnull(strstr(f->found.damage, " are lost: "));
    char *text = strdup(f->found.damage);
    close_outbox(f);
    f->forgets_damage = false;
    return text;
}

static struct fixture *begin_damaged(void)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, "state");
    wait_stored(f, 400);
    close_outbox(f);
    lose(f, "{\"seq\":150}");
    return f;
}

static void check_told_once(struct fixture *f)
{
    close_outbox(f);
    open_outbox(f);
    ck_assert_ptr_null(f->found.damage);
    end(f);
}

START_TEST(a_kill_before_the_fresh_one_is_in_its_place_keeps_what_it_says)
{
    struct fixture *f = begin_damaged();
    char *text = find_and_forget(f), path[64], fresh[80];
    path_of(f, path);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    remove_log(f);
    ck_assert_int_eq(rename(path, fresh), 0);
    open_outbox(f);
    ck_assert_str_eq(f->found.damage, text);
    ck_assert(!f->found.state_lost);
    free(text);
    check_told_once(f);
}
END_TEST

/* As the one that follows it finds it in the store. */
START_TEST(a_second_damage_before_the_first_is_noted_is_told_with_it)
{
    struct fixture *f = begin_damaged();
    char *first = find_and_forget(f);
    lose(f, "{\"seq\":300}");
    char *both = find_and_forget(f);
    ck_assert_msg(strncmp(both, first, strlen(first)) == 0, "%s", both);
    const char *second = both + strlen(first);
    ck_assert_int_eq(*second, '\n');
    ck_assert_ptr_nonnull(strstr(second, " are lost: "));
    ck_assert_ptr_null(strstr(second, strstr(first, " are lost: ")));
    open_outbox(f);
    ck_assert_str_eq(f->found.damage, both);
    free(first);
    free(both);
    check_told_once(f);
}
END_TEST

/* As the second witness does with the reason. */
START_TEST(a_damage_that_says_what_was_known_of_it_stands_in_its_place)
{
    static const char *const found[] = {"it was cut", "another", "event 5 is gone: it was cut"};
    struct fixture *f = begin();
    struct outbox_found told = {0};
    struct store s;
    struct err e;
    close_outbox(f);
    open_store(f, &s);
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        ck_assert_int_eq(unreported_add(&s, found[i], i == 0, &e), 0);
    ck_assert(unreported_read(&s, &told));
    ck_assert_str_eq(told.damage, "another\nevent 5 is gone: it was cut");
    ck_assert(told.state_lost); /* as the first of them said */
    outbox_found_finish(&told);
    store_close(&s);
    open_outbox(f);
    end(f);
}
END_TEST

START_TEST(a_start_that_can_only_read_tells_it)
{
    struct fixture *f = begin_damaged();
    char *text = find_and_forget(f);
    watched_vfs_refuse_writers(true);
    open_outbox(f);
    ck_assert_str_eq(f->found.damage, text);
    ck_assert_ptr_null(outbox_found_text(&f->found, "untold"));
    watched_vfs_refuse_writers(false);
    put(f, 401, NULL);
    wait_stored(f, 401);
    free(text);
    check_told_once(f);
}
END_TEST

static void set_up(void)
{
    watched_vfs_install(NULL);
}

int main(void)
{
    Suite *suite = suite_create("outbox_unreported");
    TCase *tc = tcase_create("unreported");
    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_test(tc, a_kill_before_the_fresh_one_is_in_its_place_keeps_what_it_says);
    tcase_add_test(tc, a_second_damage_before_the_first_is_noted_is_told_with_it);
    tcase_add_test(tc, a_damage_that_says_what_was_known_of_it_stands_in_its_place);
    tcase_add_test(tc, a_start_that_can_only_read_tells_it);
    return run_suite(suite);
}
