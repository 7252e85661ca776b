/* SPDX-License-Identifier: Apache-2.0 */
/* The clips as a sink, with their thread: what reaches the recordings of ring and feed, and that a
 * disk that stands still delays nobody but the clips. The test moves the clock and holds the disk,
 * so that it makes no difference how fast the thread is. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "run_suite.h"
#include "video/clips.h"
#include "video_parts.h"
#include "video_units.h"

#define ALARM "019a0000-0000-7000-8000-000000000001"
#define OTHER "019a0000-0000-7000-8000-000000000002"
#define THIRD "019a0000-0000-7000-8000-000000000003"

#define BEHIND "the pictures could not be taken as fast as they came (a slow disk?)"

/* --- A disk that stands still when told, and a clock --------------------------------------- */

static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;
static atomic_int syncs; /* that were asked for */
static _Atomic int64_t clock_us;

/* In the place of the C library's: held up while `disk` is locked. */
int fdatasync(int fd)
{
    atomic_fetch_add(&syncs, 1);
    pthread_mutex_lock(&disk);
    pthread_mutex_unlock(&disk);
    return (int)syscall(SYS_fdatasync, fd);
}

int64_t __wrap_clock_monotonic_ns(void);

int64_t __wrap_clock_monotonic_ns(void)
{
    return atomic_load(&clock_us) * 1000;
}

/* --- The stage ----------------------------------------------------------------------------- */

/* The feed of a camera that began at second 990; it is 1000 now. */
struct desk {
    struct feed feed;
    struct ring ring;
    struct clips *clips;
};

static void open_desk_with(struct desk *d, size_t room_bytes, size_t ring_bytes)
{
    const struct clips_settings settings = {.recording = {.folder = parts_folder,
                                                          .camera = "gate",
                                                          .pre_us = 3 * SECOND,
                                                          .post_us = 600 * SECOND,
                                                          .part_us = 600 * SECOND},
                                            .room_bytes = room_bytes,
                                            .on_done = on_part};
    struct err e;
    atomic_store(&clock_us, 1000 * SECOND);
    ck_assert_int_eq(clips_create(&settings, &d->clips, &e), 0);
    ring_init(&d->ring, 60 * SECOND, ring_bytes);
    const struct feed_sink ring = ring_sink(&d->ring), clips = clips_sink(d->clips);
    feed_init(&d->feed);
    feed_add(&d->feed, &ring);
    feed_add(&d->feed, &clips);
    ck_assert_int_eq(feed_streams(&d->feed, video_streams, 1, &e), 0);
}

static void open_desk(struct desk *d, size_t room_bytes)
{
    open_desk_with(d, room_bytes, 1 << 20);
}

static void close_desk(struct desk *d)
{
    clips_finish(d->clips);
    ring_clear(&d->ring);
    feed_finish(&d->feed);
}

/* Ten pictures of 1000 bytes a second, the first of each second a keyframe. */
static void run_camera(struct desk *d, int64_t from_tenth, int64_t to_tenth)
{
    for (int64_t i = from_tenth; i < to_tenth; i++) {
        struct camera_unit *unit = video_unit(0, i % 10 == 0, i * SECOND / 10, 1000);
        feed_unit(&d->feed, unit);
        camera_unit_unref(unit);
    }
}

static void press(struct desk *d, const char *alarm)
{
    clips_press(d->clips, alarm, atomic_load(&clock_us), &d->ring);
}

static void wait_for_parts(struct desk *d, size_t count)
{
    while (part_count < count) { /* Check's own time limit ends what never comes */
        clips_poll(d->clips);
        sched_yield();
    }
}

/* A press, which the thread is about until the disk is unlocked; what came before it is taken. */
static void press_at_a_disk_that_stands_still(struct desk *d)
{
    int before = atomic_load(&syncs);
    pthread_mutex_lock(&disk);
    press(d, ALARM);
    while (atomic_load(&syncs) == before)
        sched_yield();
}

/* The keyframe of that second, until the sink takes it: its time is the same however long that is.
 */
