/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/signer/signers.h"

const struct driver_type *const signer_types[] = {&signer_pem.type, NULL};
