/* SPDX-License-Identifier: Apache-2.0 */
/* The signer drivers there are. A new one is a file and a line in signers.c. */
#ifndef TOCSIN_DRIVERS_SIGNERS_H
#define TOCSIN_DRIVERS_SIGNERS_H

#include "iface/signer.h"

extern const struct signer_driver signer_pem;

extern const struct driver_type *const signer_types[]; /* ends with NULL */

#endif
