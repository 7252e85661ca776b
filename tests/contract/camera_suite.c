/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of daemon/iface/camera.h, tried on a driver: camera_suite sim|lav. The host below
 * checks with every call that it may come now; the tests say when it closes and gives up.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "camera_world.h"
#include "drivers/camera/types.h"
#include "run_suite.h"

enum moment {
    NEVER,
    AT_STREAMS,
    AT_UNIT,
    AT_FAULT,
};

static const struct camera_world *world;
static uv_loop_t loop;
static int files_at_begin;

/* The host of one session, and what it heard. */
static struct session {
    struct camera *camera;
    bool opening; /* the driver's open has not come back yet */
    bool closed;
    enum moment close_at;
    unsigned close_after;   /* units, for AT_UNIT */
    unsigned give_up_after; /* calls of on_wait; 0: never */
    unsigned streams, units, pictures, faults, waits;
    int64_t last_us[CAMERA_STREAMS_MAX];
    struct camera_unit *kept; /* the first */
    char fault[300];
} session;

static void end_session(void)
{
    world->driver->close(session.camera);
    session.camera = NULL;
    session.closed = true;
}

static void expect_call(void *arg)
{
    ck_assert_ptr_eq(arg, &session);
    ck_assert_msg(!session.opening, "told from within open");
    ck_assert_msg(!session.closed, "told after close");
    ck_assert_msg(session.faults == 0, "told after the fault");
}

static void on_streams(void *arg, const struct camera_stream *streams, size_t count)
{
    static const unsigned char start_code[] = {0, 0, 0, 1};
    expect_call(arg);
    ck_assert_uint_eq(session.streams++, 0);
    ck_assert_uint_eq(session.units, 0);
    ck_assert_uint_eq(count, world->streams);
    ck_assert(streams[0].video);
    ck_assert_int_gt(streams[0].width, 0);
    ck_assert_int_gt(streams[0].height, 0);
    ck_assert_uint_gt(streams[0].extradata_length, sizeof start_code);
    ck_assert_mem_eq(streams[0].extradata, start_code, sizeof start_code);
    for (size_t i = 1; i < count; i++)
        ck_assert(!streams[i].video && streams[i].sample_rate > 0 && streams[i].channels > 0);
    if (session.close_at == AT_STREAMS)
        end_session();
}

static void on_unit(void *arg, struct camera_unit *unit)
{
    static const unsigned char start_code[] = {0, 0, 0, 1};
    expect_call(arg);
    ck_assert_uint_eq(session.streams, 1);
    ck_assert_uint_lt(unit->stream, world->streams);
    ck_assert_int_gt(unit->dts_us, session.last_us[unit->stream]);
    ck_assert_int_ge(unit->pts_us, unit->dts_us);
    ck_assert_uint_gt(unit->length, sizeof start_code);
    session.last_us[unit->stream] = unit->dts_us;
    session.units++;
    session.pictures += unit->stream == 0;
    if (unit->stream == 0)
        ck_assert_mem_eq(unit->data, start_code, sizeof start_code);
    if (!session.kept)
        session.kept = camera_unit_ref(unit);
    if (session.close_at == AT_UNIT && session.units == session.close_after)
        end_session();
}

static void on_gap(void *arg, int64_t from_us, const char *why)
{
    expect_call(arg);
    ck_assert_int_gt(from_us, 0);
    ck_assert_str_ne(why, "");
}

static void on_fault(void *arg, const char *reason)
{
    expect_call(arg);
    session.faults++;
    ck_assert_str_ne(reason, "");
    snprintf(session.fault, sizeof session.fault, "%s", reason);
    if (session.close_at == AT_FAULT)
        end_session();
}

/* Also while it closes: to say good-bye may take a while. */
static int on_wait(void *arg)
{
    ck_assert_ptr_eq(arg, &session);
    ck_assert(!session.opening && !session.closed);
    session.waits++;
    return session.give_up_after && session.waits >= session.give_up_after;
}

