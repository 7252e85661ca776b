/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an edge handed to the core to its event on the disk and known in the loop ("heard"), while
 * something else goes on: nothing (quiet); 30,000 events that wait and go out (backlog), a client
 * that exports 20,000 events without end (export), one that asks for the status without pause
 * (status); and after half a second or more in which nothing happened at all (rested; fewer
 * presses). A case is a gateway of its own in a process of its own, one after the other; the edges
 * come from a thread, so that one may have to wait for what the loop is doing. For each case the
 * parts follow: how long the edge waited for the loop, its event for the store's thread, the
 * transaction, and the way back into the loop.
 *
 *   bench_beside PKI-FOLDER STATE-FOLDER [PRESSES]
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "bench_config.h"
#include "bench_fill.h"
#include "bench_server.h"
#include "bench_stats.h"
#include "delivery/internal.h"
#include "dispatch/dispatch.h"
#include "gateway/internal.h"
#include "outbox/store.h"

#define WARM_UP     20
#define GAP_US      20000
#define PRESSES_MAX 20000

struct bench_case {
    const char *name;
    unsigned stored;     /* events in the store when it starts */
    bool waiting;        /* no receiver has them yet */
    const char *request; /* what a client asks for all the time; NULL for nothing */
    useconds_t gap_us;   /* between two presses, and up to twice as long */
    unsigned share;      /* one of so many of the presses that are wanted */
};

static const struct bench_case cases[] = {
    {"quiet", 0, false, NULL, GAP_US, 1},
    {"backlog", 30000, true, NULL, GAP_US, 1},
    {"export", 20000, false, "{\"command\":\"events.export\"}\n", GAP_US, 1},
    {"status", 0, false, "{\"command\":\"status\"}\n", GAP_US, 1},
    {"rested", 0, false, NULL, 500000, 10},
};

/* Where a press is on its way. */
enum step { STEP_EDGE, STEP_HANDED, STEP_BEGUN, STEP_WRITTEN, STEP_HEARD, STEP_COUNT };

static const char *const waits[STEP_COUNT] = {
    [STEP_HANDED] = "for the loop",
    [STEP_BEGUN] = "for the store's thread",
    [STEP_WRITTEN] = "transaction",
    [STEP_HEARD] = "back into the loop",
};

/* Filled by a case's process, read by the first one. */
struct results {
    size_t count, late; /* late: not on the disk within commit_wait */
    size_t left;        /* events that wait still at the end */
    int64_t ns[PRESSES_MAX];
    int64_t part_ns[STEP_COUNT][PRESSES_MAX];
};

struct bench {
    struct gateway *gw;
    struct results *results;
    size_t wanted, done;
    useconds_t gap_us;
    size_t button;
    bool dirty;                           /* the button is pressed, its incident open */
    _Atomic bool pressed;                 /* and not heard yet */
    _Atomic int64_t at_ns[STEP_COUNT];    /* of the press that is under way */
    _Atomic(const struct event *) event;  /* likewise, once it is made */
    _Atomic(const struct store *) writer; /* while its transaction is open */
    _Atomic bool over;
    uv_async_t edge, clean;
    uv_thread_t presser;
};

static struct bench *running; /* for the calls that the linker gives us, see CMakeLists.txt */

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static void note(enum step step)
{
    running->at_ns[step] = clock_monotonic_ns();
}

void __real_outbox_store(struct outbox *ob, struct event *event, const struct outbox_row *row,
                         const struct outbox_upload *upload, uint32_t upload_receivers,
                         outbox_done_handler done, void *arg);
void __wrap_outbox_store(struct outbox *ob, struct event *event, const struct outbox_row *row,
                         const struct outbox_upload *upload, uint32_t upload_receivers,
                         outbox_done_handler done, void *arg);
int __real_store_put_event(struct store *s, const struct event *event, const struct outbox_row *row,
                           const struct outbox_upload *upload, uint32_t upload_receivers,
                           struct err *e);
int __wrap_store_put_event(struct store *s, const struct event *event, const struct outbox_row *row,
                           const struct outbox_upload *upload, uint32_t upload_receivers,
                           struct err *e);
int __real_store_commit(struct store *s, struct err *e);
int __wrap_store_commit(struct store *s, struct err *e);
void __real_dispatch_offer(struct dispatch *d, struct event *event);
void __wrap_dispatch_offer(struct dispatch *d, struct event *event);

