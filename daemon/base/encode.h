/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as text: hexadecimal, base64 (RFC 4648 section 4, padded) and base64url (section 5, without
 * padding). Decoders are strict: no white space, no missing or surplus padding, no stray bits.
 * Any thread may call; nothing is allocated.
 */
#ifndef TOCSIN_BASE_ENCODE_H
#define TOCSIN_BASE_ENCODE_H

#include <stddef.h>
#include <sys/types.h>

#define ENCODE_HEX_SIZE(bytes)       ((bytes)*2 + 1)
#define ENCODE_BASE64_SIZE(bytes)    (((bytes) + 2) / 3 * 4 + 1)
#define ENCODE_BASE64URL_SIZE(bytes) (((bytes)*4 + 2) / 3 + 1)

/* Each writes a NUL behind; `ret_text` holds at least the size given by the macro above. */
void encode_hex(const void *bytes, size_t length, char *ret_text);
void encode_base64(const void *bytes, size_t length, char *ret_text);
void encode_base64url(const void *bytes, size_t length, char *ret_text);

/* Number of bytes written to `ret_bytes`, or -EINVAL if the text is not strict or too long. */
ssize_t decode_hex(const char *text, size_t length, void *ret_bytes, size_t size);
ssize_t decode_base64(const char *text, size_t length, void *ret_bytes, size_t size);
ssize_t decode_base64url(const char *text, size_t length, void *ret_bytes, size_t size);

/* Takes away a character that was cut in two at the end of a UTF-8 text (by snprintf, say). */
void encode_trim_utf8(char *text);

/* A question mark for every byte that is no UTF-8. What strangers write (a proxy's page, a camera,
 * a driver) goes through this where it enters: a text that is no UTF-8 is no JSON, and whatever
 * says it would be left out without a word. */
void encode_make_utf8(char *text);
/* Copies what there is room for, as UTF-8, cut before a character. NULL is "". */
void encode_copy_utf8(char *ret_text, size_t size, const char *text);

#endif
