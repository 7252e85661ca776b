/* SPDX-License-Identifier: Apache-2.0 */
/* The feed: every sink gets what it has room for, whole groups of it, and knows what it lacks; none
 * makes another wait. And the blocking drivers behind the contract that feeds it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/camera/blocking.h"
#include "run_suite.h"
#include "video/feed.h"
#include "video/ring.h"
#include "video_units.h"

/* A sink that writes down what it is told: "S2" two streams, "K5" a keyframe of second 5, "p6" a
 * picture, "s6" sound, "!5" no room for the unit of second 5, "G5" a gap since then. */
struct notebook {
    char text[400];
    char why[200];
    bool full;
};

static void note(struct notebook *n, char kind, int64_t number)
{
    size_t used = strlen(n->text);
    snprintf(n->text + used, sizeof n->text - used, "%s%c%lld", used ? " " : "", kind,
             (long long)number);
}

static void on_streams(void *self, const struct camera_stream *streams, size_t count)
{
    note(self, 'S', (int64_t)count);
    ck_assert(streams[0].video);
}

static bool on_unit(void *self, struct camera_unit *unit)
{
    struct notebook *n = self;
    char kind = camera_unit_is_keyframe(unit) ? 'K' : unit->stream == 0 ? 'p' : 's';
    note(n, n->full ? '!' : kind, unit->dts_us / SECOND);
    return !n->full;
}

static void on_gap(void *self, int64_t from_us, const char *why)
{
    struct notebook *n = self;
    note(n, 'G', from_us / SECOND);
    snprintf(n->why, sizeof n->why, "%s", why);
}

static struct feed_sink sink_of(struct notebook *n)
{
    return (struct feed_sink){.name = "notebook",
                              .on_streams = on_streams,
                              .on_unit = on_unit,
                              .on_gap = on_gap,
                              .self = n};
}

static void push(struct feed *f, unsigned stream, bool key, int64_t second)
{
    struct camera_unit *unit = video_unit(stream, key, second * SECOND, 10);
    feed_unit(f, unit);
    camera_unit_unref(unit);
}

static void begin(struct feed *f, struct notebook *a, struct notebook *b)
{
    struct err e;
    const struct feed_sink first = sink_of(a), second = sink_of(b);
    memset(a, 0, sizeof *a);
    memset(b, 0, sizeof *b);
    feed_init(f);
    feed_add(f, &first);
    feed_add(f, &second);
    ck_assert_int_eq(feed_streams(f, video_streams, 2, &e), 0);
}

START_TEST(every_sink_gets_everything_from_a_keyframe_on)
{
    struct feed f;
    struct notebook a, b;
    begin(&f, &a, &b);
    push(&f, 0, false, 1);
    push(&f, 1, true, 1);
    push(&f, 0, true, 2);
    push(&f, 1, true, 2);
    push(&f, 0, false, 3);
    ck_assert_str_eq(a.text, "S2 K2 s2 p3");
    ck_assert_str_eq(b.text, a.text);
    feed_finish(&f);
}
END_TEST

START_TEST(a_sink_without_room_is_told_the_gap_and_goes_on_at_a_keyframe)
{
    struct feed f;
    struct notebook a, b;
    begin(&f, &a, &b);
    push(&f, 0, true, 1);
    a.full = true;
    push(&f, 0, false, 2);
    push(&f, 0, false, 3);
    push(&f, 0, true, 4); /* still no room, and it was told */
    a.full = false;
    push(&f, 0, false, 5);
    push(&f, 1, true, 5);
    push(&f, 0, true, 6);
    push(&f, 0, false, 7);
    ck_assert_str_eq(a.text, "S2 K1 !2 G2 !4 K6 p7");
    ck_assert_ptr_nonnull(strstr(a.why, "as fast as they came"));
    ck_assert_str_eq(b.text, "S2 K1 p2 p3 K4 p5 s5 K6 p7"); /* the other one never noticed */
    feed_finish(&f);
}
END_TEST

