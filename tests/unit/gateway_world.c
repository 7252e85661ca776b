/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway_world.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "run_suite.h"
#include "virtual_time.h"

char said[1000];    /* what the parts were asked, in order */
const char *broken; /* the step that fails; NULL: none */
const char *busy;   /* the part for which a stop has to wait; NULL: none */
int64_t stall_ms;   /* that the next prepare takes */
int signal_at_close;
const struct config *prepared_with;
static const struct config *read_with;
const struct config *used_by_a, *used_by_b, *used_by_c;

void say(const char *step)
{
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%s%s", used ? ", " : "", step);
}

static int take(const char *step, struct err *e)
{
    say(step);
    return broken && strcmp(broken, step) == 0 ? err_set(e, EIO, "%s is broken", step) : 0;
}

static int prepare(const char *step, const struct config *config, char *plan, void **ret_plan,
                   struct err *e)
{
    ck_assert_ptr_eq(config, read_with); /* nothing is prepared that was not read for it */
    prepared_with = config;
    virtual_stall(stall_ms);
    stall_ms = 0;
    int result = take(step, e);
    if (result == 0)
        *ret_plan = plan;
    return result;
}

static const char *held_read; /* the step that waits; NULL: none */
static uv_sem_t read_waits, read_goes_on;

void hold_read(const char *step)
{
    uv_sem_init(&read_waits, 0);
    uv_sem_init(&read_goes_on, 0);
    held_read = step;
}

void await_read(void)
{
    uv_sem_wait(&read_waits);
}

void let_read_go(void)
{
    held_read = NULL;
    uv_sem_post(&read_goes_on);
}

static int read_part(const char *step, const struct config *config, char *read, void **ret_read,
                     struct err *e)
{
    read_with = config;
    int result = take(step, e);
    if (held_read && strcmp(held_read, step) == 0) {
        uv_sem_post(&read_waits);
        uv_sem_wait(&read_goes_on);
    }
    if (result == 0)
        *ret_read = read;
    return result;
}

