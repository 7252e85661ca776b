/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the start of the process `tocsind` to the moment when it read the line of a button that is
 * pressed, and to the first byte of that press at a receiver: with stores of several sizes, whose
 * files are not in the page cache. Each start has another button that is pressed.
 *
 *   bench_start TOCSIND PKI-FOLDER STATE-FOLDER [STARTS]
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench_config.h"
#include "bench_fill.h"
#include "bench_server.h"
#include "bench_stats.h"

#define WAIT_MS 120000

static const unsigned sizes[] = {0, 25000, 300000};

struct bench {
    const char *program, *pki, *folder;
    struct bench_shared *shared;
    struct bench_series line, wire;
};

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* Out of the page cache: a box that was switched on has read nothing yet. */
static void forget_files(const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[800];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        fsync(fd);
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
    if (dir)
        closedir(dir);
}

static pid_t run_gateway(const char *program, const char *config)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, 2);
    execl(program, program, "--config", config, NULL);
    _exit(127);
}

static void start_once(struct bench *b, int button)
{
    char store[600], config[600];
    int status;
    snprintf(store, sizeof store, "%s/store", b->folder);
    if (!bench_write_config(b->pki, b->folder, atomic_load(&b->shared->port), button, config,
                            sizeof config))
        die("configuration");
    forget_files(store);
    atomic_store(&b->shared->first_byte_ns, 0);
    int64_t began_ns = clock_monotonic_ns();
    pid_t pid = run_gateway(b->program, config);
    for (int i = 0; atomic_load(&b->shared->first_byte_ns) == 0; i++) {
        if (i == WAIT_MS || waitpid(pid, &status, WNOHANG) == pid)
            die("no press came");
        usleep(1000);
    }
    bench_add(&b->line, atomic_load(&b->shared->pressed_ms) * 1000000 - began_ns);
    bench_add(&b->wire, atomic_load(&b->shared->first_byte_ns) - began_ns);
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
}

static void print(const char *what, struct bench_series *s, double *empty_us)
{
    double p50 = bench_percentile_us(s, 50);
    if (*empty_us == 0)
        *empty_us = p50;
    printf("{\"bench\":\"start\",\"case\":\"%s\",\"n\":%zu,\"p50_us\":%.0f,\"max_us\":%.0f,"
           "\"of_empty_p50\":%.2f}\n",
           what, s->count, p50, bench_percentile_us(s, 100), p50 / *empty_us);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    double empty_line_us = 0, empty_wire_us = 0;
    if (argc < 4)
        die("usage: bench_start TOCSIND PKI-FOLDER STATE-FOLDER [STARTS]");
    int starts = argc > 4 ? atoi(argv[4]) : 10;
    if (starts < 1 || starts > BENCH_BUTTONS)
        die("a start needs a button of its own");
    struct bench_shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bench_serve(argv[2], shared);
        _exit(1);
    }
    for (int i = 0; atomic_load(&shared->port) == 0 && i < 500; i++)
        usleep(10000);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char folder[500], store[520], name[100];
        struct bench b = {.program = argv[1], .pki = argv[2], .folder = folder, .shared = shared};
        snprintf(folder, sizeof folder, "%s/%u", argv[3], sizes[i]);
        snprintf(store, sizeof store, "%s/store", folder);
        mkdir(folder, 0700);
        bench_fill(store, sizes[i], false);
        for (int button = 0; button < starts; button++)
            start_once(&b, button);
        snprintf(name, sizeof name, "%u events: to the line read", sizes[i]);
        print(name, &b.line, &empty_line_us);
        snprintf(name, sizeof name, "%u events: to the first byte of the press", sizes[i]);
        print(name, &b.wire, &empty_wire_us);
        free(b.line.ns);
        free(b.wire.ns);
    }
    return 0;
}