START_TEST(a_gap_of_the_camera_is_everybodys)
{
    struct feed f;
    struct notebook a, b;
    struct err e;
    begin(&f, &a, &b);
    push(&f, 0, true, 1);
    feed_gap(&f, 2 * SECOND, "the camera closed the connection");
    ck_assert_int_eq(feed_streams(&f, video_streams, 2, &e), 0); /* the same again */
    push(&f, 0, false, 9);
    push(&f, 0, true, 10);
    ck_assert_str_eq(a.text, "S2 K1 G2 K10");
    ck_assert_str_eq(b.text, a.text);
    ck_assert_str_eq(b.why, "the camera closed the connection");
    feed_finish(&f);
}
END_TEST

/* Each way in which a stream can be another than it was. */
START_TEST(other_streams_are_told_and_begin_with_a_keyframe)
{
    struct camera_stream other[2];
    unsigned char extradata[100];
    struct feed f;
    struct notebook a, b;
    struct err e;
    begin(&f, &a, &b);
    memcpy(other, video_streams, sizeof other);
    memcpy(extradata, other[0].extradata, other[0].extradata_length);
    switch (_i) {
    case 0:
        other[0].width++;
        break;
    case 1:
        other[0].height++;
        break;
    case 2:
        other[0].codec = CAMERA_CODEC_H265;
        break;
    case 3:
        other[1].sample_rate = 16000;
        break;
    case 4:
        other[1].channels = 2;
        break;
    case 5:
        other[0].extradata_length--;
        break;
    case 6:
        extradata[7] ^= 1;
        other[0].extradata = extradata;
        break;
    }
    push(&f, 0, true, 1);
    ck_assert_int_eq(feed_streams(&f, other, _i == 7 ? 1 : 2, &e), 0);
    push(&f, 0, false, 2);
    push(&f, 0, true, 3);
    ck_assert_str_eq(a.text, _i == 7 ? "S2 K1 S1 K3" : "S2 K1 S2 K3");
    feed_finish(&f);
}
END_TEST

START_TEST(the_ring_is_emptied_by_other_streams_alone)
{
    struct feed f;
    struct ring ring;
    struct err e;
    ring_init(&ring, 100 * SECOND, 1000);
    const struct feed_sink sink = ring_sink(&ring);
    feed_init(&f);
    feed_add(&f, &sink);
    ck_assert_int_eq(feed_streams(&f, video_streams, 2, &e), 0);
    push(&f, 0, true, 1);
    push(&f, 0, false, 2);
    ck_assert_uint_eq(ring.bytes, 20);
    feed_gap(&f, 3 * SECOND, "gone");
    ck_assert_int_eq(feed_streams(&f, video_streams, 2, &e), 0);
    push(&f, 0, true, 4);
    ck_assert_uint_eq(ring.bytes, 30);
    ck_assert_int_eq(feed_streams(&f, video_streams, 1, &e), 0);
    ck_assert_uint_eq(ring.bytes, 0);
    feed_finish(&f);
}
END_TEST

/* --- Blocking drivers ---------------------------------------------------------------------- */

/* A driver that opens, gives as many units as it is told to, and then fails. */
struct script {
    bool refuses;
    int units;
    int opened, closed;
};

struct blocking_source {
    struct script *script;
    int given;
};

static int script_open(const void *options, const struct camera_host *host,
                       struct blocking_source **ret_source, struct err *e)
{
    struct script *script = *(struct script *const *)options;
    static struct blocking_source source;
    ck_assert_int_eq(host->on_wait(host->arg), 0);
    if (script->refuses)
        return err_set(e, EIO, "refused");
    source = (struct blocking_source){.script = script};
    script->opened++;
    *ret_source = &source;
    return 0;
}

static size_t script_streams(const struct blocking_source *source,
                             struct camera_stream ret_streams[CAMERA_STREAMS_MAX])
{
    (void)source;
    memcpy(ret_streams, video_streams, sizeof video_streams);
    return 2;
}

static int script_read(struct blocking_source *source, struct camera_unit **ret_unit, struct err *e)
{
    if (source->given == source->script->units)
        return err_set(e, EIO, "the camera closed the connection");
    *ret_unit = video_unit(0, true, ++source->given * SECOND, 10);
    return 0;
}

