/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts in a row, each of which meets its store in time, late or never, and is killed at each
 * commit: what was open before the kills, and nothing else, is open after them. A process of its
 * own lives each of these lives; what it has done stands in memory that outlives it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "outbox_hidden.h"
#include "run_suite.h"
#include "watched_vfs.h"

#define ROW_SIZE 24

enum meeting_kind { IN_TIME, LATE, NEVER, KINDS };

/* Alarms are bits. A kill may come between the deed and the note: both are noted. */
static struct done {
    uint32_t begun, pressed;  /* is about to be pressed; was told */
    uint32_t closing, closed; /* likewise */
    bool lived;               /* to the end */
} * done;

/* The gateway, in short: which alarms are open, and whether it knows those of the store. */
struct gateway {
    struct fixture *f;
    uint32_t open;
    uint32_t known; /* without the store: what that has of them is older */
    bool is_apart, has_numbers;
    uint64_t seq;
};

static uint32_t alarms_of(const char *row)
{
    return row ? (uint32_t)strtoul(row + 1, NULL, 16) : 0;
}

/* That of the event that it goes with, which an event of the gateway names itself. */
static uint32_t alarm_named_in(const char *row)
{
    const char *named = row ? strchr(row, ' ') : NULL;
    return named ? (uint32_t)strtoul(named, NULL, 16) : 0;
}

static const char *write_row(const struct gateway *g, uint32_t named, char row[ROW_SIZE])
{
    snprintf(row, ROW_SIZE, "%c%x %x", g->is_apart ? '-' : '+', g->open, named);
    return row;
}

static void take_over(struct gateway *g, const char *row)
{
    char text[ROW_SIZE];
    if (g->is_apart)
        g->open |= alarms_of(row) & ~g->known;
    g->is_apart = false;
    outbox_save_row(g->f->outbox, &(struct outbox_row){"incidents", write_row(g, 0, text)});
    outbox_joined(g->f->outbox);
}

static void begin_life(struct gateway *g, enum meeting_kind kind)
{
    struct fixture *f = g->f;
    f->stays_apart = true; /* says itself when it is one */
    f->start_wait_ms = kind == IN_TIME ? 0 : 1;
    watched_vfs_hold_opens(kind != IN_TIME);
    open_outbox(f);
    const char *row = outbox_found_text(&f->found, "incidents");
    const struct outbox_found *earlier = f->found.earlier;
    g->open = alarms_of(row);
    g->is_apart = row ? row[0] == '-' : f->found.unknown[0] != '\0';
    for (size_t i = 0; i < f->found.restored_count; i++)
        g->known |= alarm_named_in(f->found.restored[i].row_text);
    store_again(f);
    if (kind == IN_TIME)
        take_over(g, earlier ? outbox_found_text(earlier, "incidents") : NULL);
}

static void tell(struct gateway *g, uint32_t alarm)
{
    char row[ROW_SIZE];
    g->known |= alarm;
    if (!g->has_numbers)
        g->seq = g->f->found.numbers_unknown ? begin_numbers(g->f) : g->f->found.used_seq;
    g->has_numbers = true;
    put(g->f, ++g->seq, write_row(g, alarm, row));
}

static void press(struct gateway *g)
{
    uint32_t alarm = done->begun + 1; /* the next bit */
    done->begun |= alarm;
    g->open |= alarm;
    tell(g, alarm);
    done->pressed |= alarm;
}

/* The oldest that is known. */
static void close_one(struct gateway *g)
{
    uint32_t alarm = g->open & -g->open;
    done->closing |= alarm;
    g->open &= ~alarm;
    tell(g, alarm);
    done->closed |= alarm;
}

static void on_written(void *arg)
{
    *(bool *)arg = true;
}

static void wait_written(const struct gateway *g)
{
    bool is_written = false;
    outbox_when_written(g->f->outbox, on_written, &is_written);
    turn_until(g->f, &is_written);
}

