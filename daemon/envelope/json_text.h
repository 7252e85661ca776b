/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as text, to the byte what json_dumps writes (compact; 12 digits of a real), in a fraction of
 * its time, because a press waits for it. Any thread may call.
 */
#ifndef TOCSIN_ENVELOPE_JSON_TEXT_H
#define TOCSIN_ENVELOPE_JSON_TEXT_H

#include <jansson.h>

#include "base/text.h"

/* Adds it to `t`. Its texts are UTF-8, as those are that jansson's functions have checked. */
void json_text_add(struct text *t, json_t *value);

/* Likewise, if it is UTF-8; else `t` has failed. */
void json_text_add_string(struct text *t, const char *string);

#endif
