/* SPDX-License-Identifier: Apache-2.0 */
/* The signature headers that strangers send to the receiver: the input's first line is taken as
 * Signature-Input, the rest as Signature, and the whole as each beside a good other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signature.h"

#define GOOD_INPUT                                                                                 \
    "sig1=(\"@method\" \"@target-uri\" \"content-digest\");created=1;expires=2;"                   \
    "nonce=\"AAAAAAAAAAAAAAAAAAAAAA\";keyid=\"0123456789abcdef\";alg=\"ed25519\";"                 \
    "tag=\"tocsin-v1\""
#define GOOD_SIGNATURE                                                                             \
    "sig1=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"           \
    "AAAAAAAAAA==:"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *input, const char *signature)
{
    struct signature s;
    const char *reason = NULL;
    if (!signature_read(input, signature, &s, &reason)) {
        if (!reason)
            abort();
        return;
    }
    if (strlen(s.keyid) != 16 || strlen(s.nonce) < 22 || s.params != input + 5)
        abort();
    /* Whatever it says of its time: it is in it or not, and its nonce is kept for some while. */
    if (signature_off_s(&s, 1700000000) == 0 &&
        signature_nonce_until_s(&s, 1700000000) < 1700000000)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    check(text, GOOD_SIGNATURE);
    check(GOOD_INPUT, text);
    char *second = strchr(text, '\n');
    if (second) {
        *second = '\0';
        check(text, second + 1);
    }
    free(text);
    return 0;
}