/* A part with every slot; its plan is its own, and comes back to nobody else. */
#define PART(id)                                                                                   \
    static int open_##id(struct gateway *of, struct err *e)                                        \
    {                                                                                              \
        (void)of;                                                                                  \
        return take("open " #id, e);                                                               \
    }                                                                                              \
    static void load_##id(struct gateway *of)                                                      \
    {                                                                                              \
        ck_assert_str_eq(of->found.rows ? of->found.rows[0].name : "", "a row");                   \
        say("load " #id);                                                                          \
    }                                                                                              \
    static void tick_##id(struct gateway *of)                                                      \
    {                                                                                              \
        (void)of;                                                                                  \
        say("tick " #id);                                                                          \
    }                                                                                              \
    static bool is_busy_##id(struct gateway *of)                                                   \
    {                                                                                              \
        (void)of;                                                                                  \
        return busy && strcmp(busy, #id) == 0;                                                     \
    }                                                                                              \
    static void close_##id(struct gateway *of)                                                     \
    {                                                                                              \
        (void)of;                                                                                  \
        say("close " #id);                                                                         \
        if (signal_at_close)                                                                       \
            raise(signal_at_close);                                                                \
    }                                                                                              \
    static void free_##id(struct gateway *of)                                                      \
    {                                                                                              \
        (void)of;                                                                                  \
        say("free " #id);                                                                          \
    }                                                                                              \
    static char plan_##id, read_of_##id;                                                           \
    static int read_##id(const struct gateway *of, const struct config *config,                    \
                         struct reading *reading, void **ret_read, struct err *e)                  \
    {                                                                                              \
        (void)of;                                                                                  \
        reading_file(reading, "/file/of/" #id);                                                    \
        return read_part("read " #id, config, &read_of_##id, ret_read, e);                         \
    }                                                                                              \
    static void drop_##id(void *read)                                                              \
    {                                                                                              \
        ck_assert_ptr_eq(read, &read_of_##id);                                                     \
        say("drop " #id);                                                                          \
    }                                                                                              \
    static bool uses_##id(const struct gateway *of, const struct config *config)                   \
    {                                                                                              \
        (void)of;                                                                                  \
        return config == used_by_##id;                                                             \
    }                                                                                              \
    static int prepare_##id(struct gateway *of, const struct config *config, void *read,           \
                            void **ret_plan, struct err *e)                                        \
    {                                                                                              \
        (void)of;                                                                                  \
        ck_assert_ptr_eq(read, &read_of_##id);                                                     \
        return prepare("prepare " #id, config, &plan_##id, ret_plan, e);                           \
    }                                                                                              \
    static void commit_##id(struct gateway *of, void *plan)                                        \
    {                                                                                              \
        (void)of;                                                                                  \
        ck_assert_ptr_eq(plan, &plan_##id);                                                        \
        say("commit " #id);                                                                        \
    }                                                                                              \
    static void abandon_##id(struct gateway *of, void *plan)                                       \
    {                                                                                              \
        (void)of;                                                                                  \
        ck_assert_ptr_eq(plan, &plan_##id);                                                        \
        say("abandon " #id);                                                                       \
    }

#define ROW(id, of_section)                                                                        \
    {                                                                                              \
        .name = #id, .open = open_##id, .load = load_##id, .tick = tick_##id,                      \
        .busy = is_busy_##id, .close = close_##id, .free = free_##id, .section = of_section,       \
        .read = read_##id, .drop = drop_##id, .prepare = prepare_##id, .commit = commit_##id,      \
        .abandon = abandon_##id, .uses = uses_##id                                                 \
    }

PART(a)
PART(b)
PART(c)

/* It opens the store: what was found there is freed when all parts have read it. */
static int open_store(struct gateway *of, struct err *e)
{
    (void)e;
    of->found.rows = calloc(1, sizeof *of->found.rows);
    of->found.rows[0].name = strdup("a row");
    of->found.row_count = 1;
    return 0;
}

const struct part parts[] = {
    {.name = "store", .open = open_store}, /* has nothing else */
    ROW(a, "receivers"),
    ROW(b, NULL),
    ROW(c, "outputs"),
};
const size_t part_count = sizeof parts / sizeof *parts;

/* When all is loaded, and not before. */
void __wrap_events_joined(struct events *ev);
void __wrap_events_joined(struct events *ev)
{
    ck_assert_ptr_null(ev);
    say("joined");
}

void control_reply(struct control_request *request, json_t *answer)
{
    ck_assert(!request->answered);
    request->answered = true;
    snprintf(request->text, sizeof request->text, "%s",
             json_string_value(json_object_get(answer, "text")));
    json_decref(answer);
}

void control_fail(struct control_request *request, const char *format, ...)
{
    va_list arguments;
    ck_assert(!request->answered);
    request->answered = request->failed = true;
    va_start(arguments, format);
    vsnprintf(request->text, sizeof request->text, format, arguments);
    va_end(arguments);
}

struct config_folder folder;
const char *kept_path;
struct gateway *gw;
struct err problem;
static int listener = -1; /* systemd's socket */
struct fact_fault last_fault;
unsigned fault_count;

void write_config(const char *text)
{
    config_folder_write(&folder, "tocsin.yaml", text, strlen(text), 0600);
}

void gateway_begin(void)
{
    config_folder_init(&folder);
    write_config(SITE OTHERS RECEIVER INPUT);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", folder.path);
    listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    unsetenv("WATCHDOG_USEC");
    setenv("UV_THREADPOOL_SIZE", "1", 1);
    virtual_begin();
}

void gateway_end(void)
{
    if (gw && gw->running && !gw->stopping) {
        raise(SIGTERM);
        gateway_run(gw);
    }
    gateway_destroy(gw);
    gw = NULL;
    close(listener);
    config_folder_finish(&folder);
}

const char *notified(void)
{
    static char text[1000];
    size_t used = 0;
    for (ssize_t got; (got = recv(listener, text + used, sizeof text - used - 2, 0)) > 0;) {
        used += (size_t)got;
        text[used++] = '\n';
    }
    text[used] = '\0';
    return text;
}

static void on_fault(void *self, const struct fact *fact)
{
    (void)self;
    last_fault = fact->u.fault;
    fault_count++;
}

void start(void)
{
    ck_assert_msg(gateway_start(folder.file, kept_path, &gw, &problem) == 0, "%s", problem.text);
    facts_subscribe(gw->facts, FACT_BIT(FACT_FAULT_STATED), on_fault, NULL);
    said[0] = '\0';
}
