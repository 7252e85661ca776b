/* SPDX-License-Identifier: Apache-2.0 */
#include "events/section/storage.h"

#include "base/lasting.h"
#include "conf/measures.h"

static const struct option table[] = {
    {.key = "state_dir",
     .type = OPTION_PATH,
     .offset = offsetof(struct config_storage, state_dir),
     .fallback = "/var/lib/tocsin",
     .help = "Folder of the outbox, mode 0700."},
    {.key = "journal_dir",
     .type = OPTION_PATH,
     .offset = offsetof(struct config_storage, journal_dir),
     .help = "Folder in memory (a tmpfs) of the journal, in which events lie that are not on the "
             "disk yet. Without it the folder of control.socket."},
    {.key = "reserve_events",
     .type = OPTION_INT,
     .offset = offsetof(struct config_storage, reserve_events),
     .fallback = "20000",
     .min = 100,
     .max = 1000000,
     .help =
         "Alarms for which room is taken on the disk in advance (about 2.5 KiB each, and as much "
         "again for what became of deliveries), so that a full disk still takes them."},
    {.key = "commit_wait",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_storage, commit_wait_ms),
     .fallback = "50ms",
     .min = 0,
     .max = SECOND,
     .help = "How long a press waits for the disk before it is sent from memory."},
    {.key = "keep_days",
     .type = OPTION_INT,
     .offset = offsetof(struct config_storage, keep_days),
     .fallback = "400",
     .min = 30,
     .max = 3650,
     .help = "Days for which receipted events are kept here, counted while the gateway runs: no "
             "wall clock makes an event old."},
    OPTION_TABLE_END,
};

static void note(const struct section_view *view)
{
    size_t count;
    const struct config_storage *storage = section_items(view, &count);
    /* Who starts tells it as a fault, when that disk has answered. */
    const char *forgetting = section_looks(view) ? lasting_forgets(storage->state_dir) : NULL;
    if (forgetting)
        section_note(view, 0, "state_dir",
                     "is on %s, which forgets everything with a power cut: nothing is ever "
                     "\"stored\" there",
                     forgetting);
    if (storage->journal_dir && !lasting_forgets(storage->journal_dir))
        section_note(view, 0, "journal_dir",
                     "is on a disk: each press is written there before anything is sent, and waits "
                     "for that disk; a folder in memory (below /run) never keeps it waiting");
}

const struct section storage_section = {
    .name = "storage",
    .help = "Where events are kept until they are receipted.",
    .options = table,
    .size = sizeof(struct config_storage),
    .note = note,
};
