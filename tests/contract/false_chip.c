/* SPDX-License-Identifier: Apache-2.0 */
#include "false_chip.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT      "/sys/kernel/config/gpio-sim/contract"
#define BANK      ROOT "/bank"
#define LINES_MAX 8

static char lines_folder[512]; /* in sysfs, while the chip is there */

__attribute__((format(printf, 2, 3))) static void write_text(const char *text, const char *format,
                                                             ...)
{
    char path[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t written = fd < 0 ? -1 : write(fd, text, strlen(text));
    ck_assert_msg(written > 0, "%s: %s", path, strerror(errno));
    close(fd);
}

static void read_name(const char *path, char *ret_text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, ret_text, size - 1);
    ck_assert_msg(length > 0, "%s: %s", path, strerror(errno));
    ret_text[length] = '\0';
    ret_text[strcspn(ret_text, "\n")] = '\0';
    close(fd);
}

static void make_folder(const char *path)
{
    ck_assert_msg(mkdir(path, 0755) == 0, "%s: %s (is gpio-sim loaded?)", path, strerror(errno));
}

void false_chip_plug(void)
{
    char device[100], chip[100];
    write_text("1", ROOT "/live");
    read_name(ROOT "/dev_name", device, sizeof device);
    read_name(BANK "/chip_name", chip, sizeof chip);
    snprintf(lines_folder, sizeof lines_folder, "/sys/devices/platform/%s/%s", device, chip);
}

void false_chip_unplug(void)
{
    write_text("0", ROOT "/live");
}

void false_chip_set(unsigned offset, bool high)
{
    write_text(high ? "pull-up" : "pull-down", "%s/sim_gpio%u/pull", lines_folder, offset);
}

void false_chip_remove(void)
{
    char path[200];
    if (access(ROOT, F_OK) != 0)
        return;
    false_chip_unplug();
    for (unsigned offset = 0; offset < LINES_MAX; offset++) {
        snprintf(path, sizeof path, BANK "/line%u", offset);
        rmdir(path);
    }
    rmdir(BANK);
    rmdir(ROOT);
}

void false_chip_make(const char *label, const char *const *lines)
{
    char path[200];
    false_chip_remove();
    make_folder(ROOT);
    make_folder(BANK);
    write_text("8", BANK "/num_lines");
    write_text(label, BANK "/label");
    for (unsigned offset = 0; lines[offset]; offset++) {
        snprintf(path, sizeof path, BANK "/line%u", offset);
        make_folder(path);
        write_text(lines[offset], "%s/name", path);
    }
    false_chip_plug();
}