/* Loop thread: the event is made. */
void __wrap_outbox_store(struct outbox *ob, struct event *event, const struct outbox_row *row,
                         const struct outbox_upload *upload, uint32_t upload_receivers,
                         outbox_done_handler done, void *arg)
{
    if (running && running->pressed && event->class == EVENT_CLASS_PRESS) {
        running->event = event;
        note(STEP_HANDED);
    }
    __real_outbox_store(ob, event, row, upload, upload_receivers, done, arg);
}

/* Store thread. What is written before it in the same transaction counts as waiting. */
int __wrap_store_put_event(struct store *s, const struct event *event, const struct outbox_row *row,
                           const struct outbox_upload *upload, uint32_t upload_receivers,
                           struct err *e)
{
    if (running && running->event == event) {
        running->writer = s;
        note(STEP_BEGUN);
    }
    return __real_store_put_event(s, event, row, upload, upload_receivers, e);
}

int __wrap_store_commit(struct store *s, struct err *e)
{
    int result = __real_store_commit(s, e);
    if (running && running->writer == s) {
        running->writer = NULL;
        note(STEP_WRITTEN);
    }
    return result;
}

static void count_press(struct bench *b)
{
    struct results *r = b->results;
    note(STEP_HEARD);
    r->ns[r->count] = b->at_ns[STEP_HEARD] - b->at_ns[STEP_EDGE];
    for (int i = STEP_HANDED; i < STEP_COUNT; i++) {
        if (b->at_ns[i] < b->at_ns[i - 1]) /* of the press before: it is late and still there */
            b->at_ns[i] = b->at_ns[STEP_HEARD];
        r->part_ns[i][r->count] = b->at_ns[i] - b->at_ns[i - 1];
    }
    r->late += r->ns[r->count++] > 50000000;
}

static void end_case(struct bench *b)
{
    struct dispatch_status status;
    dispatch_get_status(b->gw->delivery->dispatch, 0, &status);
    b->results->left = status.backlog;
    b->over = true;
    kill(getpid(), SIGTERM);
}

/* Called when the press is on the disk, or after commit_wait. */
void __wrap_dispatch_offer(struct dispatch *d, struct event *event)
{
    struct bench *b = running;
    bool is_it = event == b->event;
    if (is_it && b->done++ >= WARM_UP)
        count_press(b);
    __real_dispatch_offer(d, event);
    if (!is_it)
        return;
    b->event = NULL;
    b->pressed = false;
    if (b->done == b->wanted + WARM_UP)
        end_case(b);
}

/* The press before is over, and what it leaves is written before the next one. */
static void clean_up(struct bench *b)
{
    if (!b->dirty)
        return;
    b->dirty = false;
    incidents_reset(b->gw->incidents,
                    &incidents_all(b->gw->incidents)[b->button][INCIDENT_CLASS_ALARM], "the bench",
                    NULL);
    inputs_release(b->gw->inputs, b->button);
    b->button = (b->button + 1) % BENCH_BUTTONS;
}

static void on_clean(uv_async_t *clean)
{
    struct bench *b = clean->data;
    if (!b->over && !b->pressed)
        clean_up(b);
}

static void on_edge(uv_async_t *edge)
{
    struct bench *b = edge->data;
    struct err e;
    if (b->over)
        return;
    clean_up(b); /* where the loop came so late that it still has to */
    b->dirty = true;
    if (inputs_simulate(b->gw->inputs, b->button, 0, &e) != 0)
        die(e.text);
}

/* A thread: hands over an edge now and then, whatever the loop is at. */
static void run_presser(void *arg)
{
    struct bench *b = arg;
    usleep(1000000); /* the link is up, and the other load is there */
    while (!b->over) {
        usleep(b->gap_us / 2);
        if (b->pressed)
            continue; /* the one before is not heard yet */
        uv_async_send(&b->clean);
        usleep(b->gap_us / 2 + (useconds_t)rand() % b->gap_us);
        b->at_ns[STEP_EDGE] = clock_monotonic_ns();
        b->pressed = true;
        uv_async_send(&b->edge);
    }
}

/* Asks without pause and reads what comes. */
static void ask_for_ever(const char *path, const char *request)
{
    static char block[1 << 16];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct pollfd fd = {.events = POLLIN};
    size_t length = strlen(request), many = 0;
    bool is_stream = strstr(request, "export") != NULL;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    for (;; close(fd.fd)) {
        fd.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd.fd, (struct sockaddr *)&address, sizeof address) != 0) {
            usleep(10000);
            continue;
        }
        fcntl(fd.fd, F_SETFL, O_NONBLOCK);
        for (many = 0; many + length < sizeof block && !is_stream; many += length)
            memcpy(block + many, request, length);
        if (is_stream && send(fd.fd, request, length, MSG_NOSIGNAL) < 0)
            continue;
        for (bool open = true; open;) {
            static char answer[1 << 16];
            if (!is_stream)
                (void)!send(fd.fd, block, many / length * length, MSG_NOSIGNAL);
            poll(&fd, 1, 100);
            ssize_t got = recv(fd.fd, answer, sizeof answer, 0);
            bool end = got > 12 && memcmp(answer + got - 13, "{\"end\":true}\n", 13) == 0;
            open = got != 0 && !end;
        }
    }
}

