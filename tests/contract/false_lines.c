/* SPDX-License-Identifier: Apache-2.0 */
#include "false_lines.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpio/gpio_line.h"

#define LINES_MAX 8

static struct {
    const char *name;
    bool plugged;
    unsigned plugs; /* a line of before the last one is dead */
    struct false_line lines[LINES_MAX];
    char names[LINES_MAX][20];
} chip;

struct gpio_line {
    struct false_line *line;
    bool low; /* active */
    unsigned plugs;
};

void false_lines_make(const char *name)
{
    memset(&chip, 0, sizeof chip);
    chip.name = name;
    chip.plugged = true;
}

struct false_line *false_line(const char *name)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        if (chip.names[i][0] == '\0')
            snprintf(chip.names[i], sizeof chip.names[i], "%s", name);
        if (strcmp(chip.names[i], name) == 0)
            return &chip.lines[i];
    }
    ck_abort_msg("more than %d lines", LINES_MAX);
    return NULL;
}

void false_lines_unplug(void)
{
    chip.plugged = false;
    chip.plugs++;
}

void false_lines_plug(void)
{
    for (size_t i = 0; i < LINES_MAX; i++)
        chip.lines[i].high = false;
    chip.plugged = true;
}

unsigned false_lines_open(void)
{
    unsigned count = 0;
    for (size_t i = 0; i < LINES_MAX; i++) {
        ck_assert_uint_le(chip.lines[i].opens, 1);
        count += chip.lines[i].opens;
    }
    return count;
}

static bool is_there(const struct gpio_line *h)
{
    return chip.plugged && h->plugs == chip.plugs;
}

int gpio_line_open(const struct gpio_line_wish *wish, struct gpio_line **ret_line, struct err *e)
{
    ck_assert(wish->output); /* what drives lamps and relays watches nothing */
    if (!chip.plugged || strcmp(wish->chip, chip.name) != 0)
        return err_set(e, ENOENT, "chip %s is not there", wish->chip);
    struct false_line *line = false_line(wish->line);
    ck_assert_msg(line->opens == 0, "%s is taken twice", wish->line);
    if (line->held) {
        line->refused++;
        return err_set(e, EBUSY, "line %s is held by \"stranger\"", wish->line);
    }
    struct gpio_line *h = calloc(1, sizeof *h);
    ck_assert_ptr_nonnull(h);
    *h = (struct gpio_line){
        .line = line, .low = wish->active == GPIO_ACTIVE_LOW, .plugs = chip.plugs};
    line->opens++;
    line->high = h->low; /* off, as is asked of the kernel with the request */
    *ret_line = h;
    return 0;
}

int gpio_line_read_level(struct gpio_line *h, bool *ret_active, struct err *e)
{
    h->line->reads++;
    if (!is_there(h))
        return err_set(e, ENODEV, "reading the level");
    *ret_active = h->line->high != h->low;
    return 0;
}

int gpio_line_set(struct gpio_line *h, bool active, struct err *e)
{
    struct false_line *line = h->line;
    if (!is_there(h) || line->set_fails)
        return err_set(e, EIO, "setting the level");
    line->high = active != h->low;
    ck_assert_uint_lt(line->sets, FALSE_LINES_SETS_MAX - 1);
    line->driven[line->sets++] = line->high ? '1' : '0';
    return 0;
}

void gpio_line_close(struct gpio_line *h)
{
    if (!h)
        return;
    h->line->opens--;
    free(h);
}

int gpio_line_fd(struct gpio_line *h)
{
    (void)h;
    ck_abort_msg("a driven line has no events");
    return -1;
}

int gpio_line_read_edge(struct gpio_line *h, bool *ret_active, int64_t *ret_at_ns, struct err *e)
{
    (void)h, (void)ret_active, (void)ret_at_ns, (void)e;
    ck_abort_msg("a driven line has no edges");
    return -1;
}
