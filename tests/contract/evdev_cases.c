/* SPDX-License-Identifier: Apache-2.0 */
/* What is evdev's own: one grab for all keys of a device, names, autorepeat. */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "false_keyboard.h"
#include "input_cases.h"
#include "input_watcher.h"

static const unsigned keys[] = {KEY_F13, KEY_F14, 0};
static const struct false_keyboard_type pad_type = {.vendor = 0x1d50,
                                                    .product = 0x60aa,
                                                    .phys = "contract-7/input0",
                                                    .keys = keys,
                                                    .repeats = true};
static struct false_keyboard pad = {-1};
static char node[64];

static void plug_pad(void)
{
    false_keyboard_plug(&pad, &pad_type);
    false_keyboard_node(&pad, node, sizeof node);
}

static void open_key(struct watcher *w, const char *device, const char *key)
{
    const struct input_settings settings = {.of = {{"device", device}, {"key", key}}};
    watcher_open(w, "evdev", &settings, INPUT_CONTACT_FIRST, &loop);
    watcher_await(w, TOLD_NO_FAULT);
    watcher_await_level(w, false);
    watcher_mark(w);
}

static int try_to_grab(void)
{
    int fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    int code = ioctl(fd, EVIOCGRAB, 1) == 0 ? 0 : errno;
    close(fd);
    return code;
}

START_TEST(keys_of_one_device_are_inputs_of_their_own)
{
    plug_pad();
    open_key(&first, "1d50:60aa", "KEY_F13");
    open_key(&second, "1d50:60aa", "KEY_F14");
    false_keyboard_set(&pad, KEY_F14, true);
    watcher_await_level(&second, true);
    ck_assert_ptr_null(watcher_find(&first, TOLD_ACTIVE));
    false_keyboard_set(&pad, KEY_F13, true);
    watcher_await_level(&first, true);
    watcher_close(&first);
    false_keyboard_set(&pad, KEY_F14, false);
    watcher_await_level(&second, false);
    ck_assert_int_eq(try_to_grab(), EBUSY); /* the second still holds it */
    watcher_close(&second);
    ck_assert_int_eq(try_to_grab(), 0);
    false_keyboard_unplug(&pad);
}
END_TEST

START_TEST(a_device_is_one_whatever_it_is_called)
{
    plug_pad();
    open_key(&first, "contract-7/input0", "KEY_F13");
    open_key(&second, node, "KEY_F13");
    false_keyboard_set(&pad, KEY_F13, true);
    watcher_await_level(&first, true);
    watcher_await_level(&second, true);
    false_keyboard_unplug(&pad);
    watcher_await(&first, TOLD_FAULT);
    watcher_await(&second, TOLD_FAULT);
}
END_TEST

START_TEST(a_device_that_is_plugged_again_is_grabbed_again)
{
    plug_pad();
    open_key(&first, "1D50:60AA", "KEY_F13");
    open_key(&second, "1d50:60aa", "KEY_F14");
    false_keyboard_unplug(&pad);
    watcher_await(&first, TOLD_FAULT);
    watcher_await(&second, TOLD_FAULT);
    plug_pad();
    watcher_await(&first, TOLD_NO_FAULT);
    watcher_await(&second, TOLD_NO_FAULT);
    ck_assert_int_eq(try_to_grab(), EBUSY);
    false_keyboard_set(&pad, KEY_F14, true);
    watcher_await_level(&second, true);
    false_keyboard_unplug(&pad);
}
END_TEST

START_TEST(what_is_typed_reaches_nobody_else)
{
    plug_pad();
    int stranger = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct input_event event;
    open_key(&first, "1d50:60aa", "KEY_F13");
    false_keyboard_set(&pad, KEY_F13, true);
    watcher_await_level(&first, true);
    ck_assert_int_eq(read(stranger, &event, sizeof event), -1);
    ck_assert_int_eq(errno, EAGAIN);
    close(stranger);
    false_keyboard_unplug(&pad);
}
END_TEST

START_TEST(a_key_that_is_held_is_one_edge)
{
    plug_pad();
    open_key(&first, "1d50:60aa", "KEY_F13");
    false_keyboard_set(&pad, KEY_F13, true);
    watcher_idle(&loop, 1000); /* the kernel repeats it meanwhile */
    size_t edges = 0;
    for (size_t i = first.mark; i < first.count; i++) {
        ck_assert_int_ne(first.told[i].what, TOLD_REST);
        edges += first.told[i].cause == INPUT_CAUSE_EDGE;
    }
    ck_assert_uint_eq(edges, 1);
    false_keyboard_unplug(&pad);
}
END_TEST

void add_evdev_cases(TCase *cases)
{
    tcase_add_test(cases, keys_of_one_device_are_inputs_of_their_own);
    tcase_add_test(cases, a_device_is_one_whatever_it_is_called);
    tcase_add_test(cases, a_device_that_is_plugged_again_is_grabbed_again);
    tcase_add_test(cases, what_is_typed_reaches_nobody_else);
    tcase_add_test(cases, a_key_that_is_held_is_one_edge);
}
