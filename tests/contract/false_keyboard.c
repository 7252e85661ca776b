/* SPDX-License-Identifier: Apache-2.0 */
#include "false_keyboard.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void must(int result, const char *what)
{
    ck_assert_msg(result >= 0, "uinput: %s: %s", what, strerror(errno));
}

void false_keyboard_plug(struct false_keyboard *k, const struct false_keyboard_type *type)
{
    struct uinput_setup setup = {.name = "contract", .id = {.bustype = BUS_USB}};
    setup.id.vendor = type->vendor;
    setup.id.product = type->product;
    must(k->fd = open("/dev/uinput", O_WRONLY | O_CLOEXEC), "/dev/uinput");
    must(ioctl(k->fd, UI_SET_EVBIT, EV_KEY), "keys");
    for (const unsigned *key = type->keys; *key; key++)
        must(ioctl(k->fd, UI_SET_KEYBIT, *key), "key");
    if (type->repeats)
        must(ioctl(k->fd, UI_SET_EVBIT, EV_REP), "repeat");
    must(ioctl(k->fd, UI_SET_PHYS, type->phys), "phys");
    must(ioctl(k->fd, UI_DEV_SETUP, &setup), "setup");
    must(ioctl(k->fd, UI_DEV_CREATE), "create");
}

void false_keyboard_unplug(struct false_keyboard *k)
{
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
}

static void write_event(const struct false_keyboard *k, unsigned type, unsigned code, int value)
{
    struct input_event event = {.type = (uint16_t)type, .code = (uint16_t)code, .value = value};
    must((int)write(k->fd, &event, sizeof event), "write");
}

void false_keyboard_set(const struct false_keyboard *k, unsigned key, bool down)
{
    write_event(k, EV_KEY, key, down);
    write_event(k, EV_SYN, SYN_REPORT, 0);
}

void false_keyboard_node(const struct false_keyboard *k, char *ret_path, unsigned size)
{
    char name[64], folder[128];
    must(ioctl(k->fd, UI_GET_SYSNAME(sizeof name), name), "sysname");
    snprintf(folder, sizeof folder, "/sys/devices/virtual/input/%s", name);
    DIR *files = opendir(folder);
    ck_assert_msg(files, "%s: %s", folder, strerror(errno));
    ret_path[0] = '\0';
    for (struct dirent *d; (d = readdir(files));) {
        if (strncmp(d->d_name, "event", 5) == 0)
            snprintf(ret_path, size, "/dev/input/%s", d->d_name);
    }
    closedir(files);
    ck_assert_str_ne(ret_path, "");
}
