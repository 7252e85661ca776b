/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for contacts and readers alike. */
#include <dirent.h>
#include <string.h>

#include "input_cases.h"
#include "input_watcher.h"

uv_loop_t loop;
struct watcher first, second;

static int files_at_begin;

/* How many descriptors are open: the sanitizer knows of memory alone. */
static int count_files(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

void begin_world(void)
{
    uv_loop_init(&loop); /* the first of a process leaves descriptors of its own */
    uv_loop_close(&loop);
    files_at_begin = count_files();
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    if (world->begin)
        world->begin();
}

void end_world(void)
{
    watcher_close(&first);
    watcher_close(&second);
    uv_run(&loop, UV_RUN_DEFAULT); /* ends when the loop holds nothing more */
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    if (world->end)
        world->end();
    ck_assert_int_eq(count_files(), files_at_begin);
}

void open_first(void)
{
    watcher_open(&first, world->name, &world->settings, INPUT_CONTACT_FIRST, &loop);
}

START_TEST(it_says_of_itself_what_it_is)
{
    const struct input_driver *driver = watcher_driver(world->name);
    ck_assert(driver->type.reads_cards == (world->show != NULL));
    ck_assert_ptr_nonnull(driver->open);
    ck_assert_ptr_nonnull(driver->close);
    driver->close(NULL);
}
END_TEST

START_TEST(it_may_be_closed_at_once)
{
    open_first();
    watcher_close(&first);
}
END_TEST

START_TEST(it_opens_again_after_close)
{
    for (int i = 0; i < 20; i++) {
        open_first();
        watcher_close(&first);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    open_first();
    ck_assert_ptr_null(watcher_find(&first, TOLD_FAULT));
}
END_TEST

static void expect_refusal(const struct input_refusal *refusal)
{
    if (refusal->prepare)
        refusal->prepare();
    watcher_open(&first, world->name, &refusal->settings, INPUT_CONTACT_FIRST, &loop);
    const struct told *fault = watcher_await(&first, TOLD_FAULT);
    ck_assert_msg(strstr(fault->text, refusal->remedy), "%s: \"%s\" does not say \"%s\"",
                  refusal->what, fault->text, refusal->remedy);
    ck_assert_msg(!watcher_find(&first, TOLD_ACTIVE) && !watcher_find(&first, TOLD_REST) &&
                      !watcher_find(&first, TOLD_NO_FAULT),
                  "%s: told something else than the fault", refusal->what);
    watcher_close(&first);
    if (refusal->restore)
        refusal->restore();
}

START_TEST(what_cannot_be_had_is_a_fault_that_names_the_remedy)
{
    for (const struct input_refusal *r = world->refusals; r && r->what; r++)
        expect_refusal(r);
}
END_TEST

START_TEST(what_somebody_held_is_had_when_they_let_go)
{
    for (const struct input_refusal *r = world->refusals; r && r->what; r++) {
        if (!r->restore)
            continue;
        r->prepare();
        watcher_open(&first, world->name, &r->settings, INPUT_CONTACT_FIRST, &loop);
        watcher_await(&first, TOLD_FAULT);
        r->restore();
        if (strstr(r->what, "somebody"))
            watcher_await(&first, TOLD_NO_FAULT);
        watcher_close(&first);
    }
}
END_TEST

START_TEST(what_can_never_be_is_refused_by_name)
{
    const struct driver_type *type = &watcher_driver(world->name)->type;
    _Alignas(max_align_t) char options[512];
    for (const struct input_mistake *m = world->mistakes; m && m->key; m++) {
        watcher_fill(watcher_driver(world->name), &m->settings, options, sizeof options);
        struct driver_mistakes mistakes = {.count = 0};
        type->check(options, &mistakes);
        ck_assert_uint_eq(mistakes.count, 1);
        ck_assert_str_eq(mistakes.items[0].key, m->key);
        ck_assert_msg(strstr(mistakes.items[0].what.text, m->remedy), "\"%s\" does not say \"%s\"",
                      mistakes.items[0].what.text, m->remedy);
        driver_mistakes_finish(&mistakes);
    }
    if (!type->check)
        return;
    watcher_fill(watcher_driver(world->name), &world->settings, options, sizeof options);
    struct driver_mistakes mistakes = {.count = 0};
    type->check(options, &mistakes);
    ck_assert_msg(mistakes.count == 0, "%s", mistakes.items[0].what.text);
    memset(options, 0, sizeof options); /* as where nothing could be read */
    type->check(options, &mistakes);
    ck_assert_uint_eq(mistakes.count, 0);
}
END_TEST

START_TEST(what_goes_away_before_it_is_closed_is_closed_all_the_same)
{
    if (!world->unplug)
        return;
    open_first();
    world->unplug();
    watcher_close(&first);
    world->plug();
}
END_TEST

void add_common_cases(TCase *cases)
{
    tcase_add_test(cases, it_says_of_itself_what_it_is);
    tcase_add_test(cases, it_may_be_closed_at_once);
    tcase_add_test(cases, it_opens_again_after_close);
    tcase_add_test(cases, what_cannot_be_had_is_a_fault_that_names_the_remedy);
    tcase_add_test(cases, what_somebody_held_is_had_when_they_let_go);
    tcase_add_test(cases, what_can_never_be_is_refused_by_name);
    tcase_add_test(cases, what_goes_away_before_it_is_closed_is_closed_all_the_same);
}
