/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power cuts over the store's own code and schema: sim_cuts [CUTS [SEED [LIE]]]
 *
 * Lives of a store (store_life.h) on a disk in memory (cut_disk.h) whose power goes at any call
 * that changes something, also while the store opens after the cut before, or whose process alone
 * is killed. After each the store is opened as at a start, and must then be what was committed, or
 * that and the one transaction under way, nothing else: every event with its bytes, to whom it is
 * owed or who has it, answers, rows of state, the chain's head; and it opens whole, with nothing to
 * salvage.
 *
 * A life follows from its seed, which is told when something is wrong. With LIE the disk, or
 * SQLite's VFS, does something wrong, and the run fails if nobody notices.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "cut_disk.h"
#include "store_life.h"

#define CUTS          800 /* some seconds under the sanitizers */
#define CUTS_OF_LIFE  25
#define THINGS_AT_ALL 60 /* before the power goes between two calls */

static const char *const lies[] = {
    [CUT_DISK_HONEST] = "none",
    [CUT_DISK_SYNCS_NO_LOG] = "log",
    [CUT_DISK_SYNCS_NO_DB] = "database",
    [CUT_DISK_SYNCS_SOME] = "some",
    [CUT_DISK_SYNCS_NO_FOLDER] = "folder",
    [CUT_DISK_TEARS_OLD_BYTES] = "torn",
};

struct run {
    unsigned long long lives, cuts, kills, in_opening, commits, left;
    struct store_life life;
};

static void end_somehow(struct run *r, uint64_t *seed)
{
    enum cut_disk_end end = chance_one_in(seed, 6) ? CUT_DISK_PROCESS : CUT_DISK_POWER;
    store_life_close(&r->life);
    cut_disk_come_back(end);
    r->cuts += end == CUT_DISK_POWER;
    r->kills += end == CUT_DISK_PROCESS;
}

/* Cut again in one of four. */
static void open_at_last(struct run *r, uint64_t *seed)
{
    for (;;) {
        if (chance_one_in(seed, 4))
            cut_disk_cut_after(chance_below(seed, 12));
        store_life_open(&r->life);
        if (!cut_disk_is_off())
            return;
        r->in_opening++;
        end_somehow(r, seed);
    }
}

/* So many things, unless the power goes before. */
static void live_on(struct run *r, unsigned things)
{
    for (; things > 0 && !cut_disk_is_off() && !r->life.is_wrong; things--)
        store_life_go_on(&r->life);
}

static void live_until_cut(struct run *r, uint64_t *seed)
{
    static const unsigned spans[] = {3, 12, 50, 300}; /* calls: a commit has some three */
    if (chance_one_in(seed, 4))
        cut_disk_fail_after((enum cut_disk_failure)chance_below(seed, CUT_DISK_FAILURE_COUNT),
                            chance_below(seed, 20), 1 + chance_below(seed, 3));
    live_on(r, chance_below(seed, 8));
    if (!cut_disk_is_off())
        cut_disk_cut_after(chance_below(seed, spans[chance_below(seed, 4)]));
    live_on(r, THINGS_AT_ALL);
    cut_disk_cut_now();
    end_somehow(r, seed);
}

/* False if something was wrong. */
static bool live(struct run *r, uint64_t seed, enum cut_disk_lie lie)
{
    uint64_t chance = seed;
    cut_disk_begin(seed ^ 1, lie);
    store_life_begin(&r->life, seed ^ 2);
    open_at_last(r, &chance);
    for (int i = 0; i < CUTS_OF_LIFE && !r->life.is_wrong; i++) {
        live_until_cut(r, &chance);
        open_at_last(r, &chance);
    }
    r->lives++;
    r->commits += r->life.commits;
    store_life_close(&r->life);
    return !r->life.is_wrong;
}

static void report(const struct run *r, uint64_t seed)
{
    struct cut_disk_counts disk = cut_disk_counts();
    printf(
        "%llu power cuts (and %llu kills; %llu of both while opening) in %llu lives, %llu commits; "
        "%llu writes, %llu syncs, %llu of the folder; %llu writes not synced when the power went\n",
        r->cuts, r->kills, r->in_opening, r->lives, r->commits, disk.writes, disk.syncs,
        disk.folder_syncs, disk.lost);
    if (r->life.is_wrong)
        printf("WRONG with seed %llu: %s\n", (unsigned long long)seed, r->life.wrong.text);
}

int main(int argc, char **argv)
{
    struct run *r = calloc(1, sizeof *r);
    unsigned long long cuts = argc > 1 ? strtoull(argv[1], NULL, 10) : CUTS;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    size_t lie = 0, count = sizeof lies / sizeof *lies;
    while (argc > 3 && lie < count && strcmp(argv[3], lies[lie]) != 0)
        lie++;
    if (!r || argc > 4 || lie == count) {
        fprintf(stderr, "usage: sim_cuts [CUTS [SEED [log|database|some|folder|torn]]]\n");
        return 2;
    }
    cut_disk_install();
    while (r->cuts < cuts && live(r, seed, (enum cut_disk_lie)lie))
        seed++;
    report(r, seed);
    bool is_right = r->life.is_wrong == (lie != CUT_DISK_HONEST);
    cut_disk_finish();
    free(r);
    return is_right ? 0 : 1;
}
