/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and its header (RFC 9530, Content-Digest). Any thread may call. */
#ifndef TOCSIN_WIRE_DIGEST_H
#define TOCSIN_WIRE_DIGEST_H

#include <stddef.h>

#define DIGEST_BYTES       32
#define DIGEST_HEADER_SIZE 55 /* "sha-256=:", 44 characters of base64, ":", NUL */

void digest_sha256(const void *data, size_t length, unsigned char ret_digest[DIGEST_BYTES]);

/* "sha-256=:<base64>:" */
void digest_header(const unsigned char digest[DIGEST_BYTES], char ret_text[DIGEST_HEADER_SIZE]);

/* Hashing piece by piece; caller frees with digest_stream_destroy, which accepts NULL. */
struct digest_stream;
struct digest_stream *digest_stream_create(void); /* NULL when out of memory */
void digest_stream_add(struct digest_stream *s, const void *data, size_t length);
/* The digest so far, after which the stream begins anew. */
void digest_stream_take(struct digest_stream *s, unsigned char ret_digest[DIGEST_BYTES]);
void digest_stream_destroy(struct digest_stream *s);

#endif
