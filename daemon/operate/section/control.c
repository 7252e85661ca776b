/* SPDX-License-Identifier: Apache-2.0 */
#include "operate/section/control.h"

#include <assert.h>
#include <sys/un.h>

#include "iface/limits.h"

static_assert(sizeof((struct sockaddr_un *)0)->sun_path == LIMIT_SOCKET_BYTES + 1,
              "what the loader lets through must fit what bind and connect take");

static const struct option table[] = {
    {.key = "socket",
     .type = OPTION_PATH,
     .offset = offsetof(struct config_control, socket),
     .max = LIMIT_SOCKET_BYTES,
     .fallback = "/run/tocsin/control.sock",
     .help = "Unix socket of the tocsin command."},
    OPTION_TABLE_END,
};

const struct section control_section = {
    .name = "control",
    .help = "The technician's command.",
    .options = table,
    .size = sizeof(struct config_control),
};
