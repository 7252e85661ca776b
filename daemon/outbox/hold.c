/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/hold.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/folder_lock.h"
#include "base/log.h"
#include "outbox/record.h"

#define WHO       "tocsind"
#define PATH_SIZE 4200
#define AGAIN_NS  INT64_C(1000000000)

void hold_init(struct hold *h)
{
    *h = (struct hold){.folder = -1, .file = -1};
}

static int take_folder(struct hold *h, const char *store_path, struct err *e)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(store_path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - store_path) : 1,
             slash ? store_path : ".");
    return folder_lock_take(folder, WHO, &h->folder, e);
}

/* Named by the store: the run folder may be another gateway's, too. */
static int take_file(struct hold *h, const char *store_path, const char *run_folder, struct err *e)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/store-%016llx.lock", run_folder,
             (unsigned long long)record_checksum(store_path, strlen(store_path)));
    return folder_lock_take_file(path, WHO, &h->file, e);
}

int hold_begin(struct hold *h, const char *store_path, const char *run_folder, struct err *e)
{
    int result = run_folder ? take_file(h, store_path, run_folder, e) : 0;
    if (result != 0 && result != -EADDRINUSE)
        log_warning("outbox", "%s: no second tocsind is kept out by it", e->text);
    return result == -EADDRINUSE ? result : 0;
}

int hold_folder(struct hold *h, const char *store_path, struct err *e)
{
    int result = take_folder(h, store_path, e);
    h->lacks_folder = result == FOLDER_LOCK_OF_THE_DEAD;
    h->is_of_another = result == -EADDRINUSE;
    bool is_news = !h->is_told;
    h->is_told = result < 0 && !h->is_of_another;
    if (h->is_told && is_news)
        log_warning("outbox", "%s: no second tocsind is kept out by it", e->text);
    return h->is_of_another ? -EBUSY : 0;
}

/* Who is about to end looks alive for a moment: the second look in a row counts. */
int hold_folder_again(struct hold *h, const char *store_path, int64_t now_ns, struct err *e)
{
    if (!h->lacks_folder || now_ns - h->tried_ns < AGAIN_NS)
        return 0;
    h->tried_ns = now_ns;
    int result = take_folder(h, store_path, e);
    bool is_sure = h->was_of_another;
    h->was_of_another = result == -EADDRINUSE;
    h->lacks_folder = result != 0;
    return h->was_of_another && is_sure ? -EBUSY : 0;
}

void hold_end(struct hold *h)
{
    if (h->folder >= 0)
        close(h->folder);
    if (h->file >= 0)
        close(h->file);
    hold_init(h);
}
