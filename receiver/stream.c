/* SPDX-License-Identifier: Apache-2.0 */
/* Each viewer has a thread of its own (see main.c): one that does not read waits by itself. */
#include <stdio.h>
#include <stdlib.h>

#include "http.h"

#define STILL_HERE_S 10

struct stream {
    struct receiver *receiver;
    int64_t version;
    bool begun;
};

static ssize_t on_read(void *arg, uint64_t position, char *buffer, size_t size)
{
    struct stream *s = arg;
    (void)position;
    if (!s->begun) {
        s->begun = true;
        return snprintf(buffer, size, "retry: 1000\ndata: %lld\n\n", (long long)s->version);
    }
    for (int i = 0; i < STILL_HERE_S; i++) {
        int64_t version = store_wait(s->receiver->store, s->version, 1000);
        if (atomic_load(&s->receiver->stopping))
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (version != s->version) {
            s->version = version;
            return snprintf(buffer, size, "data: %lld\n\n", (long long)version);
        }
    }
    return snprintf(buffer, size, ": still here\n\n");
}

enum MHD_Result stream_send(struct receiver *r, struct MHD_Connection *c)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return MHD_NO;
    s->receiver = r;
    s->version = store_version(r->store);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 256, on_read, s, free);
    if (!response) {
        free(s);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result result = MHD_queue_response(c, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}