static void offer_until_taken(struct desk *d, int64_t second)
{
    do {
        run_camera(d, second * 10, second * 10 + 1);
        sched_yield();
    } while (d->feed.sinks[1].waiting);
}

/* --- Tests --------------------------------------------------------------------------------- */

START_TEST(the_sink_writes_what_ring_and_feed_have)
{
    struct desk d;
    open_desk(&d, 1 << 20);
    run_camera(&d, 9900, 10000);
    press(&d, ALARM);
    wait_for_parts(&d, 1);
    check_part(0, 1, 997, 1000);
    run_camera(&d, 10000, 10025);
    close_desk(&d);
    ck_assert_uint_eq(part_count, 2); /* the end hands out what was open */
    check_part(1, 2, 999, 1002.5);
    ck_assert_uint_eq(part_gap_count(1), 0);
}
END_TEST

START_TEST(a_gap_of_the_feed_is_one_of_the_clips)
{
    struct desk d;
    open_desk(&d, 1 << 20);
    run_camera(&d, 9900, 10000);
    press(&d, ALARM);
    run_camera(&d, 10000, 10010);
    feed_gap(&d.feed, 1001 * SECOND, "the camera closed the connection");
    run_camera(&d, 10020, 10030);
    close_desk(&d);
    ck_assert_uint_eq(part_count, 3);
    check_gap(2, 0, 1001, 1002, "the camera closed the connection");
}
END_TEST

START_TEST(other_streams_of_the_feed_are_other_streams_of_the_clips)
{
    struct desk d;
    struct err e;
    open_desk(&d, 1 << 20);
    run_camera(&d, 9900, 10000);
    press(&d, ALARM);
    ck_assert_int_eq(feed_streams(&d.feed, video_streams, 2, &e), 0);
    run_camera(&d, 10000, 10010);
    close_desk(&d);
    ck_assert_uint_eq(part_count, 3);
    check_part(2, 3, 1000, 1001);
    ck_assert_uint_eq(json_array_size(json_object_get(parts[1].clip.manifest, "codecs")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(parts[2].clip.manifest, "codecs")), 2);
}
END_TEST

/* No unit comes any more: the clip ends by the clock alone. */
START_TEST(time_goes_on_without_units)
{
    struct desk d;
    open_desk(&d, 1 << 20);
    run_camera(&d, 9900, 10000);
    press(&d, ALARM);
    wait_for_parts(&d, 1);
    atomic_store(&clock_us, 1604 * SECOND);
    wait_for_parts(&d, 2);
    ck_assert(part_is_last(1));
    close_desk(&d);
    ck_assert_uint_eq(part_count, 2);
}
END_TEST

/* The clock alone ends nothing as long as there are pictures that were not written yet. */
START_TEST(time_does_not_go_on_while_pictures_wait_for_the_disk)
{
    struct desk d;
    open_desk(&d, 1 << 20);
    run_camera(&d, 9900, 10000);
    press_at_a_disk_that_stands_still(&d);
    run_camera(&d, 10000, 10040);
    atomic_store(&clock_us, 1604 * SECOND);
    pthread_mutex_unlock(&disk);
    wait_for_parts(&d, 2);
    check_part(1, 2, 999, 1004);
    ck_assert(part_is_last(1));
    close_desk(&d);
}
END_TEST

/* The camera's thread goes on, the ring holds everything, what waits is bounded, and the clip says
 * what it lacks. */
START_TEST(a_disk_that_stands_still_delays_the_clips_alone)
{
    struct desk d;
    open_desk(&d, 50000); /* less than the ring of the press has */
    run_camera(&d, 9900, 10000);
    press_at_a_disk_that_stands_still(&d);
    run_camera(&d, 10000, 10300); /* 300 kB */
    ck_assert_uint_eq(d.ring.bytes, 400000);
    ck_assert(d.feed.sinks[1].waiting);
    clips_poll(d.clips);
    ck_assert_uint_eq(part_count, 0);
    pthread_mutex_unlock(&disk);
    offer_until_taken(&d, 1030);
    close_desk(&d);
    ck_assert_uint_eq(part_count, 3);
    check_part(0, 1, 997, 1000);
    ck_assert_uint_eq(part_gap_count(0), 0);
    check_part(1, 2, 999, 1005);
    ck_assert_uint_eq(part_gap_count(1), 0);
    ck_assert_int_eq(part_number(2, "start_monoms"), 1030000);
    check_gap(2, 0, 1005, 1030, BEHIND);
}
END_TEST

