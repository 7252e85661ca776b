/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/encode.h"

void uuid_random(void *bytes, size_t size)
{
    unsigned char *next = bytes;
    while (size > 0) {
        ssize_t got = getrandom(next, size < 256 ? size : 256, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        next += got;
        size -= (size_t)got;
    }
}

static void write_text(const unsigned char bytes[16], char ret_text[UUID_TEXT_SIZE])
{
    static const unsigned char groups[] = {4, 2, 2, 2, 6};
    for (size_t i = 0; i < sizeof groups; i++) {
        encode_hex(bytes, groups[i], ret_text);
        bytes += groups[i];
        ret_text += groups[i] * 2;
        *ret_text++ = '-';
    }
    ret_text[-1] = '\0';
}

void uuid_v7(int64_t wall_ms, char ret_text[UUID_TEXT_SIZE])
{
    unsigned char b[16];
    uuid_random(b, sizeof b);
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)((uint64_t)wall_ms >> (40 - 8 * i));
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
    write_text(b, ret_text);
}

bool uuid_is_valid(const char *text)
{
    if (strlen(text) != UUID_TEXT_SIZE - 1)
        return false;
    for (int i = 0; i < UUID_TEXT_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
            return false;
    }
    return true;
}
