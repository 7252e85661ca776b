/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the kernel's simulated chip, through whichever libgpiod this was built with. */
#include <check.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "false_chip.h"
#include "input_world.h"

#define LABEL "contract"

static const char *const lines[] = {"panic", "panic-nc", "taken", NULL};

static void begin(void)
{
    false_chip_make(LABEL, lines);
}

static void press(struct input *input, enum input_contact contact, bool active)
{
    (void)input;
    false_chip_set(contact == INPUT_CONTACT_FIRST ? 0 : 1, active);
}

static int holder = -1;

/* The third line, by the kernel's own call. */
static void hold_line(void)
{
    char path[40];
    struct gpiochip_info info;
    struct gpio_v2_line_request request = {.offsets = {2},
                                           .num_lines = 1,
                                           .consumer = "stranger",
                                           .config.flags = GPIO_V2_LINE_FLAG_INPUT};
    for (int i = 0; i < 16 && holder < 0; i++) {
        snprintf(path, sizeof path, "/dev/gpiochip%d", i);
        int chip = open(path, O_RDWR | O_CLOEXEC);
        if (chip >= 0 && ioctl(chip, GPIO_GET_CHIPINFO_IOCTL, &info) == 0 &&
            strcmp(info.label, LABEL) == 0 && ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) == 0)
            holder = request.fd;
        if (chip >= 0)
            close(chip);
    }
    ck_assert_int_ge(holder, 0);
}

static void let_line_go(void)
{
    close(holder);
    holder = -1;
}

/* devtmpfs gives the chips to root alone, as Debian does. */
static void become_nobody(void)
{
    ck_assert_int_eq(seteuid(65534), 0);
}

static void become_root(void)
{
    ck_assert_int_eq(seteuid(0), 0);
}

static const struct input_refusal refusals[] = {
    {.what = "a chip that is not there",
     .settings = {.of = {{"chip", "nowhere"}, {"line", "panic"}}},
     .remedy = "gpiodetect lists those there are"},
    {.what = "a line that is not there",
     .settings = {.of = {{"chip", LABEL}, {"line", "pannic"}}},
     .remedy = "gpioinfo lists those there are"},
    {.what = "an offset that is not there",
     .settings = {.of = {{"chip", LABEL}, {"line", "99"}}},
     .remedy = "gpioinfo lists those there are"},
    {.what = "a line that somebody holds",
     .settings = {.of = {{"chip", LABEL}, {"line", "taken"}}},
     .remedy = "held by \"stranger\"",
     .prepare = hold_line,
     .restore = let_line_go},
    {.what = "a chip that may not be opened",
     .settings = {.of = {{"chip", LABEL}, {"line", "panic"}}},
     .remedy = "is the user in group gpio",
     .prepare = become_nobody,
     .restore = become_root},
    {.what = NULL},
};

static const struct input_mistake mistakes[] = {
    {.settings = {.of = {{"chip", LABEL}, {"line", "1"}, {"second_line", "1"}}},
     .key = "second_line",
     .remedy = "name the line of the other contact"},
    {.key = NULL},
};

const struct input_world world_gpiod = {
    .name = "gpiod",
    .settings = {.of = {{"chip", LABEL},
                        {"line", "panic"},
                        {"second_line", "panic-nc"},
                        {"active", "high"},
                        {"bias", "as-is"}}},
    .refusals = refusals,
    .mistakes = mistakes,
    .begin = begin,
    .end = false_chip_remove,
    .press = press,
    .unplug = false_chip_unplug,
    .plug = false_chip_plug,
};
