/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of devices of the kernel's uinput: a button, and a reader of cards. */
#include <check.h>
#include <ctype.h>
#include <fcntl.h>
#include <linux/input.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "false_keyboard.h"
#include "input_world.h"

#define BUTTON "1d50:6089"
#define TWINS  "1d50:6090"
#define READER "ffff:0035"

static const unsigned button_keys[] = {KEY_F13, KEY_F14, 0};
static const unsigned other_keys[] = {KEY_MUTE, 0};
static const unsigned reader_keys[] = {KEY_0, KEY_1, KEY_2, KEY_3,   KEY_4, KEY_5,     KEY_6,
                                       KEY_7, KEY_8, KEY_9, KEY_KP4, KEY_A, KEY_ENTER, 0};

static const struct false_keyboard_type button_type = {
    .vendor = 0x1d50, .product = 0x6089, .phys = "contract-1/input0", .keys = button_keys};
/* The same USB device has a second interface, as such buttons do: without the key. */
static const struct false_keyboard_type sibling_type = {
    .vendor = 0x1d50, .product = 0x6089, .phys = "contract-1/input1", .keys = other_keys};
static const struct false_keyboard_type twin_types[] = {
    {.vendor = 0x1d50, .product = 0x6090, .phys = "contract-2/input0", .keys = button_keys},
    {.vendor = 0x1d50, .product = 0x6090, .phys = "contract-3/input0", .keys = button_keys},
};
static const struct false_keyboard_type reader_type = {
    .vendor = 0xffff, .product = 0x0035, .phys = "contract-4/input0", .keys = reader_keys};

static struct false_keyboard button = {-1}, sibling = {-1}, twins[2] = {{-1}, {-1}}, reader = {-1};
static int stranger = -1; /* who grabs a device */

static void plug_button(void)
{
    false_keyboard_plug(&sibling, &sibling_type);
    false_keyboard_plug(&button, &button_type);
}

static void unplug_button(void)
{
    false_keyboard_unplug(&button);
    false_keyboard_unplug(&sibling);
}

static void press(struct input *input, enum input_contact contact, bool active)
{
    (void)input;
    (void)contact;
    false_keyboard_set(&button, KEY_F13, active);
}

static void grab(const struct false_keyboard *keyboard)
{
    char node[64];
    false_keyboard_node(keyboard, node, sizeof node);
    stranger = open(node, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(stranger, 0);
    ck_assert_int_eq(ioctl(stranger, EVIOCGRAB, 1), 0);
}

static void grab_button(void)
{
    grab(&button);
}

static void grab_reader(void)
{
    grab(&reader);
}

static void let_go(void)
{
    close(stranger);
    stranger = -1;
}

/* devtmpfs gives the devices to root alone. */
static void become_nobody(void)
{
    ck_assert_int_eq(seteuid(65534), 0);
}

static void become_root(void)
{
    ck_assert_int_eq(seteuid(0), 0);
}

static void plug_twins(void)
{
    for (int i = 0; i < 2; i++)
        false_keyboard_plug(&twins[i], &twin_types[i]);
}

static void unplug_twins(void)
{
    for (int i = 0; i < 2; i++)
        false_keyboard_unplug(&twins[i]);
}

static const struct input_refusal button_refusals[] = {
    {.what = "a device that is not plugged in",
     .settings = {.of = {{"device", "1d50:9999"}, {"key", "KEY_F13"}}},
     .remedy = "is it plugged in?"},
    {.what = "a place where nothing is plugged in",
     .settings = {.of = {{"device", "contract-9/input0"}, {"key", "KEY_F13"}}},
     .remedy = "is it plugged in?"},
    {.what = "a link that is not there",
     .settings = {.of = {{"device", "/dev/input/by-id/nothing"}, {"key", "KEY_F13"}}},
     .remedy = "is it plugged in?"},
    {.what = "a key that the device lacks",
     .settings = {.of = {{"device", BUTTON}, {"key", "KEY_F15"}}},
     .remedy = "evtest shows the keys it has"},
    {.what = "two devices of one kind",
     .settings = {.of = {{"device", TWINS}, {"key", "KEY_F13"}}},
     .remedy = "name one by its physical path",
     .prepare = plug_twins,
     .restore = unplug_twins},
    {.what = "a device that somebody has grabbed",
     .settings = {.of = {{"device", BUTTON}, {"key", "KEY_F13"}}},
     .remedy = "grabbed by another program",
     .prepare = grab_button,
     .restore = let_go},
    {.what = "a device that may not be opened",
     .settings = {.of = {{"device", BUTTON}, {"key", "KEY_F13"}}},
     .remedy = "is the user in group input",
     .prepare = become_nobody,
     .restore = become_root},
    {.what = NULL},
};

static const struct input_mistake button_mistakes[] = {
    {.settings = {.of = {{"device", BUTTON}, {"key", "f13"}}},
     .key = "key",
     .remedy = "did you mean KEY_F13?"},
    {.settings = {.of = {{"device", BUTTON}, {"key", "panic"}}},
     .key = "key",
     .remedy = "as evtest prints them"},
    {.settings = {.of = {{"device", "1d50"}, {"key", "KEY_F13"}}},
     .key = "device",
     .remedy = "write vendor:product as lsusb prints it"},
    {.key = NULL},
};

static void plug_reader(void)
{
    false_keyboard_plug(&reader, &reader_type);
}

static void unplug_reader(void)
{
    false_keyboard_unplug(&reader);
}

static void type_key(unsigned key)
{
    false_keyboard_set(&reader, key, true);
    false_keyboard_set(&reader, key, false);
}

static void show(struct input *input, const char *characters, uv_loop_t *loop)
{
    (void)input;
    for (; *characters; characters++) {
        if (loop)
            uv_run(loop, UV_RUN_NOWAIT);
        if (!isdigit((unsigned char)*characters))
            type_key(KEY_A);
        else
            type_key(*characters == '0' ? KEY_0 : KEY_1 + (unsigned)(*characters - '1'));
    }
    type_key(KEY_ENTER);
}

static const struct input_refusal reader_refusals[] = {
    {.what = "a reader that is not plugged in",
     .settings = {.of = {{"device", "ffff:9999"}}},
     .remedy = "is it plugged in?"},
    {.what = "a reader that somebody has grabbed",
     .settings = {.of = {{"device", READER}}},
     .remedy = "grabbed by another program",
     .prepare = grab_reader,
     .restore = let_go},
    {.what = NULL},
};

static const struct input_mistake reader_mistakes[] = {
    {.settings = {.of = {{"device", "card reader"}}}, .key = "device", .remedy = "lsusb"},
    {.key = NULL},
};

const struct input_world world_evdev = {
    .name = "evdev",
    .settings = {.of = {{"device", BUTTON}, {"key", "KEY_F13"}}},
    .refusals = button_refusals,
    .mistakes = button_mistakes,
    .begin = plug_button,
    .end = unplug_button,
    .press = press,
    .unplug = unplug_button,
    .plug = plug_button,
};

const struct input_world world_evdev_card = {
    .name = "evdev-card",
    .settings = {.of = {{"device", READER}}},
    .refusals = reader_refusals,
    .mistakes = reader_mistakes,
    .begin = plug_reader,
    .end = unplug_reader,
    .show = show,
    .unplug = unplug_reader,
    .plug = plug_reader,
};
