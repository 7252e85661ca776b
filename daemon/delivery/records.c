/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "delivery/internal.h"

struct record {
    STAILQ_ENTRY(record) next;
    bool upload;
    size_t receiver;
    uint64_t seq;
    unsigned attempts;
    struct uplink_result result; /* its evidence is ours */
};

void records_init(struct delivery *d)
{
    STAILQ_INIT(&d->records);
}

static char *copy(const char *text)
{
    char *made = text ? strdup(text) : NULL;
    if (text && !made)
        abort();
    return made;
}

void records_add(struct delivery *d, bool upload, size_t receiver, uint64_t seq, unsigned attempts,
                 const struct uplink_result *result)
{
    struct record *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    *r = (struct record){.upload = upload,
                         .receiver = receiver,
                         .seq = seq,
                         .attempts = attempts,
                         .result = {.outcome = result->outcome,
                                    .finished_ns = result->finished_ns,
                                    .request_headers = copy(result->request_headers),
                                    .receipt = copy(result->receipt),
                                    .receipt_length = result->receipt_length,
                                    .receipt_headers = copy(result->receipt_headers)}};
    STAILQ_INSERT_TAIL(&d->records, r, next);
}

static void free_record(struct record *r)
{
    free((char *)r->result.request_headers);
    free((char *)r->result.receipt);
    free((char *)r->result.receipt_headers);
    free(r);
}

static void hand_over(struct delivery *d, const struct record *r)
{
    if (r->upload)
        outbox_record_upload(d->options.outbox, r->seq, r->receiver, &r->result);
    else
        outbox_record_delivery(d->options.outbox, r->seq, r->receiver, r->attempts, &r->result);
}

static void take_all(struct delivery *d, bool keep)
{
    struct record *r;
    while ((r = STAILQ_FIRST(&d->records))) {
        STAILQ_REMOVE_HEAD(&d->records, next);
        if (keep)
            hand_over(d, r);
        free_record(r);
    }
}

void records_hand_over(struct delivery *d)
{
    take_all(d, true);
}

void records_drop(struct delivery *d)
{
    take_all(d, false);
}