static void check_parts_of(const char *alarm, size_t count, size_t with_gap)
{
    for (size_t i = 0; i < part_count; i++) {
        if (strcmp(parts[i].clip.alarm, alarm) != 0)
            continue;
        count--;
        with_gap -= part_gap_count(i);
    }
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(with_gap, 0);
}

/* Many presses of one moment keep one and the same ring: none of them goes without, and there is
 * room for pictures as before. */
START_TEST(presses_share_the_ring)
{
    struct desk d;
    open_desk_with(&d, 20000, 100000);
    run_camera(&d, 9900, 10000);
    press_at_a_disk_that_stands_still(&d);
    for (int i = 0; i < 20; i++)
        press(&d, OTHER);
    press(&d, THIRD);
    run_camera(&d, 10000, 10020);
    ck_assert(!d.feed.sinks[1].waiting);
    pthread_mutex_unlock(&disk);
    close_desk(&d);
    check_parts_of(ALARM, 2, 0);
    check_parts_of(OTHER, 2, 0);
    check_parts_of(THIRD, 2, 0);
}
END_TEST

/* The ring has moved on by 3 s at each press: the third adds more than there is room for. Its clip
 * begins late, and says so. */
START_TEST(presses_at_a_disk_that_stands_still_are_bounded)
{
    struct desk d;
    open_desk_with(&d, 50000, 100000);
    run_camera(&d, 9900, 10000);
    press_at_a_disk_that_stands_still(&d);
    run_camera(&d, 10000, 10030);
    atomic_store(&clock_us, 1003 * SECOND);
    press(&d, OTHER);
    run_camera(&d, 10030, 10060);
    atomic_store(&clock_us, 1006 * SECOND);
    press(&d, THIRD);
    pthread_mutex_unlock(&disk);
    offer_until_taken(&d, 1006);
    close_desk(&d);
    check_parts_of(ALARM, 3, 1); /* the last second had no room as pictures */
    check_parts_of(OTHER, 3, 1);
    check_parts_of(THIRD, 1, 1);
}
END_TEST

/* A ring is given back when it is written: the last press has as much room as the first. */
START_TEST(a_ring_that_is_written_makes_room)
{
    struct desk d;
    char alarm[] = ALARM;
    open_desk_with(&d, 50000, 100000);
    run_camera(&d, 9900, 10000);
    for (int i = 1; i <= 5; i++) {
        alarm[sizeof alarm - 2] = (char)('0' + i);
        press(&d, alarm);
        wait_for_parts(&d, (size_t)i);
        check_parts_of(alarm, 1, 0);
        run_camera(&d, 9970 + 30 * i, 10000 + 30 * i);
        atomic_store(&clock_us, (1000 + 3 * i) * SECOND);
    }
    close_desk(&d);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video clips");
    TCase *sink = tcase_create("sink");
    tcase_add_checked_fixture(sink, parts_begin, parts_end);
    tcase_add_test(sink, the_sink_writes_what_ring_and_feed_have);
    tcase_add_test(sink, a_gap_of_the_feed_is_one_of_the_clips);
    tcase_add_test(sink, other_streams_of_the_feed_are_other_streams_of_the_clips);
    tcase_add_test(sink, time_goes_on_without_units);
    tcase_add_test(sink, time_does_not_go_on_while_pictures_wait_for_the_disk);
    tcase_add_test(sink, a_disk_that_stands_still_delays_the_clips_alone);
    tcase_add_test(sink, presses_share_the_ring);
    tcase_add_test(sink, a_ring_that_is_written_makes_room);
    tcase_add_test(sink, presses_at_a_disk_that_stands_still_are_bounded);
    suite_add_tcase(suite, sink);
    return run_suite(suite);
}
