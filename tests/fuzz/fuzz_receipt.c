/* SPDX-License-Identifier: Apache-2.0 */
/* Signature headers and receipt bodies, as a hostile receiver would write them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct receipt receipt;
    char *text = malloc(size + 1);
    struct signature_params params;
    unsigned char signature[KEYS_SIGNATURE_BYTES];
    struct key_ring none = {0};
    struct err e;
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    signature_parse_input(text, "(\"@status\" \"content-digest\" \"content-digest\";req)", 0,
                          "tocsin-v1-receipt", &params, &e);
    signature_parse_input(text, "(\"@method\" \"@target-uri\" \"content-digest\")", 1, "tocsin-v1",
                          &params, &e);
    signature_parse(text, signature, &e);
    struct receipt_input input = {.status = 200,
                                  .content_digest = text,
                                  .signature_input = text,
                                  .signature = text,
                                  .body = text,
                                  .body_length = size,
                                  .request_digest = "x",
                                  .event = "x",
                                  .subject_digest = "x"};
    receipt_verify(&input, &none, &receipt, &e);
    free(text);
    return 0;
}