static int count_files(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void begin(void)
{
    uv_loop_init(&loop); /* the first of a process leaves descriptors of its own */
    uv_loop_close(&loop);
    memset(&session, 0, sizeof session);
    files_at_begin = count_files();
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    if (world->begin)
        world->begin();
}

/* Nothing is left: no descriptor, no handle, and the sanitizer knows of memory. */
static void end(void)
{
    end_session();
    uv_run(&loop, UV_RUN_DEFAULT); /* ends when the loop holds nothing more */
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    camera_unit_unref(session.kept);
    world->end();
    ck_assert_int_eq(count_files(), files_at_begin);
}

static int try_open(const void *options, struct err *e)
{
    const struct camera_host host = {.on_streams = on_streams,
                                     .on_unit = on_unit,
                                     .on_gap = on_gap,
                                     .on_fault = on_fault,
                                     .on_wait = on_wait,
                                     .arg = &session};
    session.closed = false;
    session.opening = true;
    int result = world->driver->open(options, &host, &loop, &session.camera, e);
    session.opening = false;
    return result;
}

static void open_session(const void *options)
{
    struct err e = {.text = ""};
    ck_assert_msg(try_open(options, &e) == 0, "open: %s", e.text);
}

#define RUN_UNTIL(condition)                                                                       \
    do {                                                                                           \
        while (!(condition)) /* Check ends what never comes */                                     \
            uv_run(&loop, UV_RUN_ONCE);                                                            \
    } while (0)

/* --- Tests --------------------------------------------------------------------------------- */

START_TEST(it_says_of_itself_what_it_is)
{
    const struct driver_type *type = driver_find(camera_types, world->name);
    ck_assert_ptr_nonnull(type);
    ck_assert_ptr_eq(world->driver->type, type);
    ck_assert_ptr_nonnull(world->driver->open);
    world->driver->close(NULL);
}
END_TEST

START_TEST(streams_come_once_then_units_in_order)
{
    open_session(world->playing());
    RUN_UNTIL(session.pictures >= 3 * world->group);
    ck_assert_uint_eq(session.streams, 1);
    ck_assert_uint_eq(session.faults, 0);
    int64_t off_us = clock_monotonic_ns() / 1000 - session.last_us[0];
    ck_assert_int_ge(off_us, -1000000); /* of this box's clock, and no other */
}
END_TEST

START_TEST(keyframes_say_so)
{
    unsigned keys = 0, seen = 0;
    open_session(world->playing());
    while (seen < 3 * world->group) {
        camera_unit_unref(session.kept);
        session.kept = NULL;
        RUN_UNTIL(session.kept);
        seen += session.kept->stream == 0;
        keys += camera_unit_is_keyframe(session.kept);
    }
    ck_assert_uint_ge(keys, 2);
    ck_assert_uint_le(keys, 4);
}
END_TEST

/* Within any handler; what was taken is good for as long as it is held. */
START_TEST(it_may_be_closed_from_within_a_handler_and_is_silent_then)
{
    session.close_at = _i == 0 ? AT_STREAMS : AT_UNIT;
    session.close_after = _i == 0 ? 0 : (unsigned)_i;
    open_session(world->playing());
    uv_run(&loop, UV_RUN_DEFAULT); /* nothing keeps the loop any more */
    ck_assert(session.closed);
    ck_assert_uint_eq(session.units, (unsigned)_i);
    if (_i > 0)
        ck_assert_uint_gt(session.kept->length + session.kept->data[session.kept->length - 1], 4);
}
END_TEST

START_TEST(it_may_be_closed_at_once)
{
    open_session(world->playing());
    end_session();
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(session.streams + session.units + session.faults + session.waits, 0);
}
END_TEST

START_TEST(it_opens_again_after_close)
{
    const void *options = world->playing();
    for (int i = 0; i < 4; i++) {
        open_session(options);
        RUN_UNTIL(session.pictures > 0);
        end_session();
        uv_run(&loop, UV_RUN_DEFAULT);
        session.streams = session.units = session.pictures = 0;
        memset(session.last_us, 0, sizeof session.last_us);
    }
}
END_TEST

/* An error of open, with which nothing was begun, or a fault: by name, so or so. */
START_TEST(who_is_not_there_is_named)
{
    struct err e = {.text = ""};
    session.close_at = _i == 0 ? NEVER : AT_FAULT;
    if (try_open(world->missing(), &e) == 0) {
        RUN_UNTIL(session.faults > 0);
        snprintf(e.text, sizeof e.text, "%s", session.fault);
    }
    ck_assert_msg(strstr(e.text, world->missing_says), "\"%s\" does not say \"%s\"", e.text,
                  world->missing_says);
    ck_assert_uint_eq(session.streams, 0);
}
END_TEST

START_TEST(who_leaves_is_a_fault_that_says_so)
{
    if (!world->leaving)
        return;
    session.close_at = _i == 0 ? NEVER : AT_FAULT;
    open_session(world->leaving());
    RUN_UNTIL(session.faults > 0);
    ck_assert_uint_ge(session.pictures, world->group);
    ck_assert_msg(strstr(session.fault, world->leaving_says), "\"%s\"", session.fault);
}
END_TEST

/* While it waits it asks, again and again; told to give up it does, and asks no more. */
START_TEST(a_call_that_waits_ends_when_it_is_told_to)
{
    if (!world->silent)
        return;
    session.give_up_after = _i == 0 ? 1 : 5;
    open_session(world->silent());
    RUN_UNTIL(session.faults > 0);
    ck_assert_uint_ge(session.waits, session.give_up_after);
    ck_assert_msg(strstr(session.fault, "no answer"), "\"%s\"", session.fault);
    ck_assert_uint_eq(session.streams, 0);
}
END_TEST

/* Likewise between the pictures. */
START_TEST(a_session_that_plays_ends_when_it_is_told_to)
{
    if (!world->silent)
        return;
    open_session(world->playing());
    RUN_UNTIL(session.pictures > 0);
    session.give_up_after = 1;
    RUN_UNTIL(session.faults > 0);
}
END_TEST

int main(int argc, char **argv)
{
    const struct camera_world *const worlds[] = {&camera_world_sim, &camera_world_lav};
    for (size_t i = 0; argc == 2 && i < sizeof worlds / sizeof *worlds; i++) {
        if (strcmp(worlds[i]->name, argv[1]) == 0)
            world = worlds[i];
    }
    if (!world) {
        fprintf(stderr, "usage: camera_suite sim|lav\n");
        return 2;
    }
    log_set_level(LOG_LEVEL_ERROR);
    Suite *suite = suite_create(world->name);
    TCase *cases = tcase_create("contract");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, it_says_of_itself_what_it_is);
    tcase_add_test(cases, streams_come_once_then_units_in_order);
    tcase_add_test(cases, keyframes_say_so);
    tcase_add_loop_test(cases, it_may_be_closed_from_within_a_handler_and_is_silent_then, 0, 3);
    tcase_add_test(cases, it_may_be_closed_at_once);
    tcase_add_test(cases, it_opens_again_after_close);
    tcase_add_loop_test(cases, who_is_not_there_is_named, 0, 2);
    tcase_add_loop_test(cases, who_leaves_is_a_fault_that_says_so, 0, 2);
    tcase_add_loop_test(cases, a_call_that_waits_ends_when_it_is_told_to, 0, 2);
    tcase_add_test(cases, a_session_that_plays_ends_when_it_is_told_to);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
