/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the link between the daemons. What is accepted must be sayable again, and then be
 * accepted again. */
#include <stdlib.h>
#include <string.h>

#include "videolink/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message message, again;
    struct err e;
    if (message_parse((const char *)data, size, &message, &e) == 0) {
        char *line = message_format(&message);
        if (!line || message_parse(line, strlen(line), &again, &e) != 0 ||
            again.type != message.type)
            abort();
        message_finish(&again);
        free(line);
    }
    message_finish(&message);
    return 0;
}
