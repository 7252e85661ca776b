/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three LEDs of the kernel's LED class (red, amber, green), all driven by the kernel's `pattern`
 * trigger: it blinks them whatever this process does.
 *
 * A lamp that stands still must not go on to promise anything. So the patterns of a green light
 * that is on and of an amber one that is off run once, and end with green off and amber on, unless
 * this process begins them anew every second. A loop that stands still, or a process that was
 * killed, is amber alone after STALL_MS.
 *
 * The trigger's files appear when it is set, as root's; the udev rule then gives them to our group.
 * Until that has happened a light is tried again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/indicator/indicators.h"
#include "drivers/indicator/lights.h"

struct ledclass_options {
    char *red, *amber, *green;
    char *folder;
};

#define LIGHTS         3
#define ALIVE_MS       1000
#define RETRY_MS       100
#define PATIENCE_TRIES 30 /* of RETRY_MS: so long udev may take */
#define STALL_MS       5000
#define LONG_MS        60000

/* Two steps of the light: for `first_ms` lit or not, then for `second_ms` lit or not. */
struct program {
    bool first;
    int first_ms;
    bool second;
    int second_ms;
    const char *repeat; /* "-1": for ever; "1": once, unless it is begun anew */
};

static const struct program programs[] = {
    [LIGHT_OFF] = {false, LONG_MS, false, LONG_MS, "-1"},
    [LIGHT_ON] = {true, LONG_MS, true, LONG_MS, "-1"},
    [LIGHT_SLOW] = {true, LIGHT_SLOW_HALF_MS, false, LIGHT_SLOW_HALF_MS, "-1"},
    [LIGHT_FAST] = {true, LIGHT_FAST_HALF_MS, false, LIGHT_FAST_HALF_MS, "-1"},
};
static const struct program off_then_on = {false, STALL_MS, true, 1000, "1"};
static const struct program on_then_off = {true, STALL_MS, false, 1000, "1"};

struct one_light {
    const char *name; /* of the LED */
    const struct program *wanted;
    enum light plain; /* the same without the trigger */
    bool shown;       /* `wanted` is what the LED shows */
    bool triggered;   /* its trigger is ours */
    unsigned tries;
};

struct indicator {
    const struct ledclass_options *options;
    struct indicator_host host;
    struct one_light lights[LIGHTS]; /* green, amber, red */
    uv_timer_t timer;
};

static const struct option option_table[] = {
    {.key = "red",
     .type = OPTION_STRING,
     .offset = offsetof(struct ledclass_options, red),
     .required = 1,
     .help = "Name of the red LED under the folder."},
    {.key = "amber",
     .type = OPTION_STRING,
     .offset = offsetof(struct ledclass_options, amber),
     .required = 1,
     .help = "Name of the amber LED."},
    {.key = "green",
     .type = OPTION_STRING,
     .offset = offsetof(struct ledclass_options, green),
     .required = 1,
     .help = "Name of the green LED."},
    {.key = "folder",
     .type = OPTION_PATH,
     .offset = offsetof(struct ledclass_options, folder),
     .fallback = "/sys/class/leds",
     .help = "Where the kernel shows its LEDs."},
    OPTION_TABLE_END,
};

static void on_timer(uv_timer_t *timer);

/* sysfs answers from memory: this does not wait for a disk. */
static int write_value(const struct indicator *i, const char *led, const char *file,
                       const char *value)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s/%s", i->options->folder, led, file);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = write(fd, value, strlen(value)) < 0 ? -errno : 0;
    close(fd);
    return result;
}

/* The trigger is set once: to set it again would make its files anew, and root's. */
static int set_trigger(const struct indicator *i, struct one_light *one)
{
    int result = one->triggered ? 0 : write_value(i, one->name, "trigger", "pattern");
    one->triggered = result == 0;
    return result;
}

/* The kernel refuses a brightness above the LED's own. */
static int read_full(const struct indicator *i, const char *led)
{
    char path[512], text[16] = "";
    snprintf(path, sizeof path, "%s/%s/max_brightness", i->options->folder, led);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    int full = got > 0 ? atoi(text) : 0;
    return full > 0 ? full : 255;
}

/* Brightness and milliseconds in turn; equal neighbours with no time between them make a step,
 * without them the kernel would fade. */
static int write_program(const struct indicator *i, const char *led, const struct program *p)
{
    int full = read_full(i, led), first = p->first ? full : 0, second = p->second ? full : 0;
    char text[100];
    snprintf(text, sizeof text, "%d %d %d 0 %d %d %d 0", first, p->first_ms, first, second,
             p->second_ms, second);
    int result = write_value(i, led, "pattern", text);
    return result == 0 ? write_value(i, led, "repeat", p->repeat) : result;
}

