/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers: UUID version 7 (RFC 9562, 5.7) and raw random bytes. Any thread may call. */
#ifndef TOCSIN_BASE_UUID_H
#define TOCSIN_BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_TEXT_SIZE 37

/* Fills `bytes` from getrandom(2); cannot fail once the kernel has booted (aborts if it does). */
void uuid_random(void *bytes, size_t size);

/* A new UUIDv7 for the wall time `wall_ms`, in lower-case text. */
void uuid_v7(int64_t wall_ms, char ret_text[UUID_TEXT_SIZE]);

/* Whether `text` is a UUID of any version in lower-case canonical form. */
bool uuid_is_valid(const char *text);

#endif
