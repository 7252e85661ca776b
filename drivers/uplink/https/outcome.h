/* SPDX-License-Identifier: Apache-2.0 */
/* What the answer of a receiver means: stored, to be tried again, or a person must mend something.
 * No I/O; only the time of the result is of the clock. Loop thread. */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_OUTCOME_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_OUTCOME_H

#include <stdbool.h>

#include "drivers/uplink/https/answer.h"
#include "iface/uplink.h"
#include "wire/keys.h"
#include "wire/receipt.h"

#define OUTCOME_EVIDENCE_BYTES (PROFILE_TARGET_URI_MAX + 1024)

/* What a receiver's receipts are held to. */
struct outcome_rules {
    struct key_ring keys;
    bool unsigned_allowed;
    bool complained;        /* of answers in the receipts that make no sense */
    struct receipt receipt; /* of the answer that is being judged */
};

/* What was to be stored: an event or a clip (the other one NULL). */
struct outcome_subject {
    const char *event, *clip;
    const char *digest; /* as in a Content-Digest header: of the event, or of the whole clip */
};

/* The bytes that the result borrows. */
struct evidence {
    char request[OUTCOME_EVIDENCE_BYTES];
    char receipt[1024];
};

/* The result borrows from the rules, what was exchanged, and `evidence`. */
void outcome_of(struct outcome_rules *rules, const struct exchanged *what,
                const struct outcome_subject *subject, struct evidence *evidence,
                struct uplink_result *ret_result);

#endif