static void live(struct fixture *f, enum meeting_kind kind)
{
    struct gateway g = {.f = f};
    begin_life(&g, kind);
    press(&g);
    press(&g);
    close_one(&g);
    if (kind == NEVER)
        return;
    watched_vfs_hold_opens(false);
    if (kind == LATE) {
        turn_until(f, &f->came_late);
        take_over(&g, f->late_row);
        wait_written(&g); /* or is killed before it makes any more */
    }
    press(&g);
    close_one(&g);
    wait_written(&g);
}

/* Killed at that sync of the log, or when it has lived its life: whether there was such a sync. */
static bool live_and_be_killed(struct fixture *f, enum meeting_kind kind, unsigned at_sync)
{
    int status;
    done->lived = false;
    pid_t pid = fork();
    if (pid == 0) {
        watched_vfs_kill_at_sync(at_sync);
        live(f, kind);
        done->lived = true;
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %x", status);
    return !done->lived;
}

/* Whenever that start meets its store. */
static void check_open(struct fixture *f, enum meeting_kind kind, const char *of)
{
    struct gateway g = {.f = f};
    f->stored = 0;
    begin_life(&g, kind);
    watched_vfs_hold_opens(false);
    if (kind == LATE) {
        turn_until(f, &f->came_late);
        take_over(&g, f->late_row);
    }
    uint32_t must = done->pressed & ~done->closing, may = done->begun & ~done->closed;
    ck_assert_msg((g.open & must) == must && (g.open & ~may) == 0,
                  "%s: open %x, at least %x, at most %x", of, g.open, must, may);
    wait_written(&g);
    close_outbox(f);
    f->start_wait_ms = 0;
    open_outbox(f); /* and so it stays */
    ck_assert_uint_eq(alarms_of(outbox_found_text(&f->found, "incidents")), g.open);
    ck_assert_ptr_null(f->found.earlier);
}

static bool run_one(const enum meeting_kind kinds[2], const unsigned at_sync[2])
{
    const enum meeting_kind last = (at_sync[0] + at_sync[1]) % 2 ? LATE : IN_TIME;
    struct fixture *f = begin();
    char of[60];
    close_outbox(f);
    f->journal_dir = journal_dir;
    *done = (struct done){0};
    live_and_be_killed(f, IN_TIME, 0);
    bool was_there = live_and_be_killed(f, kinds[0], at_sync[0]);
    bool is_there = live_and_be_killed(f, kinds[1], at_sync[1]);
    snprintf(of, sizeof of, "kinds %d %d %d, killed at syncs %u %u", kinds[0], kinds[1], last,
             at_sync[0], at_sync[1]);
    check_open(f, last, of);
    end(f);
    cut_power();
    return at_sync[1] > 0 ? is_there : was_there || at_sync[0] == 0;
}

START_TEST(what_is_open_outlives_two_starts_that_are_killed_at_any_commit)
{
    const enum meeting_kind kinds[2] = {(enum meeting_kind)(_i % KINDS),
                                        (enum meeting_kind)(_i / KINDS)};
    unsigned at[2] = {0, 0};
    for (; at[0] == 0 || run_one(kinds, (unsigned[]){at[0], 0}); at[0]++) {
        for (at[1] = 1; run_one(kinds, at);)
            at[1]++;
    }
    ck_assert_uint_eq(at[0] > 2, kinds[0] != NEVER); /* each of its commits was one */
}
END_TEST

static void set_up(void)
{
    set_up_hidden();
    done = mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(done, MAP_FAILED);
}

static void tear_down(void)
{
    run("rm -rf %s", journal_dir);
    munmap(done, sizeof *done);
}

int main(void)
{
    Suite *suite = suite_create("outbox_apart");
    TCase *tests = tcase_create("apart");
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, what_is_open_outlives_two_starts_that_are_killed_at_any_commit, 0,
                        KINDS * KINDS);
    return run_suite(suite);
}
