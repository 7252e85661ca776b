/* SPDX-License-Identifier: Apache-2.0 */
/* Who gives an order: the name that is told, and the user who tells it. */
#include <stdio.h>

#include "base/encode.h"
#include "operate/internal.h"

void operate_name_who(const struct control_request *request, const json_t *arguments, char *ret_who,
                      size_t size)
{
    const char *by = json_string_value(json_object_get(arguments, "by"));
    char user[CONTROL_NAME_SIZE];
    control_user(request, user);
    snprintf(ret_who, size, "%s%s%s%s", by ? by : user, by ? " (" : "", by ? user : "",
             by ? ")" : "");
    encode_trim_utf8(ret_who);
}
