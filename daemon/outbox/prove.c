/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/prove.h"

#include <stdlib.h>
#include <string.h>

/* https://www.sqlite.org/fileformat2.html#the_write_ahead_log: a header, then frames, each with a
 * page; frames of the log before it are still there behind those of this one, with another salt. */
#define HEADER_BYTES       32
#define HEADER_PAGE_SIZE   8
#define HEADER_SALT        16
#define FRAME_HEADER_BYTES 24
#define FRAME_SALT         8
#define SALT_BYTES         8
#define LARGEST_PAGE       65536

static int again(sqlite3_file *log, void *bytes, int count, sqlite3_int64 at)
{
    return log->pMethods->xWrite(log, bytes, count, at);
}

/* The frames of this log, one after the other. */
static int write_frames(sqlite3_file *log, const unsigned char *salt, int page_bytes,
                        sqlite3_int64 size)
{
    int frame_bytes = FRAME_HEADER_BYTES + page_bytes, result = SQLITE_OK;
    unsigned char *frame = malloc((size_t)frame_bytes);
    if (!frame)
        return SQLITE_NOMEM;
    for (sqlite3_int64 at = HEADER_BYTES; result == SQLITE_OK && at + frame_bytes <= size;
         at += frame_bytes) {
        result = log->pMethods->xRead(log, frame, frame_bytes, at);
        if (result == SQLITE_OK && memcmp(frame + FRAME_SALT, salt, SALT_BYTES) != 0)
            break;
        if (result == SQLITE_OK)
            result = again(log, frame, frame_bytes, at);
    }
    free(frame);
    return result;
}

int prove_log(sqlite3 *db)
{
    sqlite3_file *log = NULL;
    sqlite3_int64 size = 0;
    unsigned char header[HEADER_BYTES];
    int result = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (result == SQLITE_OK && log && log->pMethods)
        result = log->pMethods->xFileSize(log, &size);
    if (result != SQLITE_OK || size < HEADER_BYTES)
        return result;
    result = log->pMethods->xRead(log, header, HEADER_BYTES, 0);
    const unsigned char *p = header + HEADER_PAGE_SIZE;
    unsigned page_bytes = (unsigned)p[0] << 24 | (unsigned)p[1] << 16 | (unsigned)p[2] << 8 | p[3];
    if (result == SQLITE_OK)
        result = again(log, header, HEADER_BYTES, 0);
    if (result == SQLITE_OK && page_bytes <= LARGEST_PAGE) /* else it is no log, as SQLite knows */
        result = write_frames(log, header + HEADER_SALT, (int)page_bytes, size);
    return result == SQLITE_OK ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : result;
}