static pid_t start_child(void)
{
    pid_t pid = fork();
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

/* In a process of its own. */
static void run_case(const struct bench_case *c, const char *pki, const char *state,
                     struct results *results, size_t wanted)
{
    char folder[300], store[320], control[320], config[400];
    struct err e;
    struct bench *b = calloc(1, sizeof *b);
    struct bench_shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(folder, sizeof folder, "%s/%s", state, c->name);
    snprintf(store, sizeof store, "%s/store", folder);
    snprintf(control, sizeof control, "%s/control.sock", folder);
    mkdir(folder, 0700);
    bench_fill(store, c->stored, c->waiting);
    if (start_child() == 0) {
        bench_serve(pki, shared);
        _exit(1);
    }
    for (int i = 0; atomic_load(&shared->port) == 0 && i < 500; i++)
        usleep(10000);
    if (c->request && start_child() == 0)
        ask_for_ever(control, c->request);
    log_set_level(LOG_LEVEL_ERROR);
    if (!b || !bench_write_config(pki, folder, atomic_load(&shared->port), BENCH_NONE, config,
                                  sizeof config))
        die("configuration");
    *b = (struct bench){.results = results, .wanted = wanted, .gap_us = c->gap_us};
    running = b;
    if (gateway_start(config, NULL, &b->gw, &e) != 0)
        die(e.text);
    uv_async_init(&b->gw->loop, &b->edge, on_edge);
    uv_async_init(&b->gw->loop, &b->clean, on_clean);
    b->edge.data = b->clean.data = b;
    uv_unref((uv_handle_t *)&b->edge);
    uv_unref((uv_handle_t *)&b->clean);
    uv_thread_create(&b->presser, run_presser, b);
    gateway_run(b->gw);
    uv_thread_join(&b->presser);
    _exit(0); /* its children go with it */
}

static void print(const char *name, struct results *r, struct bench_series *quiet)
{
    struct bench_series s = {.count = r->count, .ns = r->ns};
    double p50 = bench_percentile_us(&s, 50), p99 = bench_percentile_us(&s, 99);
    printf("{\"bench\":\"press\",\"case\":\"heard, %s\",\"n\":%zu,\"p50_us\":%.0f,\"p99_us\":%.0f,"
           "\"max_us\":%.0f,\"late\":%zu,\"left\":%zu",
           name, s.count, p50, p99, bench_percentile_us(&s, 100), r->late, r->left);
    if (quiet)
        printf(",\"of_quiet_p50\":%.2f,\"of_quiet_p99\":%.2f", p50 / bench_percentile_us(quiet, 50),
               p99 / bench_percentile_us(quiet, 99));
    printf("}\n");
    for (int i = STEP_HANDED; i < STEP_COUNT; i++) {
        char part[100];
        struct bench_series waited = {.count = r->count, .ns = r->part_ns[i]};
        snprintf(part, sizeof part, "heard, %s: %s", name, waits[i]);
        bench_print(part, &waited, NULL);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    enum { COUNT = sizeof cases / sizeof *cases };
    if (argc < 3)
        die("usage: bench_beside PKI-FOLDER STATE-FOLDER [PRESSES]");
    size_t wanted = argc > 3 ? strtoul(argv[3], NULL, 10) : 300;
    size_t size = sizeof(struct results) * COUNT;
    struct results *results =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (results == MAP_FAILED || wanted > PRESSES_MAX)
        die("so many presses cannot be counted");
    struct bench_series quiet = {.ns = results[0].ns};
    int failed = 0;
    for (int i = 0; i < COUNT; i++) {
        int status;
        size_t share = (wanted + cases[i].share - 1) / cases[i].share;
        pid_t pid = fork();
        if (pid == 0)
            run_case(&cases[i], argv[1], argv[2], &results[i], share);
        waitpid(pid, &status, 0);
        quiet.count = results[0].count;
        print(cases[i].name, &results[i], i > 0 ? &quiet : NULL);
        failed |= results[i].count != share;
    }
    return failed;
}
