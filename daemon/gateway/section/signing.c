/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/section/signing.h"

static const struct option table[] = {OPTION_TABLE_END};

const struct section signing_section = {
    .name = "signing",
    .help = "The key that signs what leaves the gateway.",
    .options = table,
    .size = sizeof(struct config_signing),
    SECTION_DRIVER(struct config_signing, driver),
    SECTION_PLACE(struct config_signing, at),
};
