/* SPDX-License-Identifier: Apache-2.0 */
#include "input_watcher.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/input/inputs.h"

static const char *const what_names[] = {
    [TOLD_ACTIVE] = "active", [TOLD_REST] = "rest",         [TOLD_CARD] = "card",
    [TOLD_FAULT] = "fault",   [TOLD_NO_FAULT] = "no fault",
};

static void print_told(const struct watcher *w)
{
    for (size_t i = w->count > 30 ? w->count - 30 : 0; i < w->count; i++)
        fprintf(stderr, "  %s%zu: %s cause %d at %lld %s\n", i == w->mark ? "mark, " : "", i,
                what_names[w->told[i].what], (int)w->told[i].cause, (long long)w->told[i].at_ns,
                w->told[i].text);
}

static struct told *write_down(struct watcher *w, enum told_what what, int64_t at_ns,
                               const char *text)
{
    ck_assert_msg(!w->closed, "told %s after close", what_names[what]);
    ck_assert_uint_lt(w->count, WATCHER_TOLD_MAX);
    struct told *told = &w->told[w->count++];
    *told = (struct told){.what = what, .at_ns = at_ns, .told_ns = clock_monotonic_ns()};
    snprintf(told->text, sizeof told->text, "%s", text);
    return told;
}

static void on_level(void *arg, bool active, int64_t at_ns, enum input_cause cause)
{
    write_down(arg, active ? TOLD_ACTIVE : TOLD_REST, at_ns, "")->cause = cause;
}

static void on_card(void *arg, const char *digits, int64_t at_ns)
{
    write_down(arg, TOLD_CARD, at_ns, digits);
}

static void on_fault(void *arg, const char *reason)
{
    write_down(arg, reason ? TOLD_FAULT : TOLD_NO_FAULT, 0, reason ? reason : "");
}

const struct input_driver *watcher_driver(const char *name)
{
    const struct driver_type *type = driver_find(input_types, name);
    ck_assert_msg(type, "there is no driver %s", name);
    return input_driver_of(type);
}

static void set_member(const struct option *o, const char *value, void *member)
{
    int choice = 0;
    switch (o->type) {
    case OPTION_ID:
    case OPTION_STRING:
        memcpy(member, &value, sizeof value);
        return;
    case OPTION_BOOL:
        *(bool *)member = strcmp(value, "true") == 0;
        return;
    case OPTION_CHOICE:
        while (strcmp(o->choices[choice], value) != 0)
            ck_assert_ptr_nonnull(o->choices[++choice]);
        *(int *)member = choice;
        return;
    case OPTION_DURATION:
        *(int64_t *)member = strtoll(value, NULL, 10) * (strstr(value, "ms") ? 1 : 1000);
        return;
    case OPTION_INT:
    case OPTION_DECIMAL:
    case OPTION_SIZE:
    case OPTION_CHOICES:
    case OPTION_LIST:
    case OPTION_PATH:
    case OPTION_PATHS:
    case OPTION_SECRET:
        break;
    }
    ck_abort_msg("%s: no input driver had such an option before", o->key);
}

void watcher_fill(const struct input_driver *driver, const struct input_settings *settings,
                  void *ret_options, size_t size)
{
    ck_assert_uint_le(driver->type.options_size, size);
    memset(ret_options, 0, size);
    for (const struct option *o = driver->type.options; o->key; o++) {
        const char *value = o->fallback;
        for (size_t i = 0; i < INPUT_WORLD_OPTIONS_MAX && settings->of[i].key; i++) {
            if (strcmp(settings->of[i].key, o->key) == 0)
                value = settings->of[i].value;
        }
        if (value)
            set_member(o, value, (char *)ret_options + o->offset);
    }
}

void watcher_open(struct watcher *w, const char *driver, const struct input_settings *settings,
                  enum input_contact contact, uv_loop_t *loop)
{
    struct err e = {.text = ""};
    *w = (struct watcher){.driver = watcher_driver(driver), .loop = loop};
    const struct input_host host = {
        .on_level = on_level, .on_card = on_card, .on_fault = on_fault, .arg = w};
    watcher_fill(w->driver, settings, w->options, sizeof w->options);
    int result = w->driver->open(w->options, contact, &host, loop, &w->input, &e);
    ck_assert_msg(result == 0, "open: %s", e.text);
}

void watcher_close(struct watcher *w)
{
    if (w->input)
        w->driver->close(w->input);
    w->input = NULL;
    w->closed = true;
}

void watcher_mark(struct watcher *w)
{
    w->mark = w->count;
}

const struct told *watcher_find(const struct watcher *w, enum told_what what)
{
    for (size_t i = w->mark; i < w->count; i++) {
        if (w->told[i].what == what)
            return &w->told[i];
    }
    return NULL;
}

size_t watcher_count(const struct watcher *w, enum told_what what)
{
    size_t found = 0;
    for (size_t i = w->mark; i < w->count; i++)
        found += w->told[i].what == what;
    return found;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static bool was_told(const struct watcher *w, int what)
{
    return watcher_find(w, (enum told_what)what) != NULL;
}

static bool is_level(const struct watcher *w, int active)
{
    for (size_t i = w->count; i > 0; i--) {
        enum told_what what = w->told[i - 1].what;
        if (what == TOLD_ACTIVE || what == TOLD_REST)
            return (what == TOLD_ACTIVE) == (active != 0);
    }
    return false;
}

/* Runs the loop until `done` says so; the tick lets it look at the time. */
static bool run_until(uv_loop_t *loop, bool (*done)(const struct watcher *w, int arg),
                      const struct watcher *w, int arg, int64_t patience_ms)
{
    uv_timer_t tick;
    int64_t end_ms = clock_monotonic_ms() + patience_ms;
    uv_timer_init(loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    while (!done(w, arg) && clock_monotonic_ms() < end_ms)
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    return done(w, arg);
}

const struct told *watcher_await(struct watcher *w, enum told_what what)
{
    if (!run_until(w->loop, was_told, w, (int)what, WATCHER_PATIENCE_MS)) {
        print_told(w);
        ck_abort_msg("was not told: %s", what_names[what]);
    }
    return watcher_find(w, what);
}

void watcher_await_level(struct watcher *w, bool active)
{
    if (!run_until(w->loop, is_level, w, active, WATCHER_PATIENCE_MS)) {
        print_told(w);
        ck_abort_msg("the last level is not %s", active ? "active" : "rest");
    }
}

static bool never(const struct watcher *w, int arg)
{
    (void)w;
    (void)arg;
    return false;
}

void watcher_idle(uv_loop_t *loop, unsigned ms)
{
    run_until(loop, never, NULL, 0, (int64_t)ms);
}
