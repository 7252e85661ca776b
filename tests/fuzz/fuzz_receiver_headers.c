/* SPDX-License-Identifier: Apache-2.0 */
/* Upload-Metadata, Upload-Offset and Range, as anybody may write them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), value[64];
    int64_t first = -1, last = -1, file = size > 0 ? data[0] + 1 : 1;
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (headers_metadata(text, "manifest", value, sizeof value) && strlen(value) >= sizeof value)
        abort();
    if (headers_number(text) < -1)
        abort();
    if (headers_range(text, file, &first, &last) == HEADERS_RANGE_PART &&
        (first < 0 || last < first || last >= file))
        abort();
    free(text);
    return 0;
}
