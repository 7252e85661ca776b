/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as a person at the gateway says and reads them: in this machine's time zone. */
#ifndef TOCSIN_CLI_WHEN_H
#define TOCSIN_CLI_WHEN_H

#include <stdint.h>

#define WHEN_TEXT_SIZE 40

/*
 * "2h" (so long ago), "22:41" or "22:41:07" (today), "2026-11-26", "2026-11-26 22:41[:07]" (or with
 * a T between) into milliseconds since 1970. -EINVAL when it is none of
 * them, -ERANGE when that is still to come.
 */
int when_read(const char *text, int64_t now_ms, int64_t *ret_ms);

/* "2026-11-26 22:41:07.123 +08:00" of a time in RFC 3339; what is none is copied. */
void when_write(const char *rfc3339, char ret_text[WHEN_TEXT_SIZE]);

#endif