static void script_close(struct blocking_source *source)
{
    source->script->closed++;
}

static const struct blocking_driver script_driver = {
    .open = script_open, .streams = script_streams, .read = script_read, .close = script_close};

/* What the host heard: of the same letters, and "F" for a fault. */
struct listener {
    struct notebook heard;
    struct camera *camera;
    int close_at; /* closes from within the handler of this unit */
    int waits;
};

static void host_streams(void *arg, const struct camera_stream *streams, size_t count)
{
    struct listener *l = arg;
    on_streams(&l->heard, streams, count);
}

static void host_unit(void *arg, struct camera_unit *unit)
{
    struct listener *l = arg;
    on_unit(&l->heard, unit);
    if (l->close_at * SECOND == unit->dts_us) {
        blocking_close(l->camera);
        l->camera = NULL;
    }
}

static void host_fault(void *arg, const char *reason)
{
    struct listener *l = arg;
    note(&l->heard, 'F', 0);
    snprintf(l->heard.why, sizeof l->heard.why, "%s", reason);
    blocking_close(l->camera);
    l->camera = NULL;
}

static int host_wait(void *arg)
{
    struct listener *l = arg;
    l->waits++;
    return 0;
}

static void run_session(struct script *script, struct listener *l)
{
    const struct camera_host host = {.on_streams = host_streams,
                                     .on_unit = host_unit,
                                     .on_fault = host_fault,
                                     .on_wait = host_wait,
                                     .arg = l};
    uv_loop_t loop;
    struct err e;
    uv_loop_init(&loop);
    ck_assert_int_eq(blocking_open(&script_driver, &script, &host, &loop, &l->camera, &e), 0);
    ck_assert_str_eq(l->heard.text, ""); /* never from within open */
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_ptr_null(l->camera);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

START_TEST(a_blocking_driver_pushes_until_it_fails)
{
    struct script script = {.units = 3};
    struct listener l = {.close_at = -1};
    run_session(&script, &l);
    ck_assert_str_eq(l.heard.text, "S2 K1 K2 K3 F0");
    ck_assert_str_eq(l.heard.why, "the camera closed the connection");
    ck_assert_int_eq(script.opened, 1);
    ck_assert_int_eq(script.closed, 1);
    ck_assert_int_eq(l.waits, 1);
}
END_TEST

START_TEST(a_blocking_driver_that_cannot_open_says_why)
{
    struct script script = {.refuses = true};
    struct listener l = {.close_at = -1};
    run_session(&script, &l);
    ck_assert_str_eq(l.heard.text, "F0");
    ck_assert_str_eq(l.heard.why, "refused");
    ck_assert_int_eq(script.closed, 0);
}
END_TEST

START_TEST(a_blocking_driver_may_be_closed_from_within_a_handler)
{
    struct script script = {.units = 10};
    struct listener l = {.close_at = 2};
    run_session(&script, &l);
    ck_assert_str_eq(l.heard.text, "S2 K1 K2");
    ck_assert_int_eq(script.closed, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video feed");
    TCase *feed = tcase_create("feed");
    tcase_add_test(feed, every_sink_gets_everything_from_a_keyframe_on);
    tcase_add_test(feed, a_sink_without_room_is_told_the_gap_and_goes_on_at_a_keyframe);
    tcase_add_test(feed, a_gap_of_the_camera_is_everybodys);
    tcase_add_loop_test(feed, other_streams_are_told_and_begin_with_a_keyframe, 0, 8);
    tcase_add_test(feed, the_ring_is_emptied_by_other_streams_alone);
    suite_add_tcase(suite, feed);
    TCase *blocking = tcase_create("blocking");
    tcase_add_test(blocking, a_blocking_driver_pushes_until_it_fails);
    tcase_add_test(blocking, a_blocking_driver_that_cannot_open_says_why);
    tcase_add_test(blocking, a_blocking_driver_may_be_closed_from_within_a_handler);
    suite_add_tcase(suite, blocking);
    return run_suite(suite);
}
