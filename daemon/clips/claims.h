/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tocsin-video says of its clip, before the gateway signs it: tocsin-video reads strangers'
 * bytes and is trusted less. Every member is of its type, of a known word or bounded, and goes with
 * the others; whether the pictures are what it says nobody here can know. Pure.
 */
#ifndef TOCSIN_CLIPS_CLAIMS_H
#define TOCSIN_CLIPS_CLAIMS_H

#include <jansson.h>
#include <stdint.h>

/* A sentence about the first that is wrong; NULL: none is. `boot` and `now_ms`: nothing of this
 * boot was filmed later. */
const char *claims_wrong(const json_t *manifest, const char *boot, int64_t now_ms);

/* All that claims_wrong has looked at, and not a word more. */
void claims_add(json_t *data, const json_t *manifest);

#endif
