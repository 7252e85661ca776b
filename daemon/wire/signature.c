/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/signature.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/encode.h"

#define NONCE_LENGTH 22 /* 16 bytes of base64url, without padding */

/* Each take_ function moves *at past what it reads, or returns false and leaves the rest alone. */
static bool take_text(const char **at, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

static bool take_number(const char **at, const char *name, int64_t *ret_number)
{
    if (!take_text(at, name) || !isdigit((unsigned char)**at))
        return false;
    int64_t number = 0;
    for (int digits = 0; isdigit((unsigned char)**at); (*at)++) {
        if (++digits > 15)
            return false;
        number = number * 10 + (**at - '0');
    }
    *ret_number = number;
    return true;
}

/* A quoted string of letters, digits, '-', '_' and at most size - 1 characters. */
static bool take_quoted(const char **at, const char *name, char *ret_text, size_t size)
{
    if (!take_text(at, name) || !take_text(at, "\""))
        return false;
    size_t used = 0;
    for (; isalnum((unsigned char)**at) || **at == '-' || **at == '_'; (*at)++) {
        if (used + 1 >= size)
            return false;
        ret_text[used++] = **at;
    }
    ret_text[used] = '\0';
    return used > 0 && take_text(at, "\"");
}

int signature_parse_input(const char *input, const char *covered, int with_nonce, const char *tag,
                          struct signature_params *ret_params, struct err *e)
{
    struct signature_params p = {0};
    const char *at = input;
    char found_tag[32];
    if (strlen(input) >= SIGNATURE_INPUT_MAX)
        return err_set(e, EINVAL, "Signature-Input is longer than %d", SIGNATURE_INPUT_MAX - 1);
    if (!take_text(&at, "sig1="))
        return err_set(e, EINVAL, "Signature-Input does not begin with sig1=");
    p.text = at;
    if (!take_text(&at, covered))
        return err_set(e, EINVAL, "Signature-Input does not cover exactly %s", covered);
    if (!take_number(&at, ";created=", &p.created_s))
        return err_set(e, EINVAL, "Signature-Input: created is missing or not in its place");
    if (with_nonce && (!take_number(&at, ";expires=", &p.expires_s) ||
                       !take_quoted(&at, ";nonce=", p.nonce, sizeof p.nonce)))
        return err_set(e, EINVAL, "Signature-Input: expires or nonce is missing or malformed");
    if (with_nonce && strlen(p.nonce) != NONCE_LENGTH)
        return err_set(e, EINVAL, "Signature-Input: nonce is not 16 bytes of base64url");
    if (!take_quoted(&at, ";keyid=", p.keyid, sizeof p.keyid) || strlen(p.keyid) != 16 ||
        strspn(p.keyid, "0123456789abcdef") != 16)
        return err_set(e, EINVAL, "Signature-Input: keyid is not 16 hex digits");
    if (!take_quoted(&at, ";alg=", p.algorithm, sizeof p.algorithm))
        return err_set(e, EINVAL, "Signature-Input: alg is missing or malformed");
    if (!take_quoted(&at, ";tag=", found_tag, sizeof found_tag) || strcmp(found_tag, tag) != 0)
        return err_set(e, EINVAL, "Signature-Input: tag is not \"%s\"", tag);
    if (*at != '\0')
        return err_set(e, EINVAL, "Signature-Input: something follows the tag");
    *ret_params = p;
    return 0;
}

int signature_parse(const char *header, unsigned char ret_signature[KEYS_SIGNATURE_BYTES],
                    struct err *e)
{
    const char *at = header;
    size_t length = strlen(header);
    unsigned char bytes[KEYS_SIGNATURE_BYTES];
    if (!take_text(&at, "sig1=:") || length < 8 || header[length - 1] != ':' ||
        decode_base64(at, length - 7, bytes, sizeof bytes) != KEYS_SIGNATURE_BYTES)
        return err_set(e, EINVAL, "Signature is not sig1=:<base64 of 64 bytes>:");
    memcpy(ret_signature, bytes, sizeof bytes);
    return 0;
}
