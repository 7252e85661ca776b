/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vendor, product and physical path are read from sysfs, which asks for no right to the device:
 * what is there but may not be opened can then be named.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "drivers/input/evdev_find.h"

#define SYSFS      "/sys/class/input"
#define TEXT_SIZE  128 /* of an attribute */
#define NAMES_SIZE 300 /* of the devices in a message */

static bool is_vendor_product(const char *device)
{
    if (strlen(device) != 9 || device[4] != ':')
        return false;
    for (size_t i = 0; i < 9; i++) {
        if (i != 4 && !isxdigit((unsigned char)device[i]))
            return false;
    }
    return true;
}

int evdev_check_device(const char *device, struct err *e)
{
    if (is_vendor_product(device) || strchr(device, '/'))
        return 0;
    return err_set(
        e, EINVAL,
        "names no input device: write vendor:product as lsusb prints it (1d50:6089), the "
        "physical path that stands behind Phys= in /proc/bus/input/devices, or a path "
        "such as /dev/input/by-id/…");
}

/* "f13" or "key_f13" for KEY_F13, or NULL. */
static const char *guess_key(const char *name)
{
    char full[64];
    int from = strncasecmp(name, "key_", 4) == 0 ? 4 : 0;
    snprintf(full, sizeof full, "KEY_%s", name + from);
    for (char *c = full; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    int code = libevdev_event_code_from_name(EV_KEY, full);
    return code < 0 ? NULL : libevdev_event_code_get_name(EV_KEY, (unsigned)code);
}

int evdev_check_key(const char *name, unsigned *ret_code, struct err *e)
{
    int code = libevdev_event_code_from_name(EV_KEY, name);
    if (code >= 0) {
        *ret_code = (unsigned)code;
        return 0;
    }
    const char *guess = guess_key(name);
    if (guess)
        return err_set(e, EINVAL, "is not the name of a key; did you mean %s?", guess);
    return err_set(e, EINVAL,
                   "is not the name of a key: they begin with KEY_ or BTN_, as evtest prints them "
                   "when the button is pressed (KEY_F13, KEY_ENTER)");
}

static bool read_attribute(const char *event, const char *name, char ret_text[TEXT_SIZE])
{
    char path[EVDEV_NODE_SIZE + 64];
    snprintf(path, sizeof path, SYSFS "/%s/device/%s", event, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, ret_text, TEXT_SIZE - 1);
    if (fd >= 0)
        close(fd);
    ret_text[length < 0 ? 0 : length] = '\0';
    ret_text[strcspn(ret_text, "\n")] = '\0';
    return length > 0;
}

static bool is_meant(const char *event, const char *device)
{
    char vendor[TEXT_SIZE], product[TEXT_SIZE], phys[TEXT_SIZE], both[2 * TEXT_SIZE + 2];
    if (!is_vendor_product(device))
        return read_attribute(event, "phys", phys) && strcmp(phys, device) == 0;
    if (!read_attribute(event, "id/vendor", vendor) ||
        !read_attribute(event, "id/product", product))
        return false;
    snprintf(both, sizeof both, "%s:%s", vendor, product);
    return strcasecmp(both, device) == 0;
}

int evdev_explain_open(const char *node, int code, struct err *e)
{
    if (code == EACCES || code == EPERM)
        return err_set(e, EACCES,
                       "%s: permission denied; is the user in group input, and is "
                       "60-tocsin-input.rules installed?",
                       node);
    return err_system(e, code, "%s", node);
}

/* 1 if it has one of the keys, 0 if not, or a negative errno. */
static int has_key(const char *node, const struct evdev_wish *wish)
{
    struct libevdev *device = NULL;
    int found = 0, fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = libevdev_new_from_fd(fd, &device);
    for (size_t i = 0; result == 0 && i < wish->key_count; i++)
        found |= libevdev_has_event_code(device, EV_KEY, wish->keys[i]);
    libevdev_free(device);
    close(fd);
    return result < 0 ? result : found;
}

/* What a search came upon. */
struct findings {
    int meant; /* by the name */
    int fit;   /* and have the key */
    int code;  /* of the last that could not be opened */
    char node[EVDEV_NODE_SIZE];
    char closed[EVDEV_NODE_SIZE]; /* the node of that one */
    char fits[NAMES_SIZE];        /* where those that fit are plugged in */
};

static void judge(const char *event, const struct evdev_wish *wish, struct findings *f)
{
    char node[EVDEV_NODE_SIZE], phys[TEXT_SIZE];
    snprintf(node, sizeof node, "/dev/input/%.64s", event);
    int has = has_key(node, wish);
    f->meant++;
    if (has < 0) {
        f->code = -has;
        memcpy(f->closed, node, sizeof node);
    }
    if (has <= 0)
        return;
    if (!read_attribute(event, "phys", phys))
        snprintf(phys, sizeof phys, "%s", node);
    size_t used = strlen(f->fits);
    snprintf(f->fits + used, sizeof f->fits - used, "%s%s", f->fit ? ", " : "", phys);
    f->fit++;
    memcpy(f->node, node, sizeof node);
}

static int find_by_name(const struct evdev_wish *wish, const char *key, char *ret_node,
                        struct err *e)
{
    struct findings f = {.meant = 0};
    DIR *folder = opendir(SYSFS);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        if (strncmp(d->d_name, "event", 5) == 0 && is_meant(d->d_name, wish->device))
            judge(d->d_name, wish, &f);
    }
    if (folder)
        closedir(folder);
    if (f.fit > 1)
        return err_set(e, ENOTUNIQ,
                       "%d devices %s have %s: name one by its physical path instead (%s)", f.fit,
                       wish->device, key, f.fits);
    if (f.fit == 1) {
        memcpy(ret_node, f.node, sizeof f.node);
        return 0;
    }
    if (f.code != 0)
        return evdev_explain_open(f.closed, f.code, e);
    if (f.meant > 0)
        return err_set(e, ENOENT, "device %s has no %s (evtest shows the keys it has)",
                       wish->device, key);
    return err_set(e, ENOENT,
                   "there is no device %s: is it plugged in? (/proc/bus/input/devices lists those "
                   "there are)",
                   wish->device);
}

int evdev_find(const struct evdev_wish *wish, char ret_node[EVDEV_NODE_SIZE], struct err *e)
{
    const char *key = libevdev_event_code_get_name(EV_KEY, wish->keys[0]);
    if (wish->device[0] != '/')
        return find_by_name(wish, key, ret_node, e);
    int has = has_key(wish->device, wish);
    if (has == -ENOENT)
        return err_set(e, ENOENT, "there is no %s: is it plugged in?", wish->device);
    if (has < 0)
        return evdev_explain_open(wish->device, -has, e);
    if (has == 0)
        return err_set(e, ENOENT, "device %s has no %s (evtest shows the keys it has)",
                       wish->device, key);
    snprintf(ret_node, EVDEV_NODE_SIZE, "%s", wish->device);
    return 0;
}
