/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver reads of strangers: signature headers and events. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct signature signature;
    struct event event;
    const char *reason;
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    signature_read(
        text,
        "sig1=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAA==:",
        &signature, &reason);
    signature_read("sig1=x", text, &signature, &reason);
    event_read(text, size, &event, &reason);
    free(text);
    return 0;
}
