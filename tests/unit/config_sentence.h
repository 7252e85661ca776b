/* SPDX-License-Identifier: Apache-2.0 */
/* What the documents must say of an option, made from its table: help, what is legal, default. */
#ifndef TOCSIN_TESTS_CONFIG_SENTENCE_H
#define TOCSIN_TESTS_CONFIG_SENTENCE_H

#include <stddef.h>

#include "iface/driver.h"

/* "How often … . [100ms to 5s; default 500ms]" */
void config_sentence(const struct option *o, char *ret_text, size_t size);

#endif
