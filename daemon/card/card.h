/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard's card and the picture of the lamp's patterns, drawn from the table of the lights by
 * which the lamps shine. Both are SVG, with nothing in them that is fetched. 0, or a negative errno
 * when a text does not fit or the stream fails; the stream stays the caller's.
 */
#ifndef TOCSIN_CARD_CARD_H
#define TOCSIN_CARD_CARD_H

#include <stdio.h>

#include "base/err.h"

/* One page A4, to hang beside the button. */
int card_write_page(FILE *out, struct err *e);

/* The patterns with their names, for a document. */
int card_write_picture(FILE *out, struct err *e);

#endif
