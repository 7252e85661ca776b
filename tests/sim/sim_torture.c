/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call of the store to its disk fails in turn: sim_torture [STRIDE [SEED]]
 *
 * One life of a store (store_life.h), the same each time, from the making of its file on. In turn
 * each write, sync, read, new name and deletion fails: EIO or ENOSPC with some of it written, a
 * sync that Linux forgets about, with and without what it was to write still being read; once,
 * three times in a row, or thirty. What failed is tried again as the store's thread does it; then
 * the power goes, and the store must be what was committed, whole. Whatever is lost then was
 * believed after a failure. STRIDE: each so manieth call alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "chance.h"
#include "cut_disk.h"
#include "store_life.h"

#define STRIDE 17 /* some seconds under the sanitizers */
#define THINGS 24

static const char *const names[CUT_DISK_FAILURE_COUNT] = {
    [CUT_DISK_FAILS_SYNC] = "syncs",         [CUT_DISK_FAILS_FORGETS] = "syncs that forget",
    [CUT_DISK_FAILS_WRITE] = "writes (EIO)", [CUT_DISK_FAILS_FULL] = "writes (ENOSPC)",
    [CUT_DISK_FAILS_READ] = "reads",
};

static void go_on(struct store_life *l, unsigned things)
{
    for (; things > 0 && !l->is_wrong; things--)
        store_life_go_on(l);
}

/* Whether there was a call left to fail. */
static bool live(struct store_life *l, uint64_t seed, enum cut_disk_failure failure, unsigned call)
{
    static const unsigned runs[] = {1, 3, 30};
    cut_disk_begin(seed ^ 1, CUT_DISK_HONEST);
    store_life_begin(l, seed ^ 2);
    cut_disk_fail_after(failure, call, runs[call % (sizeof runs / sizeof *runs)]);
    store_life_open(l);
    go_on(l, THINGS);
    bool has_failed = cut_disk_failures() > 0;
    cut_disk_fail_after(failure, 0, 0);
    go_on(l, call % 3);
    cut_disk_cut_now();
    store_life_close(l);
    cut_disk_come_back(CUT_DISK_POWER);
    store_life_open(l);
    go_on(l, 2);
    store_life_close(l);
    return has_failed;
}

int main(int argc, char **argv)
{
    struct store_life *l = calloc(1, sizeof *l);
    unsigned stride = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : STRIDE;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    bool is_wrong = false;
    if (!l || argc > 3 || stride == 0) {
        fprintf(stderr, "usage: sim_torture [STRIDE [SEED]]\n");
        return 2;
    }
    cut_disk_install();
    for (int i = 0; i < CUT_DISK_FAILURE_COUNT; i++) {
        unsigned call = 0, lives = 0;
        while (!l->is_wrong && live(l, seed, (enum cut_disk_failure)i, call)) {
            call += stride;
            lives++;
        }
        printf("%s: %u of %u calls failed in turn\n", names[i], lives, call);
        if (l->is_wrong)
            printf("WRONG at call %u with seed %llu: %s\n", call, (unsigned long long)seed,
                   l->wrong.text);
        is_wrong = is_wrong || l->is_wrong;
        l->is_wrong = false;
    }
    cut_disk_finish();
    free(l);
    return is_wrong;
}