static int set_light(const struct indicator *i, struct one_light *one)
{
    int result = set_trigger(i, one);
    if (result == 0)
        result = write_program(i, one->name, one->wanted);
    one->shown = result == 0;
    if (result == -ENOENT)
        one->triggered = false; /* somebody has given it another trigger, or it is gone */
    /* Without the trigger's help the light is at least right now, if it does not blink. */
    if (result != 0 && !one->triggered)
        write_value(i, one->name, "brightness", one->plain == LIGHT_OFF ? "0" : "255");
    return result;
}

static void explain(const struct indicator *i, const struct one_light *one, int code)
{
    char reason[256];
    if (code == -EINVAL)
        snprintf(reason, sizeof reason,
                 "LED %s has no trigger \"pattern\": it cannot blink, and a gateway that stands "
                 "still would go on to show green (modprobe ledtrig-pattern)",
                 one->name);
    else
        snprintf(reason, sizeof reason, "LED %s cannot be set: %s%s", one->name, strerror(-code),
                 code == -EACCES ? " (is 60-tocsin-gpio.rules installed, and the user in group "
                                   "gpio?)"
                                 : "");
    i->host.on_fault(i->host.arg, reason);
}

/* Sets what is not right yet. */
static void settle(struct indicator *i)
{
    bool good = true;
    int64_t next_ms = ALIVE_MS;
    for (int n = 0; n < LIGHTS; n++) {
        struct one_light *one = &i->lights[n];
        int result = one->shown ? 0 : set_light(i, one);
        if (result == 0) {
            one->tries = 0;
            continue;
        }
        good = false;
        bool is_early = result == -EACCES && one->tries++ < PATIENCE_TRIES;
        if (is_early)
            next_ms = RETRY_MS;
        else
            explain(i, one, result);
    }
    if (good)
        i->host.on_fault(i->host.arg, NULL);
    uv_timer_start(&i->timer, on_timer, (uint64_t)next_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct indicator *i = timer->data;
    for (int n = 0; n < LIGHTS; n++) {
        struct one_light *one = &i->lights[n];
        bool once = one->shown && strcmp(one->wanted->repeat, "1") == 0;
        if (once && write_value(i, one->name, "repeat", "1") != 0)
            one->shown = false;
    }
    settle(i);
}

static void show(struct indicator *i, enum indicator_pattern pattern)
{
    const struct lights *l = &lights_of[pattern];
    const enum light lights[LIGHTS] = {l->green, l->amber, l->red};
    bool watched = pattern != INDICATOR_PATTERN_OFF;
    for (int n = 0; n < LIGHTS; n++) {
        struct one_light *one = &i->lights[n];
        const struct program *wanted = &programs[lights[n]];
        if (watched && n == 0 && lights[n] == LIGHT_ON)
            wanted = &on_then_off;
        if (watched && n == 1 && lights[n] == LIGHT_OFF)
            wanted = &off_then_on;
        one->shown = one->shown && one->wanted == wanted;
        one->wanted = wanted;
        one->plain = lights[n];
    }
    settle(i);
}

static int open_ledclass(const void *options, const struct indicator_host *host, uv_loop_t *loop,
                         struct indicator **ret_indicator, struct err *e)
{
    const struct ledclass_options *o = options;
    struct indicator *i = calloc(1, sizeof *i);
    if (!i)
        return err_set(e, ENOMEM, "ledclass: out of memory");
    i->options = o;
    i->host = *host;
    i->lights[0].name = o->green;
    i->lights[1].name = o->amber;
    i->lights[2].name = o->red;
    uv_timer_init(loop, &i->timer);
    i->timer.data = i;
    show(i, INDICATOR_PATTERN_OFF);
    *ret_indicator = i;
    return 0;
}

static void free_indicator(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_ledclass(struct indicator *i)
{
    if (!i)
        return;
    for (int n = 0; n < LIGHTS; n++)
        write_value(i, i->lights[n].name, "brightness", "0"); /* takes the trigger away, too */
    uv_close((uv_handle_t *)&i->timer, free_indicator);
}

const struct indicator_driver indicator_ledclass = {
    .type = {.name = "ledclass",
             .help = "three LEDs of the kernel's LED class",
             .options = option_table,
             .options_size = sizeof(struct ledclass_options)},
    .open = open_ledclass,
    .show = show,
    .close = close_ledclass,
};
