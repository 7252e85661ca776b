/* SPDX-License-Identifier: Apache-2.0 */
/* When an event says that it was: on the clock that only runs forward, on the wall's, and between
 * which two moments the truth lies. The kernel's clocks are this file's. */
#include <errno.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include "envelope/data.h"
#include "envelope/envelope.h"
#include "run_suite.h"

#define MS         INT64_C(1000000) /* in ns */
#define NOW_NS     (INT64_C(5000000) * MS + 123456)
#define WALL_MS    INT64_C(1795680930123) /* 2026-11-26T08:15:30.123Z */
#define PRESSED_NS (NOW_NS - 250 * MS)    /* a quarter of a second ago */

static int64_t monotonic_ns, wall_ms;
static bool synced;

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int64_t ns = clock == CLOCK_REALTIME ? wall_ms * MS : monotonic_ns;
    *ret_time = (struct timespec){.tv_sec = ns / (1000 * MS), .tv_nsec = ns % (1000 * MS)};
    return 0;
}

int adjtimex(struct timex *state)
{
    state->maxerror = 1500; /* µs */
    state->status = synced ? 0 : STA_UNSYNC;
    return synced ? TIME_OK : TIME_ERROR;
}

static void setup(void)
{
    monotonic_ns = NOW_NS;
    wall_ms = WALL_MS;
    synced = true;
}

/* The event of a press at PRESSED_NS, as the receivers read it. */
static json_t *pressed(int64_t floor_ms)
{
    struct envelope env = {.source = "tocsin:x", .boot = "the-boot", .floor_ms = floor_ms};
    struct data_fault fault = {.code = "line"};
    struct event *event;
    struct err e;
    ck_assert_int_eq(
        envelope_make(&env,
                      &(struct envelope_content){"tocsin.fault.raised", EVENT_CLASS_FOLLOWUP, "",
                                                 PRESSED_NS, data_from_fault(&fault)},
                      &event, &e),
        0);
    json_t *object = json_loads(event->bytes, 0, NULL);
    ck_assert_int_eq(event->at_ns, PRESSED_NS);
    event_unref(event);
    return object;
}

static void expect(json_t *object, const char *quality, const char *earliest, const char *time,
                   const char *latest)
{
    const char *const said[][2] = {
        {"clock", quality}, {"timeearliest", earliest}, {"time", time}, {"timelatest", latest}};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        ck_assert_str_eq(json_string_value(json_object_get(object, said[i][0])), said[i][1]);
    /* Milliseconds of the clock that counts from the boot, whatever the wall says. */
    ck_assert_int_eq(json_integer_value(json_object_get(object, "monoms")), 4999750);
    ck_assert_str_eq(json_string_value(json_object_get(object, "boot")), "the-boot");
    json_decref(object);
}

START_TEST(the_wall_time_is_that_of_the_press_and_within_the_kernels_error)
{
    expect(pressed(0), "synced", "2026-11-26T08:15:29.871Z", "2026-11-26T08:15:29.873Z",
           "2026-11-26T08:15:29.875Z");
}
END_TEST

START_TEST(a_clock_that_lost_its_source_is_trusted_less_the_longer_ago_that_was)
{
    json_decref(pressed(0));
    synced = false;
    monotonic_ns += 1000 * 1000 * MS; /* 1000 s at 500 ppm are 500 ms */
    wall_ms += 1000 * 1000 + 250;     /* so that the press has the same time in text, nearly */
    json_t *object = pressed(0);
    expect(object, "holdover", "2026-11-26T08:15:29.620Z", "2026-11-26T08:15:30.123Z",
           "2026-11-26T08:15:30.626Z");
}
END_TEST

START_TEST(a_clock_that_nobody_ever_set_is_no_earlier_than_what_is_known_to_be_past)
{
    synced = false;
    wall_ms = 86400000;
    expect(pressed(WALL_MS), "unknown", "2026-11-26T08:15:30.123Z", "2026-11-26T08:15:30.123Z",
           "9999-12-31T23:59:59.999Z");
}
END_TEST

START_TEST(a_clock_that_nobody_ever_set_may_still_be_right)
{
    synced = false;
    expect(pressed(WALL_MS - 10000), "unknown", "2026-11-26T08:15:20.123Z",
           "2026-11-26T08:15:29.873Z", "9999-12-31T23:59:59.999Z");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("envelope_time");
    TCase *tc = tcase_create("time");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, the_wall_time_is_that_of_the_press_and_within_the_kernels_error);
    tcase_add_test(tc, a_clock_that_lost_its_source_is_trusted_less_the_longer_ago_that_was);
    tcase_add_test(tc, a_clock_that_nobody_ever_set_is_no_earlier_than_what_is_known_to_be_past);
    tcase_add_test(tc, a_clock_that_nobody_ever_set_may_still_be_right);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
